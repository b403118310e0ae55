// Part of Troupe; see LICENSE.

#include "troupe/process/detail/zygote_protocol.hpp"

#include "troupe/process/detail/byte_packer.hpp"
#include "troupe/process/detail/modules.hpp"

#include <cstring>

namespace troupe::detail {

namespace {

failure bad_message() {
  return {errc::bad_data, "the zygote's socket carried a bad message", 0};
}

byte_packer begin(zygote_message kind) {
  byte_packer out;
  out.put(kind);
  return out;
}

// What follows the kind; nothing good when it is another kind.
byte_unpacker body_of(std::span<const std::byte> bytes, zygote_message kind) {
  byte_unpacker out{bytes};
  if (out.take<zygote_message>() != kind) out.fail();
  return out;
}

void put_options(byte_packer& out, const process_options& options) {
  out.put(options.name);
  out.put(static_cast<std::uint32_t>(options.env.size()));
  for (const auto& [name, value] : options.env) {
    out.put(name);
    out.put(value);
  }
  out.put(options.clear_env);
  out.put(options.working_dir);
  out.put(static_cast<std::uint32_t>(options.limits.size()));
  for (const auto& limit : options.limits) {
    out.put(limit.resource);
    out.put(limit.soft);
    out.put(limit.hard);
  }
  out.put(options.out);
  out.put(options.err);
}

process_options take_options(byte_unpacker& in) {
  process_options out;
  out.name = in.take_text();
  for (auto left = in.take_count(); left > 0; --left) {
    auto name = in.take_text();
    out.env[std::move(name)] = in.take_text();
  }
  out.clear_env = in.take<bool>();
  out.working_dir = in.take_text();
  for (auto left = in.take_count(); left > 0; --left) {
    resource_limit limit{};
    limit.resource = in.take<int>();
    limit.soft = in.take<std::uint64_t>();
    limit.hard = in.take<std::uint64_t>();
    out.limits.push_back(limit);
  }
  out.out = in.take<output_mode>();
  out.err = in.take<output_mode>();
  return out;
}

void put_modules(byte_packer& out, const std::vector<module_place>& modules) {
  out.put(static_cast<std::uint32_t>(modules.size()));
  for (const auto& module : modules) {
    out.put(module.base);
    out.put(module.end);
    out.put(module.path);
  }
}

std::vector<module_place> take_modules(byte_unpacker& in) {
  std::vector<module_place> out;
  for (auto left = in.take_count(); left > 0; --left) {
    module_place module;
    module.base = in.take<std::uint64_t>();
    module.end = in.take<std::uint64_t>();
    module.path = in.take_text();
    out.push_back(std::move(module));
  }
  return out;
}

// Copies an array of plain things; false when it has more than `count_max`, or part of one.
template<class T>
bool fill(std::vector<T>& out, std::span<const std::byte> bytes, std::size_t count_max) {
  if (bytes.size() > count_max * sizeof(T) || bytes.size() % sizeof(T) != 0) return false;
  out.resize(bytes.size() / sizeof(T));
  if (!out.empty()) std::memcpy(out.data(), bytes.data(), out.size() * sizeof(T));
  return true;
}

} // namespace

std::optional<zygote_message> kind_of(std::span<const std::byte> bytes) {
  if (bytes.empty() || bytes[0] > static_cast<std::byte>(zygote_message::exited)) return {};
  return static_cast<zygote_message>(bytes[0]);
}

std::vector<std::byte> encode(const start_message& message) {
  auto out = begin(zygote_message::start);
  out.put(message.id);
  out.put(message.kind);
  out.put(message.method);
  put_options(out, message.options);
  out.put(message.has_out);
  out.put(message.has_err);
  out.put(message.has_in);
  out.put(message.has_environment);
  out.put(message.has_directory);
  out.put(message.has_last_words);
  out.put(message.wants_report);
  out.put(message.environment_bytes);
  out.put(message.environment_hash);
  out.put(message.file_mode_mask.has_value());
  out.put(message.file_mode_mask.value_or(0));
  out.put(message.descriptor_count);
  out.put(message.entry.packed);
  out.put(std::span{message.entry_home});
  out.put(std::span{message.argument});
  out.put(static_cast<std::uint32_t>(message.argv.size()));
  for (const auto& word : message.argv) out.put(word);
  return out.take();
}

expected<start_message> decode_start(std::span<const std::byte> bytes) {
  auto in = body_of(bytes, zygote_message::start);
  start_message out;
  out.id = in.take<std::uint64_t>();
  out.kind = in.take<child_kind>();
  out.method = in.take<start_method>();
  out.options = take_options(in);
  out.has_out = in.take<bool>();
  out.has_err = in.take<bool>();
  out.has_in = in.take<bool>();
  out.has_environment = in.take<bool>();
  out.has_directory = in.take<bool>();
  out.has_last_words = in.take<bool>();
  out.wants_report = in.take<bool>();
  out.environment_bytes = in.take<std::uint64_t>();
  out.environment_hash = in.take<std::uint64_t>();
  const bool has_mask = in.take<bool>();
  const auto mask = in.take<unsigned>();
  if (has_mask) out.file_mode_mask = mask;
  out.descriptor_count = in.take<std::uint8_t>();
  out.entry.packed = in.take<std::uint64_t>();
  const auto library = in.take_bytes();
  out.entry_home.assign(library.begin(), library.end());
  const auto argument = in.take_bytes();
  out.argument.assign(argument.begin(), argument.end());
  for (auto left = in.take_count(); left > 0; --left) out.argv.push_back(in.take_text());
  if (!in.is_complete()) return bad_message();
  return out;
}

std::vector<std::byte> encode(const hello_message& message) {
  auto out = begin(zygote_message::hello);
  out.put(message.version);
  out.put(message.pid);
  out.put(message.thread_count);
  out.put(message.program_identity);
  put_modules(out, message.modules);
  return out.take();
}

expected<hello_message> decode_hello(std::span<const std::byte> bytes) {
  auto in = body_of(bytes, zygote_message::hello);
  hello_message out;
  out.version = in.take<std::uint32_t>();
  out.pid = in.take<std::int32_t>();
  out.thread_count = in.take<std::uint32_t>();
  out.program_identity = in.take<std::uint64_t>();
  out.modules = take_modules(in);
  if (!in.is_complete()) return bad_message();
  return out;
}

std::vector<std::byte> encode(const started_message& message) {
  auto out = begin(zygote_message::started);
  out.put(message.id);
  out.put(message.pid);
  return out.take();
}

expected<started_message> decode_started(std::span<const std::byte> bytes) {
  auto in = body_of(bytes, zygote_message::started);
  started_message out;
  out.id = in.take<std::uint64_t>();
  out.pid = in.take<std::int32_t>();
  if (!in.is_complete()) return bad_message();
  return out;
}

std::vector<std::byte> encode(const failed_message& message) {
  auto out = begin(zygote_message::failed);
  out.put(message.id);
  out.put(message.os_error);
  out.put(message.text);
  return out.take();
}

expected<failed_message> decode_failed(std::span<const std::byte> bytes) {
  auto in = body_of(bytes, zygote_message::failed);
  failed_message out;
  out.id = in.take<std::uint64_t>();
  out.os_error = in.take<std::int32_t>();
  out.text = in.take_text();
  if (!in.is_complete()) return bad_message();
  return out;
}

std::vector<std::byte> encode(const exited_message& message) {
  auto out = begin(zygote_message::exited);
  out.put(message.id);
  out.put(message.is_status_known);
  out.put(message.wait_status);
  out.put(message.user_time_us);
  out.put(message.system_time_us);
  out.put(message.rss_max_kib);
  out.put(message.crash.signal);
  out.put(message.crash.fault_address);
  out.put(message.crash.program_counter);
  out.put(std::as_bytes(std::span{message.crash.frames}));
  out.put(std::as_bytes(std::span{message.crash.libraries}));
  put_modules(out, message.modules);
  return out.take();
}

expected<exited_message> decode_exited(std::span<const std::byte> bytes) {
  auto in = body_of(bytes, zygote_message::exited);
  exited_message out;
  out.id = in.take<std::uint64_t>();
  out.is_status_known = in.take<bool>();
  out.wait_status = in.take<std::int32_t>();
  out.user_time_us = in.take<std::int64_t>();
  out.system_time_us = in.take<std::int64_t>();
  out.rss_max_kib = in.take<std::int64_t>();
  out.crash.signal = in.take<std::int32_t>();
  out.crash.fault_address = in.take<std::uint64_t>();
  out.crash.program_counter = in.take<std::uint64_t>();
  const auto frames = in.take_bytes();
  const auto libraries = in.take_bytes();
  out.modules = take_modules(in);
  if (!in.is_complete() || !fill(out.crash.frames, frames, crash_frames_max) ||
      !fill(out.crash.libraries, libraries, crash_libraries_max)) {
    return bad_message();
  }
  return out;
}

std::vector<std::byte> encode(const signal_group_message& message) {
  auto out = begin(zygote_message::signal_group);
  out.put(message.id);
  out.put(message.signal);
  out.put(message.scope);
  return out.take();
}

expected<signal_group_message> decode_signal_group(std::span<const std::byte> bytes) {
  auto in = body_of(bytes, zygote_message::signal_group);
  signal_group_message out;
  out.id = in.take<std::uint64_t>();
  out.signal = in.take<std::int32_t>();
  out.scope = in.take<signal_scope>();
  if (!in.is_complete() || out.scope > signal_scope::rest_with_time) return bad_message();
  return out;
}

std::vector<module_place> own_module_places() {
  std::vector<module_place> out;
  std::size_t size_bytes = 0;
  for (auto& module : loaded_modules()) {
    size_bytes += sizeof(module_place) + module.path.size();
    if (size_bytes > module_bytes_max) break;
    out.push_back({module.base, module.end, std::move(module.path)});
  }
  return out;
}

std::vector<std::byte> encode(const std::vector<module_place>& modules) {
  byte_packer out;
  put_modules(out, modules);
  return out.take();
}

expected<std::vector<module_place>> decode_modules(std::span<const std::byte> bytes) {
  byte_unpacker in{bytes};
  auto out = take_modules(in);
  if (!in.is_complete()) return bad_message();
  return out;
}

std::vector<std::byte> encode_shutdown() {
  return begin(zygote_message::shutdown).take();
}

std::vector<std::byte> encode_ping() {
  return begin(zygote_message::ping).take();
}

std::vector<std::byte> encode_pong() {
  return begin(zygote_message::pong).take();
}

} // namespace troupe::detail
