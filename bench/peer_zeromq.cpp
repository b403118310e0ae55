// Part of Troupe; see LICENSE.

// ZeroMQ: PUSH to the workers, PULL of their answers, over ipc (an abstract UNIX socket, so that
// nothing is left in the file system). No high-water mark: the window is the bound. ZeroMQ batches
// by itself, and does best with the kernel's own socket buffers. Blobs go out without a copy on our
// side (zmq_msg_init_data).

#include "children.hpp"
#include "meter.hpp"
#include "work.hpp"

#include <cstdint>
#include <exception>
#include <string>

#include <unistd.h>
#include <zmq.h>

namespace {

using namespace bench;

void check(int result, const char* call) {
  if (result < 0) throw std::runtime_error(std::string{call} + ": " + zmq_strerror(zmq_errno()));
}

class socket {
public:
  socket(void* context, int type) : handle_{zmq_socket(context, type)} {
    if (handle_ == nullptr) throw std::runtime_error("zmq_socket");
    set(ZMQ_SNDHWM, 0);
    set(ZMQ_RCVHWM, 0);
    set(ZMQ_LINGER, 0);
  }

  socket(const socket&) = delete;
  socket& operator=(const socket&) = delete;
  ~socket() { zmq_close(handle_); }

  void set(int option, int value) {
    check(zmq_setsockopt(handle_, option, &value, sizeof value), "zmq_setsockopt");
  }
  void bind(const std::string& where) { check(zmq_bind(handle_, where.c_str()), "zmq_bind"); }
  void connect(const std::string& where) {
    check(zmq_connect(handle_, where.c_str()), "zmq_connect");
  }

  void send(std::uint64_t value) { check(zmq_send(handle_, &value, sizeof value, 0), "zmq_send"); }

  void send_blob(std::vector<std::uint64_t>& blob) {
    zmq_msg_t message;
    const auto keep = [](void*, void*) {};
    check(zmq_msg_init_data(&message, blob.data(), blob_bytes, keep, nullptr), "zmq_msg_init_data");
    check(zmq_msg_send(&message, handle_, 0), "zmq_msg_send");
  }

  /// Takes one word; false when there is none and `flags` forbid to wait.
  bool receive(std::uint64_t& value, int flags) {
    const auto got = zmq_recv(handle_, &value, sizeof value, flags);
    if (got < 0 && zmq_errno() == EAGAIN) return false;
    check(got, "zmq_recv");
    return true;
  }

  void* get() { return handle_; }

private:
  void* handle_;
};

std::string endpoint(const char* direction) {
  return "ipc://@troupe-bench-" + std::to_string(getpid()) + '-' + direction;
}

void work_loop(const std::string& tasks, const std::string& answers, bool blobs) {
  void* context = zmq_ctx_new();
  socket in{context, ZMQ_PULL};
  socket out{context, ZMQ_PUSH};
  in.connect(tasks);
  out.connect(answers);
  out.send(0); // Tells the host that this worker is connected.
  zmq_msg_t message;
  zmq_msg_init(&message);
  while (zmq_msg_recv(&message, in.get(), 0) >= 0) {
    const void* data = zmq_msg_data(&message);
    if (blobs) {
      out.send(checksum(data, zmq_msg_size(&message)));
    } else {
      std::uint64_t value = 0;
      std::memcpy(&value, data, sizeof value);
      out.send(noop(value));
    }
  }
}

class host {
public:
  host(void* context, const std::string& tasks, const std::string& answers)
      : out{context, ZMQ_PUSH}, in_{context, ZMQ_PULL} {
    out.bind(tasks);
    in_.bind(answers);
  }

  void wait_for_workers(std::uint64_t workers) {
    std::uint64_t hello = 0;
    for (std::uint64_t i = 0; i < workers; ++i) in_.receive(hello, 0);
  }

  /// Waits for one answer, takes what else is there, adds them all to the sum.
  std::uint64_t receive() {
    std::uint64_t value = 0;
    std::uint64_t answers = 1;
    in_.receive(value, 0);
    sum_ += value;
    while (in_.receive(value, ZMQ_DONTWAIT)) {
      sum_ += value;
      ++answers;
    }
    return answers;
  }

  std::uint64_t take_sum() { return std::exchange(sum_, 0); }

  socket out;

private:
  socket in_;
  std::uint64_t sum_ = 0;
};

void submit(host& pool, const arguments& args) {
  const auto window = args.get("window", 1024);
  const auto run = [&](std::uint64_t tasks) {
    run_windowed(
        tasks, window, [&](auto i) { pool.out.send(i); }, [&] { return pool.receive(); });
    require_equal(pool.take_sum(), noop_sum(tasks), "sum of answers");
  };
  const auto tasks = args.get("tasks", 1'000'000);
  run(tasks / 10);
  measure_tasks(report{"zeromq", args.work()}, tasks, [&] { run(tasks); }).print();
}

void latency(host& pool, const arguments& args) {
  const auto round_trip = [&](std::uint64_t i) {
    pool.out.send(i);
    pool.receive();
    require_equal(pool.take_sum(), i + 1, "answer");
  };
  for (std::uint64_t i = 0; i < 200; ++i) round_trip(i);
  const auto tasks = args.get("tasks", 5000);
  measure_latency(report{"zeromq", args.work()}, tasks, args.get("idle_ns", 0), round_trip).print();
}

void copied(host& pool, const arguments& args) {
  const auto window = args.get("window", 8);
  blob_set set{args.get("blobs", 8)};
  const auto run = [&](std::uint64_t tasks) {
    const auto send = [&](auto i) { pool.out.send_blob(set.blobs[i % set.blobs.size()]); };
    run_windowed(tasks, window, send, [&] { return pool.receive(); });
    require_equal(pool.take_sum(), set.sum_of(tasks), "sum of checksums");
  };
  const auto tasks = args.get("tasks", 2000);
  run(tasks / 10);
  measure_blobs(report{"zeromq", args.work()}, tasks, blob_bytes, [&] { run(tasks); }).print();
}

} // namespace

int main(int argc, char** argv) try {
  const bench::arguments args{argc, argv};
  const auto tasks = endpoint("tasks");
  const auto answers = endpoint("answers");
  const auto workers = args.get("workers", 2);
  const bool blobs = args.work() == "copied";
  // ZeroMQ's threads do not survive a fork, so the workers come first and connect until it works.
  const bench::children children{workers, [&](std::size_t) { work_loop(tasks, answers, blobs); }};
  void* context = zmq_ctx_new();
  {
    host pool{context, tasks, answers};
    pool.wait_for_workers(workers);
    if (args.work() == "submit") {
      submit(pool, args);
    } else if (args.work() == "roundtrip" || args.work() == "idle_roundtrip") {
      latency(pool, args);
    } else if (blobs) {
      copied(pool, args);
    } else {
      throw std::invalid_argument("this peer does not do " + args.work());
    }
  }
  zmq_ctx_term(context);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "peer_zeromq: %s\n", error.what());
  return 1;
}
