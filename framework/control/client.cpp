// Part of Troupe; see LICENSE.

#include "troupe/control/client.hpp"

#include "troupe/control/detail/peer.hpp"
#include "troupe/os/fork_guard.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>

#include <istream>

namespace troupe::control {

namespace asio = boost::asio;
using local = asio::local::stream_protocol;
using boost::system::error_code;

namespace {
constexpr auto connect_pause = std::chrono::milliseconds{5};
} // namespace

struct client::link {
  os::fork_guard guard;
  std::string path;
  asio::io_context context{1};
  local::socket socket{context};
  asio::streambuf input{reply_bytes_max};
  int pid = 0;

  /// Runs what was begun until it has ended or `limit`; true: it has ended.
  bool finish(deadline limit) {
    context.restart();
    if (limit.is_never()) {
      context.run();
      return true;
    }
    context.run_until(limit.when());
    if (context.stopped()) return true;
    error_code ignored;
    socket.cancel(ignored);
    context.run();
    return false;
  }

  [[nodiscard]] failure silent() const {
    const auto who = pid > 0 ? "process " + std::to_string(pid) : std::string{"the process"};
    return {errc::timed_out, who + " at " + path + " does not answer"};
  }
};

client::client(std::unique_ptr<link> made) : link_{std::move(made)} {}
client::client(client&&) noexcept = default;
client& client::operator=(client&& other) noexcept {
  std::swap(link_, other.link_);
  return *this;
}

client::~client() {
  // Closing it in a forked copy would take it from the epoll instance of the process that asks.
  if (link_ && link_->guard.is_forked_copy()) os::leak(std::move(link_));
}

int client::peer_pid() const noexcept {
  return link_->pid;
}

expected<client> client::connect(const std::string& path, deadline limit) {
  if (path.size() >= detail::socket_path_max) {
    return failure{errc::too_large, "the path of the control socket is too long: " + path};
  }
  auto made = std::make_unique<link>();
  made->path = path;
  error_code result;
  while (true) {
    made->socket.async_connect(local::endpoint{path},
                               [&](error_code problem) { result = problem; });
    if (!made->finish(limit)) return made->silent();
    // The line of clients that nobody has accepted yet is full: EAGAIN, which Asio renames.
    if (result != asio::error::try_again && result != asio::error::no_buffer_space) break;
    if (limit.has_passed()) return made->silent();
    asio::steady_timer pause{made->context, connect_pause};
    pause.async_wait([](error_code) {});
    (void)made->finish(deadline::never());
    error_code ignored;
    made->socket.close(ignored);
  }
  if (result == asio::error::connection_refused ||
      result == boost::system::errc::no_such_file_or_directory ||
      result == boost::system::errc::not_a_directory) {
    return failure{errc::closed, "nothing serves the control socket " + path};
  }
  if (result) return system_failure("cannot reach the control socket " + path, result.value());
  made->pid = detail::peer_of(made->socket).pid;
  return client{std::move(made)};
}

expected<std::string> client::ask(const request& what, deadline limit) {
  link_->guard.refuse_forked_copy("the connection to " + link_->path);
  const auto line = to_line(what) + "\n";
  error_code result;
  asio::async_write(link_->socket, asio::buffer(line), [&](error_code written, std::size_t) {
    result = written;
    if (written) return;
    asio::async_read_until(link_->socket, link_->input, '\n',
                           [&](error_code read, std::size_t) { result = read; });
  });
  if (!link_->finish(limit)) return link_->silent();
  if (result == asio::error::not_found) {
    return failure{errc::too_large, "the reply is too long"};
  }
  if (result) {
    return failure{errc::end_of_stream, "process " + std::to_string(link_->pid) + " at " +
                                            link_->path + " closed the connection"};
  }
  std::string reply;
  std::istream in{&link_->input};
  std::getline(in, reply);
  return result_from_line(reply);
}

} // namespace troupe::control
