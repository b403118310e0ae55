// Part of Troupe; see LICENSE.

#include "troupe/pool/detail/exception_codecs.hpp"

#include "troupe/base/guarded.hpp"
#include "troupe/pool/worker_lost.hpp"

#include <any>
#include <array>
#include <filesystem>
#include <functional>
#include <future>
#include <ios>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <regex>
#include <stdexcept>
#include <system_error>
#include <typeinfo>
#include <variant>
#include <version>
#ifdef __cpp_lib_format
#include <format>
#endif

namespace troupe::detail {

namespace {

/// An error_code as it travels: its category is a pointer, so a name goes instead.
struct named_code {
  int value = 0;
  std::string category;
};

named_code to_named(const std::error_code& code) {
  return {code.value(), code.category().name()};
}

/// Stands for an error_category that this process does not know: it has its name and is equal to
/// itself only.
class remote_category final : public std::error_category {
public:
  explicit remote_category(std::string name) : name_{std::move(name)} {}
  [[nodiscard]] const char* name() const noexcept override { return name_.c_str(); }
  [[nodiscard]] std::string message(int value) const override {
    return "error " + std::to_string(value) + " of category '" + name_ + "' of a worker";
  }

private:
  std::string name_;
};

/// More than a program has; the names come from workers, and the categories stay for ever.
constexpr std::size_t remote_categories_max = 64;
constexpr std::size_t category_name_max = 256;

/// Error codes refer to their categories, so these are never destroyed.
const std::error_category& remote_category_of(const std::string& name) {
  static auto& known = *new guarded<std::map<std::string, remote_category>>;
  static const auto& nameless = *new remote_category{"of a worker"};
  return known.with([&](auto& all) -> const std::error_category& {
    if (const auto found = all.find(name); found != all.end()) return found->second;
    if (all.size() == remote_categories_max || name.size() > category_name_max) return nameless;
    return all.try_emplace(name, name).first->second;
  });
}

std::error_code to_code(const named_code& named) {
  for (const auto* category : {&std::generic_category(), &std::system_category(),
                               &std::iostream_category(), &std::future_category()}) {
    if (named.category == category->name()) return {named.value, *category};
  }
  return {named.value, remote_category_of(named.category)};
}

template<class E>
std::vector<std::byte> save_code() {
  try {
    throw;
  } catch (const E& e) {
    return wire::to_bytes(to_named(e.code()));
  }
}

template<class E>
std::exception_ptr make_with_code(const remote_facts& facts) {
  const auto named = wire::decode<named_code>(facts.state);
  if (!named) return nullptr;
  const auto code = to_code(*named);
  if constexpr (std::is_constructible_v<E, std::error_code>) {
    return rethrowable(E{code}, facts);
  } else {
    return rethrowable(E{facts.what, code}, facts);
  }
}

std::exception_ptr make_future_error(const remote_facts& facts) {
  const auto named = wire::decode<named_code>(facts.state);
  if (!named) return nullptr;
  return rethrowable(std::future_error{static_cast<std::future_errc>(named->value)}, facts);
}

std::vector<std::byte> save_regex_error() {
  try {
    throw;
  } catch (const std::regex_error& e) {
    return wire::to_bytes(static_cast<int>(e.code()));
  }
}

std::exception_ptr make_regex_error(const remote_facts& facts) {
  const auto code = wire::decode<int>(facts.state);
  if (!code) return nullptr;
  return rethrowable(std::regex_error{static_cast<std::regex_constants::error_type>(*code)}, facts);
}

struct file_facts {
  named_code code;
  std::filesystem::path first;
  std::filesystem::path second;
};

std::vector<std::byte> save_filesystem_error() {
  try {
    throw;
  } catch (const std::filesystem::filesystem_error& e) {
    return wire::to_bytes(file_facts{to_named(e.code()), e.path1(), e.path2()});
  }
}

std::exception_ptr make_filesystem_error(const remote_facts& facts) {
  const auto files = wire::decode<file_facts>(facts.state);
  if (!files) return nullptr;
  const auto code = to_code(files->code);
  return rethrowable(
      std::filesystem::filesystem_error{facts.what, files->first, files->second, code}, facts);
}

std::vector<std::byte> save_error() {
  try {
    throw;
  } catch (const error& e) {
    return wire::to_bytes(static_cast<int>(e.code()));
  }
}

std::exception_ptr make_error(const remote_facts& facts) {
  const auto code = wire::decode<int>(facts.state);
  if (!code || *code < 0 || *code > static_cast<int>(errc::system)) return nullptr;
  return rethrowable(error{static_cast<errc>(*code), facts.what}, facts);
}

/// The exit record of a worker's own worker (a pool inside a task).
struct lost_facts {
  std::optional<int> code;
  std::optional<int> signal;
  bool has_core = false;
  int pid = 0;
  std::string name;
  std::int64_t user_time_us = 0;
  std::int64_t system_time_us = 0;
  std::int64_t rss_max_kib = 0;
  std::vector<std::string> stack;
  std::vector<std::string> stderr_tail;
  std::uint64_t task = 0;
  std::uint32_t attempts = 0;
};

std::vector<std::byte> save_worker_lost() {
  try {
    throw;
  } catch (const worker_lost& e) {
    const auto& record = e.exit();
    return wire::to_bytes(lost_facts{.code = record.status.code(),
                                     .signal = record.status.signal(),
                                     .has_core = record.status.has_core(),
                                     .pid = record.pid,
                                     .name = record.name,
                                     .user_time_us = record.usage.user_time.count(),
                                     .system_time_us = record.usage.system_time.count(),
                                     .rss_max_kib = record.usage.rss_max_kib,
                                     .stack = record.stack,
                                     .stderr_tail = record.stderr_tail,
                                     .task = e.task(),
                                     .attempts = e.attempts()});
  }
}

std::exception_ptr make_worker_lost(const remote_facts& facts) {
  auto lost = wire::decode<lost_facts>(facts.state);
  if (!lost) return nullptr;
  exit_record record;
  record.status = lost->code     ? exit_status::exited_with(*lost->code)
                  : lost->signal ? exit_status::killed_by(*lost->signal, lost->has_core)
                                 : exit_status::unknown();
  record.pid = lost->pid;
  record.name = std::move(lost->name);
  record.usage.user_time = std::chrono::microseconds{lost->user_time_us};
  record.usage.system_time = std::chrono::microseconds{lost->system_time_us};
  record.usage.rss_max_kib = lost->rss_max_kib;
  record.stack = std::move(lost->stack);
  record.stderr_tail = std::move(lost->stderr_tail);
  return rethrowable(worker_lost{std::move(record), lost->task, lost->attempts}, facts);
}

template<class... Es>
constexpr auto text_codecs() {
  return std::array{exception_codec{&typeid(Es), save_nothing, make_from_text<Es>}...};
}

// Those that a text, or nothing, makes again.
constexpr auto plain_codecs =
    text_codecs<std::exception, std::bad_exception, std::logic_error, std::invalid_argument,
                std::domain_error, std::length_error, std::out_of_range, std::runtime_error,
                std::range_error, std::overflow_error, std::underflow_error, std::bad_alloc,
                std::bad_array_new_length, std::bad_cast, std::bad_typeid, std::bad_any_cast,
                std::bad_optional_access, std::bad_variant_access, std::bad_function_call,
                std::bad_weak_ptr, timeout_error, task_timeout_error, forked_copy, closed_error,
                cancelled_error, invalid_state, serialization_error, broken_executor>();

#ifdef __cpp_lib_format
constexpr auto format_codecs = text_codecs<std::format_error>();
#else
constexpr std::array<exception_codec, 0> format_codecs{};
#endif

constexpr std::array state_codecs{
    exception_codec{&typeid(std::system_error), save_code<std::system_error>,
                    make_with_code<std::system_error>},
    exception_codec{&typeid(std::ios_base::failure), save_code<std::ios_base::failure>,
                    make_with_code<std::ios_base::failure>},
    exception_codec{&typeid(std::future_error), save_code<std::future_error>, make_future_error},
    exception_codec{&typeid(std::regex_error), save_regex_error, make_regex_error},
    exception_codec{&typeid(std::filesystem::filesystem_error), save_filesystem_error,
                    make_filesystem_error},
    exception_codec{&typeid(error), save_error, make_error},
    exception_codec{&typeid(worker_lost), save_worker_lost, make_worker_lost},
};

} // namespace

const exception_codec* find_standard_codec(const std::string& type) noexcept {
  const auto is_it = [&](const exception_codec& codec) { return type == codec.type->name(); };
  for (const auto& codec : plain_codecs) {
    if (is_it(codec)) return &codec;
  }
  for (const auto& codec : format_codecs) {
    if (is_it(codec)) return &codec;
  }
  for (const auto& codec : state_codecs) {
    if (is_it(codec)) return &codec;
  }
  return nullptr;
}

} // namespace troupe::detail
