// Part of Troupe; see LICENSE.

#include "troupe/actors/own_streams.hpp"

#include "troupe/os/standard_streams.hpp"
#include "troupe/pipeline/interruption.hpp"
#include "troupe/pipeline/worker_errors.hpp"

#include <exception>
#include <memory>
#include <span>
#include <system_error>

namespace troupe::actors {
namespace {

constexpr int stdin_descriptor = 0;
constexpr int stdout_descriptor = 1;
// A buffer that once held a large batch gives its memory back.
constexpr std::size_t buffer_bytes_kept = std::size_t{4} << 20;

class own_stdin final : public byte_input {
public:
  std::optional<std::size_t> read(std::span<std::byte> into) override {
    while (os::wait_to_read(stdin_descriptor, pipeline::interruption())) {
      const auto size = os::read_from(stdin_descriptor, into);
      if (size) return *size;
      if (size.error().code != errc::would_block) {
        throw std::system_error{size.error().os_error, std::generic_category(),
                                "cannot read stdin"};
      }
    }
    return std::nullopt;
  }
  [[nodiscard]] bool may_wait() const noexcept override { return true; }
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }

private:
  std::string name_ = "stdin";
};

} // namespace

stdin_lines::stdin_lines(const worker_config& config)
    : rule_{config}, reader_{std::make_unique<own_stdin>(), 0, line_reader::long_lines::skip} {}

void stdin_lines::load(const std::uint64_t& offset) {
  if (offset == 0) return;
  throw stage_failed{"what had been read of stdin is gone; run again from the start"};
}

bool stdin_lines::produce(emitter& out) {
  try {
    return reader_.emit_some(out);
  } catch (const std::system_error& problem) {
    rule_.apply("stdin", problem.what(), out);
    return false;
  } catch (const std::exception& problem) {
    // Another object could not go on where this one is.
    throw stage_failed{std::string{"cannot go on reading stdin: "} + problem.what()};
  }
}

std::uint64_t stdout_lines::save() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    if (!os::wait_to_write(stdout_descriptor, pipeline::interruption())) {
      throw stage_failed{"the run ends before stdout has taken everything"};
    }
    const auto size = os::write_part(stdout_descriptor, rest);
    if (size) {
      rest.remove_prefix(*size);
      written_ += *size;
    } else if (size.error().code == errc::end_of_stream) {
      throw stage_failed{"cannot write to stdout: its reader has gone (it may have had enough, as "
                         "'head' has)"};
    } else if (size.error().code != errc::would_block) {
      throw stage_failed{os::stdout_failure(size.error().os_error)};
    }
  }
  buffer_.clear();
  if (buffer_.capacity() > buffer_bytes_kept) buffer_.shrink_to_fit();
  return written_;
}

} // namespace troupe::actors
