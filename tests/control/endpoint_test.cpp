// Goal: the control socket answers its owner, survives bad and many clients, and never has two
// servers.
// Method: an endpoint and clients in this process, in a folder of the test's own.

#include "support/forked.hpp"
#include "support/temporary_folder.hpp"
#include "troupe/control/client.hpp"
#include "troupe/control/endpoint.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>
#include <vector>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace troupe::control {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

const auto soon = [] { return deadline::after(30s); };

struct own_folder {
  std::string path() const { return (folder / "state" / "control.sock").string(); }

  std::unique_ptr<endpoint> open(request_handler handler = echo) const {
    auto opened = endpoint::open({.path = path()}, std::move(handler));
    BOOST_TEST_REQUIRE(opened.has_value(), (opened ? "" : opened.error().message));
    return std::move(*opened);
  }

  expected<std::string> ask(const std::string& verb) const {
    auto link = client::connect(path(), soon());
    if (!link) return link.error();
    return link->ask({verb}, soon());
  }

  static expected<std::string> echo(const request& what) { return "\"" + what.verb + "\""; }

  test::temporary_folder home;
  fs::path folder = home.path();
};

unsigned mode_of(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 ? found.st_mode & 0777U : 0;
}

BOOST_FIXTURE_TEST_SUITE(endpoint_suite, own_folder, *boost::unit_test::timeout(60))

BOOST_AUTO_TEST_CASE(a_client_gets_an_answer_to_each_request) {
  const auto served = open();
  auto link = client::connect(path(), soon());
  BOOST_TEST_REQUIRE(link.has_value());
  BOOST_TEST(link->peer_pid() == ::getpid());
  for (const auto* verb : {"one", "two", "three"}) {
    BOOST_TEST(*link->ask({verb}, soon()) == "\"" + std::string{verb} + "\"");
  }
}

BOOST_AUTO_TEST_CASE(socket_and_folder_are_private_and_the_socket_goes_with_its_owner) {
  auto served = open();
  BOOST_TEST(mode_of(path()) == 0600U);
  BOOST_TEST(mode_of(fs::path{path()}.parent_path()) == 0700U);
  served.reset();
  BOOST_TEST(fs::is_empty(fs::path{path()}.parent_path()));
  BOOST_TEST((ask("x").error().code == errc::closed));
}

BOOST_AUTO_TEST_CASE(a_second_server_is_refused_with_the_pid_of_the_first) {
  const auto served = open();
  const auto second = endpoint::open({.path = path()}, echo);
  BOOST_TEST_REQUIRE(!second.has_value());
  BOOST_TEST((second.error().code == errc::would_block));
  BOOST_TEST(second.error().message.find("process " + std::to_string(::getpid())) !=
             std::string::npos);
  BOOST_TEST(ask("still").has_value());
}

// A copy shares the sockets, and the list of what the kernel watches: an answer that it takes, or a
// socket that it closes there, is lost to the process it was forked from.
BOOST_AUTO_TEST_CASE(a_forked_copy_neither_asks_nor_answers_nor_removes_the_socket) {
  auto served = open();
  auto link = client::connect(path(), soon());
  BOOST_TEST_REQUIRE(link.has_value());
  BOOST_TEST(link->ask({"before"}, soon()).has_value());
  BOOST_TEST(test::holds_in_copy([&] {
    try {
      (void)link->ask({"in the copy"}, soon());
      return false;
    } catch (const forked_copy&) {
    }
    { const auto gone = std::move(*link); }
    served.reset();
    // A connection of its own is its own.
    auto other = client::connect(path(), soon());
    return other && other->ask({"of its own"}, soon()).has_value();
  }));
  BOOST_TEST(fs::exists(path()));
  BOOST_TEST(*link->ask({"after"}, soon()) == "\"after\"");
  BOOST_TEST((endpoint::open({.path = path()}, echo).error().code == errc::would_block));
}

BOOST_AUTO_TEST_CASE(what_a_dead_server_left_is_replaced) {
  // As after SIGKILL: socket and lock file are there, and nobody holds them.
  open().reset();
  fs::create_directories(fs::path{path()}.parent_path());
  {
    auto served = open();
    fs::rename(path(), path() + ".kept");
  }
  fs::rename(path() + ".kept", path());
  std::ofstream{path() + ".lock"} << 999999;
  BOOST_TEST((ask("x").error().code == errc::closed));
  const auto served = open();
  BOOST_TEST(ask("x").has_value());
}

BOOST_AUTO_TEST_CASE(another_file_in_its_place_is_left_alone) {
  fs::create_directories(fs::path{path()}.parent_path());
  std::ofstream{path()} << "precious";
  const auto refused = endpoint::open({.path = path()}, echo);
  BOOST_TEST((refused.error().code == errc::bad_argument));
  BOOST_TEST(fs::file_size(path()) == 8U);
}

/// Another program's socket in the place of ours, with a full queue of clients or an empty one.
class foreign_listener {
public:
  foreign_listener(const std::string& path, bool is_full) {
    fs::create_directories(fs::path{path}.parent_path());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(path.begin(), path.end(), address.sun_path);
    const auto* const name = reinterpret_cast<const sockaddr*>(&address);
    BOOST_REQUIRE(::bind(listening_, name, sizeof address) == 0);
    BOOST_REQUIRE(::listen(listening_, 0) == 0);
    for (int i = 0; is_full && i < 2; ++i)
      static_cast<void>(::connect(client_, name, sizeof address));
  }
  ~foreign_listener() {
    ::close(listening_);
    ::close(client_);
  }

private:
  int listening_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int client_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
};

BOOST_AUTO_TEST_CASE(a_socket_that_another_program_listens_on_is_left_alone) {
  for (const bool is_full : {false, true}) {
    const foreign_listener other{path(), is_full};
    const auto refused = endpoint::open({.path = path()}, echo);
    BOOST_TEST_REQUIRE(!refused.has_value());
    BOOST_TEST((refused.error().code == errc::bad_argument));
    BOOST_TEST(refused.error().message.find("another program listens") != std::string::npos);
    BOOST_TEST(fs::is_socket(path()));
    fs::remove(path());
  }
}

BOOST_AUTO_TEST_CASE(a_link_in_place_of_the_lock_file_is_refused_and_what_it_names_left_alone) {
  fs::create_directories(fs::path{path()}.parent_path());
  const auto precious = folder / "precious";
  std::ofstream{precious} << "the only copy";
  fs::create_hard_link(precious, path() + ".lock");
  const auto refused = endpoint::open({.path = path()}, echo);
  BOOST_TEST_REQUIRE(!refused.has_value());
  BOOST_TEST((refused.error().code == errc::bad_argument));
  BOOST_TEST(fs::file_size(precious) == 13U);
  BOOST_TEST(!fs::exists(path()));
}

BOOST_AUTO_TEST_CASE(a_path_too_long_for_the_kernel_is_told) {
  const auto refused = endpoint::open({.path = (folder / std::string(120, 'x')).string()}, echo);
  BOOST_TEST((refused.error().code == errc::too_large));
  BOOST_TEST((client::connect(std::string(200, 'x'), soon()).error().code == errc::too_large));
}

BOOST_AUTO_TEST_CASE(errors_and_exceptions_of_the_handler_reach_the_client) {
  const auto served = open([](const request& what) -> expected<std::string> {
    if (what.verb == "throw") throw std::runtime_error{"thrown"};
    return failure{errc::unsupported, "refused"};
  });
  BOOST_TEST(ask("throw").error().message == "thrown");
  BOOST_TEST(ask("refuse").error().message == "refused");
}

/// A client that sends what it likes.
class raw_client {
public:
  explicit raw_client(const std::string& path) : socket_{::socket(AF_UNIX, SOCK_STREAM, 0)} {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const auto* const to = reinterpret_cast<const sockaddr*>(&address);
    BOOST_TEST_REQUIRE(::connect(socket_, to, sizeof address) == 0);
  }
  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;
  ~raw_client() { ::close(socket_); }

  void send(const std::string& bytes) const {
    BOOST_TEST_REQUIRE(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                       static_cast<ssize_t>(bytes.size()));
  }
  /// One line of the answers, without its end; empty when the connection was closed.
  std::string line() {
    while (received_.find('\n') == std::string::npos) {
      char block[4096];
      const auto size = ::recv(socket_, block, sizeof block, 0);
      if (size <= 0) return {};
      received_.append(block, static_cast<std::size_t>(size));
    }
    const auto end = received_.find('\n');
    const auto out = received_.substr(0, end);
    received_.erase(0, end + 1);
    return out;
  }
  bool has_more() const { return !received_.empty(); }

private:
  int socket_;
  std::string received_;
};

BOOST_AUTO_TEST_CASE(every_line_of_any_bytes_gets_one_answer_and_the_next_request_is_served) {
  const auto served = open();
  raw_client client{path()};
  constexpr unsigned seed = 7;
  std::mt19937 random{seed};
  for (int round = 0; round < 300; ++round) {
    // Several at once: each answer belongs to one line, in order. The last one is right.
    const auto bad_lines = random() % 4;
    std::string sent;
    for (unsigned i = 0; i < bad_lines; ++i) {
      std::string line(random() % 200, ' ');
      for (auto& c : line) {
        c = static_cast<char>(random());
        if (c == '\n') c = ' ';
      }
      sent += line + "\n";
    }
    client.send(sent + R"({"verb":"good)" + std::to_string(round) + "\"}\n");
    for (unsigned i = 0; i < bad_lines; ++i) {
      const auto refused = result_from_line(client.line());
      BOOST_TEST_REQUIRE(!refused.has_value());
      BOOST_TEST((refused.error().code == errc::task_failed)); // A proper reply, which says no.
      BOOST_TEST(!refused.error().message.empty());
    }
    const auto answered = result_from_line(client.line());
    BOOST_TEST_REQUIRE(answered.has_value());
    BOOST_TEST(*answered == "\"good" + std::to_string(round) + "\"");
    BOOST_TEST(!client.has_more());
  }
}

BOOST_AUTO_TEST_CASE(a_line_without_an_end_is_refused_once_and_others_are_served) {
  const auto served = open();
  raw_client client{path()};
  client.send(std::string(request_bytes_max, '['));
  const auto refused = result_from_line(client.line());
  BOOST_TEST_REQUIRE(!refused.has_value());
  BOOST_TEST(refused.error().message.find("longer than") != std::string::npos);
  BOOST_TEST(client.line().empty()); // It was let go.
  BOOST_TEST(ask("x").has_value());
}

BOOST_AUTO_TEST_CASE(many_clients_at_once_all_get_an_answer_or_a_clear_refusal) {
  const auto served = open();
  std::atomic<int> answers{0};
  std::atomic<int> refusals{0};
  std::vector<std::thread> asking;
  for (int i = 0; i < 32; ++i) {
    asking.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        const auto got = ask("x");
        if (got) {
          ++answers;
        } else if (got.error().message.find("too many clients") != std::string::npos ||
                   got.error().code == errc::end_of_stream) {
          ++refusals;
        }
      }
    });
  }
  for (auto& one : asking) one.join();
  BOOST_TEST(answers + refusals == 32 * 20);
  BOOST_TEST(answers > 0);
  BOOST_TEST(ask("after").has_value());
}

BOOST_AUTO_TEST_CASE(a_client_that_comes_and_goes_does_not_matter) {
  const auto served = open();
  for (int i = 0; i < 200; ++i) (void)client::connect(path(), soon());
  const auto got = ask("x");
  BOOST_TEST(got.has_value(), (got ? "" : to_string(got.error())));
}

BOOST_AUTO_TEST_CASE(a_server_that_says_nothing_is_given_up_at_the_deadline) {
  std::atomic<bool> may_go{false};
  auto served = open([&](const request&) -> expected<std::string> {
    may_go.wait(false);
    return std::string{"1"};
  });
  auto link = client::connect(path(), soon());
  const auto got = link->ask({"x"}, deadline::after(20ms));
  BOOST_TEST((got.error().code == errc::timed_out));
  may_go = true;
  may_go.notify_all();
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
} // namespace troupe::control
