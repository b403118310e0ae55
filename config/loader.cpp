// Part of Troupe; see LICENSE.

#include "troupe/config/loader.hpp"

#include "troupe/base/descriptor_path.hpp"
#include "troupe/config/detail/parse.hpp"
#include "troupe/config/detail/pool_draft.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace troupe::config {

namespace {

// A shell keeps PWD right; whoever else changes the folder of a process may leave an old one.
std::optional<std::string> working_folder(const char* told) {
  namespace fs = std::filesystem;
  std::error_code problem;
  if (told != nullptr && fs::path{told}.is_absolute() && fs::equivalent(told, ".", problem)) {
    return told;
  }
  const auto found = fs::current_path(problem);
  return problem ? std::nullopt : std::optional{found.string()};
}

std::optional<std::string> from_this_process(const std::string& name) {
  if (name == "PWD") return working_folder(std::getenv("PWD"));
  const char* const value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>{value};
}

std::string unreadable(int error) {
  const auto* const advice = error == ENOENT || error == ENOTDIR ? "check the path"
                             : error == EACCES ? "give this user the right to read it"
                                               : "name a file that can be read";
  return std::string{"cannot be read: "} + std::strerror(error) + "; " + advice;
}

variables make_variables(const load_options& options) {
  return {options.set, options.environment ? options.environment : from_this_process,
          options.set_directory};
}

} // namespace

load_result load_text(std::string text, const std::string& file, const std::string& directory,
                      const load_options& options) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark)) text.erase(0, byte_order_mark.size());
  load_result out;
  troupe_spec spec;
  spec.file = file;
  spec.directory = directory;
  spec.text = std::make_shared<const std::string>(std::move(text));
  detail::context owner{file, *spec.text, make_variables(options)};
  const auto parsed = detail::parse(*spec.text);
  for (const auto& one : parsed.problems) owner.error(one.code, one.at, one.path, one.message);
  if (parsed.root) {
    detail::read_troupe(owner, parsed.root, options, spec);
  } else if (parsed.problems.empty()) {
    owner.error(problem::missing_key, {.line = 1, .column = 1}, "version",
                "the file is empty; begin with 'version: 1'");
  }
  const bool is_right = !owner.has_error();
  out.diagnostics = owner.take();
  if (is_right) out.spec = std::move(spec);
  return out;
}

load_result load_file(const std::string& path, const load_options& options) {
  const auto refuse = [&](const std::string& reason) {
    load_result out;
    out.diagnostics.push_back({.code = problem::include_failed,
                               .weight = severity::error,
                               .file = path,
                               .at = {},
                               .path = {},
                               .message = reason,
                               .excerpt = {}});
    return out;
  };
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return refuse("is a folder; name a YAML file");
  std::ifstream in{path, std::ios::binary};
  if (!in) return refuse(unreadable(errno));
  // One byte more than allowed, so that the parser sees that it is too much.
  std::string text(detail::file_bytes_max + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad()) return refuse(unreadable(errno));
  const auto descriptor = descriptor_named_by(path);
  if (descriptor == 0) return load_text(std::move(text), std::string{stdin_name}, "", options);
  auto directory =
      descriptor ? "" : std::filesystem::absolute(path, ignored).parent_path().string();
  return load_text(std::move(text), path, directory, options);
}

diagnostic make_diagnostic(const troupe_spec& spec, problem code, location at, std::string path,
                           std::string message) {
  return {.code = code,
          .weight = severity::error,
          .file = spec.file,
          .at = at,
          .path = std::move(path),
          .message = std::move(message),
          .excerpt = std::string{spec.text ? line_of(*spec.text, at.line) : std::string_view{}}};
}

} // namespace troupe::config
