// Part of Troupe; see LICENSE.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace troupe::test {

/// How often each of many tasks was begun: a file that workers map, so that it survives them and
/// nothing of Troupe is involved in the count.
class ledger {
public:
  /// Makes the file.
  ledger(const std::filesystem::path& path, std::uint32_t count)
      : ledger{path.string(), count, O_CREAT} {}
  ~ledger() {
    if (counts_ != nullptr) ::munmap(counts_, size_bytes());
  }
  ledger(const ledger&) = delete;
  ledger& operator=(const ledger&) = delete;

  [[nodiscard]] std::string path() const { return path_ + "\n" + std::to_string(count_); }
  void add(std::uint32_t index) noexcept { counts_[index].fetch_add(1); }
  [[nodiscard]] std::uint32_t runs_of(std::uint32_t index) const noexcept {
    return counts_[index].load();
  }

  /// The initializer of a worker, which is given `path()`.
  static int open_in_worker(const std::string& path) {
    const auto end_of_name = path.find('\n');
    const auto count = static_cast<std::uint32_t>(std::stoul(path.substr(end_of_name + 1)));
    in_worker() = new ledger{path.substr(0, end_of_name), count, 0}; // Until the worker's end.
    return 0;
  }
  static ledger& of_worker() { return *in_worker(); }

private:
  using counter = std::atomic<std::uint32_t>;

  ledger(std::string path, std::uint32_t count, int flags) : path_{std::move(path)}, count_{count} {
    const int fd = ::open(path_.c_str(), O_RDWR | O_CLOEXEC | flags, 0600);
    if (fd < 0 || ::ftruncate(fd, static_cast<off_t>(size_bytes())) != 0) {
      throw std::runtime_error{"cannot open " + path_};
    }
    void* at = ::mmap(nullptr, size_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ::close(fd);
    if (at == MAP_FAILED) throw std::runtime_error{"cannot map " + path_};
    counts_ = static_cast<counter*>(at);
  }
  [[nodiscard]] std::size_t size_bytes() const noexcept { return count_ * sizeof(counter); }
  static ledger*& in_worker() {
    static ledger* own = nullptr;
    return own;
  }

  std::string path_;
  std::uint32_t count_;
  counter* counts_ = nullptr;
};

} // namespace troupe::test
