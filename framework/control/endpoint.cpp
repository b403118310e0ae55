// Part of Troupe; see LICENSE.

#include "troupe/control/endpoint.hpp"

#include "troupe/control/detail/peer.hpp"
#include "troupe/os/file_lock.hpp"
#include "troupe/os/fork_guard.hpp"
#include "troupe/os/signals.hpp"
#include "troupe/os/thread.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>

#include <filesystem>
#include <istream>
#include <thread>
#include <vector>

namespace troupe::control {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using local = asio::local::stream_protocol;
using boost::system::error_code;

namespace {

// For the next request, and for the client to take a reply.
constexpr auto patience = std::chrono::seconds{60};
// When the process has no descriptor left for a client.
constexpr auto accept_pause = std::chrono::milliseconds{200};

failure in_use(const std::string& path) {
  const int pid = os::holder_of(path + ".lock");
  const auto who = pid > 0 ? "process " + std::to_string(pid) : std::string{"another process"};
  const auto how = pid > 0 ? " (kill " + std::to_string(pid) + ")" : std::string{};
  return {errc::would_block, who + " already runs with the control socket " + path +
                                 "; stop it first" + how + ", or choose another socket"};
}

expected<void> make_folder(const std::string& path) {
  const auto folder = fs::path{path}.parent_path();
  std::error_code problem;
  if (folder.empty() || fs::is_directory(folder, problem)) return {};
  fs::create_directories(folder, problem);
  if (!problem) fs::permissions(folder, fs::perms::owner_all, problem);
  if (!problem) return {};
  return system_failure("cannot make the folder of the control socket, " + folder.string(),
                        problem.value());
}

// Whether nobody listens there any more, which only one who asks can know.
bool is_left_behind(const std::string& path) {
  asio::io_context context;
  local::socket asking{context};
  error_code problem;
  asking.open(local{}, problem);
  if (!problem) asking.non_blocking(true, problem); // Its queue of clients may be full.
  if (!problem) asking.connect(local::endpoint{path}, problem);
  return problem == asio::error::connection_refused;
}

// What a run that was killed has left.
expected<void> remove_stale(const std::string& path) {
  std::error_code problem;
  const auto what = fs::symlink_status(path, problem).type();
  if (what == fs::file_type::not_found) return {};
  if (what != fs::file_type::socket) {
    return failure{errc::bad_argument,
                   "cannot make the control socket " + path + ": there is something else"};
  }
  if (!is_left_behind(path)) {
    return failure{errc::bad_argument, "cannot make the control socket " + path +
                                           ": another program listens there; choose another place"};
  }
  fs::remove(path, problem);
  if (problem) return system_failure("cannot replace the control socket " + path, problem.value());
  return {};
}

/// One client, which keeps itself alive while something is under way.
class session : public std::enable_shared_from_this<session> {
public:
  session(local::socket socket, const request_handler& handler)
      : socket_{std::move(socket)}, timer_{socket_.get_executor()}, handler_{&handler} {}

  void read() {
    wait();
    asio::async_read_until(
        socket_, input_, '\n',
        [self = shared_from_this()](error_code problem, std::size_t) { self->on_read(problem); });
  }

  void refuse(const std::string& why) { reply(failure{errc::bad_argument, why}, false); }

private:
  void on_read(error_code problem) {
    if (problem == asio::error::not_found) {
      return refuse("the request is longer than " + std::to_string(request_bytes_max) + " bytes");
    }
    if (problem) return close();
    std::string line;
    std::istream in{&input_};
    std::getline(in, line);
    reply(answer(line), true);
  }

  expected<std::string> answer(const std::string& line) const {
    const auto asked = request_from_line(line);
    if (!asked) return asked.error();
    try {
      return (*handler_)(*asked);
    } catch (const std::exception& e) {
      return failure{errc::task_failed, e.what()};
    }
  }

  void reply(const expected<std::string>& result, bool goes_on) {
    output_ = reply_line(result) + "\n";
    wait();
    asio::async_write(socket_, asio::buffer(output_),
                      [self = shared_from_this(), goes_on](error_code problem, std::size_t) {
                        if (problem || !goes_on) return self->close();
                        self->read();
                      });
  }

  void wait() {
    timer_.expires_after(patience);
    timer_.async_wait([weak = weak_from_this()](error_code problem) {
      const auto self = weak.lock();
      if (!problem && self) self->close();
    });
  }

  void close() {
    timer_.cancel();
    error_code ignored;
    socket_.close(ignored);
  }

  local::socket socket_;
  asio::steady_timer timer_;
  asio::streambuf input_{request_bytes_max};
  std::string output_;
  const request_handler* handler_;
};

} // namespace

class endpoint::server {
public:
  server(os::file_lock lock, std::string path, request_handler handler)
      : lock_{std::move(lock)}, path_{std::move(path)}, handler_{std::move(handler)} {}

  ~server() {
    context_.stop();
    if (thread_.joinable()) thread_.join();
    if (is_bound_) {
      std::error_code ignored;
      fs::remove(path_, ignored);
    }
  }

  expected<void> listen(unsigned mode) {
    error_code problem;
    acceptor_.open(local{}, problem);
    if (!problem) acceptor_.bind(local::endpoint{path_}, problem);
    if (problem) return system_failure("cannot make the control socket " + path_, problem.value());
    is_bound_ = true;
    std::error_code refused;
    fs::permissions(path_, static_cast<fs::perms>(mode), refused);
    if (refused) return system_failure("cannot set the mode of " + path_, refused.value());
    acceptor_.listen(static_cast<int>(clients_max), problem);
    if (problem) return system_failure("cannot listen on " + path_, problem.value());
    thread_ = os::start_thread("troupe-control", [this] {
      accept();
      context_.run();
    });
    return {};
  }

  [[nodiscard]] bool is_forked_copy() const noexcept { return guard_.is_forked_copy(); }

private:
  void accept() {
    acceptor_.async_accept([this](error_code problem, local::socket socket) {
      if (problem) {
        pause_.expires_after(accept_pause);
        return pause_.async_wait([this](error_code) { accept(); });
      }
      serve(std::move(socket));
      accept();
    });
  }

  void serve(local::socket socket) {
    if (!detail::is_trusted_peer(socket)) return;
    std::erase_if(sessions_, [](const auto& one) { return one.expired(); });
    const auto made = std::make_shared<session>(std::move(socket), handler_);
    if (sessions_.size() >= clients_max) return made->refuse("too many clients; try again");
    sessions_.push_back(made);
    made->read();
  }

  const os::fork_guard guard_;
  os::file_lock lock_; // First: let go of when the socket is gone.
  const std::string path_;
  const request_handler handler_;
  asio::io_context context_{1};
  local::acceptor acceptor_{context_};
  asio::steady_timer pause_{context_};
  std::vector<std::weak_ptr<session>> sessions_;
  bool is_bound_ = false;
  std::thread thread_;
};

endpoint::endpoint(std::unique_ptr<server> made) : server_{std::move(made)} {}

endpoint::~endpoint() {
  // The socket, its lock and its thread are of the process that a copy was forked from.
  if (server_->is_forked_copy()) os::leak(std::move(server_));
}

expected<std::unique_ptr<endpoint>> endpoint::open(const endpoint_options& options,
                                                   request_handler handler) {
  const auto& path = options.path;
  static_assert(path_bytes_max == detail::socket_path_max - 1);
  if (path.size() > path_bytes_max) {
    return failure{errc::too_large, "the path of the control socket is longer than " +
                                        std::to_string(path_bytes_max) + " bytes: " + path +
                                        "; choose a shorter one"};
  }
  if (const auto made = make_folder(path); !made) return made.error();
  auto lock = os::file_lock::acquire(path + ".lock");
  if (!lock) return lock.error().code == errc::would_block ? in_use(path) : lock.error();
  if (const auto removed = remove_stale(path); !removed) return removed.error();
  auto made = std::make_unique<server>(std::move(*lock), path, std::move(handler));
  if (const auto listening = made->listen(options.mode); !listening) return listening.error();
  return std::unique_ptr<endpoint>{new endpoint{std::move(made)}};
}

} // namespace troupe::control
