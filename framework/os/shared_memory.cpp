// Part of Troupe; see LICENSE.

#include "troupe/os/shared_memory.hpp"

#include "troupe/os/limits.hpp"

#include <cerrno>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

namespace troupe::os {

namespace {

constexpr int size_seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

std::size_t round_to_pages(std::size_t size_bytes) noexcept {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return (size_bytes + page - 1) / page * page;
}

// A core dump is for the worker's own state; rings and arenas would make it slow and huge.
void leave_out_of_dumps(void* at, std::size_t size_bytes) noexcept {
  ::madvise(at, size_bytes, MADV_DONTDUMP);
}

int make_memfd(const char* name) noexcept {
  const int sealed = ::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  if (sealed >= 0 || errno != EINVAL) return sealed;
  return ::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING); // Before Linux 6.3.
}

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error{errno, std::generic_category(), what};
}

// "shared memory 'troupe-input' of 268435456 bytes", and what to do if there is no room for it.
std::string described(const char* name, std::size_t size_bytes) {
  const int problem = errno; // Must stay what it is.
  auto out =
      "shared memory '" + std::string{name} + "' of " + std::to_string(size_bytes) + " bytes";
  if (problem == ENOMEM) {
    out += "; there is no room for it: raise the limits of memory (ulimit -v, memory.max) or ask "
           "for smaller arenas (input_arena_bytes, output_arena_bytes) or fewer workers";
  }
  errno = problem;
  return out;
}

// The kernel counts this memory as a file, and kills with SIGXFSZ who makes one beyond its limit.
void check_file_size_limit(const char* name, std::size_t size_bytes) {
  const auto limit = soft_limit(RLIMIT_FSIZE);
  if (size_bytes <= limit) return;
  errno = EFBIG;
  fail("cannot make shared memory '" + std::string{name} + "' of " + std::to_string(size_bytes) +
       " bytes: it counts as a file, and files may have " + std::to_string(limit) +
       " bytes here (RLIMIT_FSIZE, ulimit -f); raise that limit or ask for smaller arenas");
}

} // namespace

shared_memory::shared_memory(shared_memory&& other) noexcept
    : fd_{std::move(other.fd_)}, data_{std::exchange(other.data_, nullptr)},
      size_bytes_{std::exchange(other.size_bytes_, 0)}, excluded_by_{other.excluded_by_} {}

shared_memory& shared_memory::operator=(shared_memory&& other) noexcept {
  if (this == &other) return *this;
  unmap();
  fd_ = std::move(other.fd_);
  data_ = std::exchange(other.data_, nullptr);
  size_bytes_ = std::exchange(other.size_bytes_, 0);
  excluded_by_ = other.excluded_by_;
  return *this;
}

shared_memory::~shared_memory() {
  unmap();
}

void shared_memory::unmap() noexcept {
  // In a forked copy that did not get it, something else may lie there by now.
  const bool is_mapped_here = !excluded_by_ || !excluded_by_->is_forked_copy();
  if (data_ != nullptr && is_mapped_here) ::munmap(data_, size_bytes_);
}

shared_memory shared_memory::create(const char* name, std::size_t size_bytes, write_access access) {
  const auto rounded = round_to_pages(size_bytes);
  check_file_size_limit(name, rounded);
  shared_memory out;
  out.fd_ = fd{make_memfd(name)};
  if (!out.fd_) fail("cannot make " + described(name, rounded));
  while (::ftruncate(out.fd_.get(), static_cast<off_t>(rounded)) != 0) {
    if (errno != EINTR) fail("cannot size " + described(name, rounded));
  }
  void* at = ::mmap(nullptr, rounded, PROT_READ | PROT_WRITE, MAP_SHARED, out.fd_.get(), 0);
  if (at == MAP_FAILED) fail("cannot map " + described(name, rounded));
  leave_out_of_dumps(at, rounded);
  out.data_ = static_cast<std::byte*>(at);
  out.size_bytes_ = rounded;
  // Sealed after our own mapping: ours stays writable, later ones do not become so.
  const int seals = access == write_access::creator ? size_seals | F_SEAL_FUTURE_WRITE : size_seals;
  if (::fcntl(out.fd_.get(), F_ADD_SEALS, seals) != 0) {
    fail("cannot seal " + described(name, rounded));
  }
  return out;
}

expected<shared_memory> shared_memory::map(const fd& descriptor, std::size_t size_bytes_min,
                                           bool is_writable) {
  struct stat status {};
  if (::fstat(descriptor.get(), &status) != 0) {
    return system_failure("cannot look at passed memory", errno);
  }
  const auto size_bytes = static_cast<std::size_t>(status.st_size);
  const int seals = ::fcntl(descriptor.get(), F_GET_SEALS);
  if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 || size_bytes < size_bytes_min) {
    return failure{errc::bad_data, "passed memory is too small or not sealed against shrinking"};
  }
  const int access = is_writable ? PROT_READ | PROT_WRITE : PROT_READ;
  void* at = ::mmap(nullptr, size_bytes, access, MAP_SHARED, descriptor.get(), 0);
  if (at == MAP_FAILED) {
    const int problem = errno;
    return system_failure("cannot map " + described("of another process", size_bytes), problem);
  }
  leave_out_of_dumps(at, size_bytes);
  shared_memory out;
  out.data_ = static_cast<std::byte*>(at);
  out.size_bytes_ = size_bytes;
  return out;
}

void shared_memory::exclude_from_fork() noexcept {
  if (data_ == nullptr || ::madvise(data_, size_bytes_, MADV_DONTFORK) != 0) return;
  excluded_by_.emplace();
}

void shared_memory::prefer_huge_pages() const noexcept {
  if (data_ != nullptr) ::madvise(data_, size_bytes_, MADV_HUGEPAGE);
}

} // namespace troupe::os
