// Part of Troupe; see LICENSE.

#include "troupe/actors/catalogue.hpp"

#include "troupe/actors/copy_file.hpp"
#include "troupe/actors/exec.hpp"
#include "troupe/actors/exec_source.hpp"
#include "troupe/actors/exec_stream.hpp"
#include "troupe/actors/file_lines.hpp"
#include "troupe/actors/file_tree.hpp"
#include "troupe/actors/lines_to_file.hpp"
#include "troupe/actors/own_streams.hpp"
#include "troupe/actors/sha256.hpp"
#include "troupe/actors/word_count.hpp"
#include "troupe/pipeline/worker.hpp"

#include <algorithm>

namespace troupe::actors {
namespace {

const setting_info command_setting{.name = "command",
                                   .type = setting_type::text_list,
                                   .is_required = true,
                                   .help = "program and arguments; no shell"};

std::vector<setting_info> exec_settings() {
  return {command_setting,
          {.name = "mode",
           .type = setting_type::word,
           .words = {"request_reply", "envelope"},
           .standard = "request_reply",
           .help = "how the command answers"},
          {.name = "input_codec",
           .type = setting_type::word,
           .words = {"string", "json"},
           .standard = "string",
           .help = "envelope: whether `data` is text or the message as JSON"},
          {.name = "output_codec",
           .type = setting_type::word,
           .words = {"string", "json"},
           .standard = "string",
           .help = "envelope: whether `data` is given on as text or as JSON"}};
}

const setting_info line_feeds_setting{
    .name = "line_feeds",
    .type = setting_type::word,
    .words = {"refuse", "escape", "keep"},
    .standard = "refuse",
    .help =
        "what becomes of a message that holds a line feed: `refuse` gives it up, `escape` writes "
        "`\\n` for it and `\\\\` for a backslash, `keep` writes it as it is"};

std::vector<builtin_info> sources() {
  return {
      {.name = "exec_source",
       .role = worker_role::source,
       .settings = {command_setting},
       .output_type = "string",
       .summary = "gives the lines that a command writes; at most once"},
      {.name = "file_tree",
       .role = worker_role::source,
       .settings = {{.name = "root",
                     .type = setting_type::path,
                     .is_required = true,
                     .help = "folder, or one file"}},
       .output_type = "string",
       .is_single = true,
       .summary = "gives the paths of all regular files below a folder, sorted"},
      {.name = "lines_from_file",
       .role = worker_role::source,
       .settings = {{.name = "path",
                     .type = setting_type::path,
                     .is_required = true,
                     .help = "file to read"}},
       .output_type = "string",
       .is_single = true,
       .own_stream = "stdin",
       .own_descriptor = 0,
       .summary = "gives the lines of one file; /dev/stdin and - mean the builtin stdin"},
      {.name = "stdin",
       .role = worker_role::source,
       .output_type = "string",
       .is_single = true,
       .is_in_host = true,
       .summary = "gives the lines of the run's own standard input, until its end"},
  };
}

std::vector<builtin_info> transforms() {
  return {
      {.name = "copy_file",
       .settings = {{.name = "root", .type = setting_type::path, .help = "paths are below it"},
                    {.name = "target",
                     .type = setting_type::path,
                     .is_required = true,
                     .help = "folder to copy into; made when it is missing"}},
       .input_type = "string",
       .output_type = "string",
       .summary = "copies the file that a message names, and gives its path below `root`"},
      {.name = "exec",
       .settings = exec_settings(),
       .summary = "one answer of a command for each message"},
      {.name = "file_lines",
       .input_type = "string",
       .output_type = "string",
       .summary = "gives the lines of the file that a message names"},
      {.name = "sha256",
       .input_type = "string",
       .output_type = "string",
       .summary = "gives the checksum of the file that a message names, as sha256sum prints it"},
  };
}

std::vector<builtin_info> aggregations() {
  return {
      {.name = "exec_stream",
       .role = worker_role::aggregation,
       .settings = {command_setting},
       .input_type = "string",
       .output_type = "string",
       .summary = "runs a filter: lines in, any lines out; at most once"},
      {.name = "word_count",
       .role = worker_role::aggregation,
       .input_type = "string",
       .output_type = "string",
       .summary = "counts words, and gives \"COUNT WORD\" lines at the end, sorted by word"},
  };
}

std::vector<builtin_info> sinks() {
  return {
      {.name = "lines_to_file",
       .role = worker_role::sink,
       .settings = {{.name = "path",
                     .type = setting_type::path,
                     .is_required = true,
                     .help = "file to write, by no other pool; made when it is missing"},
                    {.name = "append",
                     .type = setting_type::boolean,
                     .standard = "false",
                     .help = "keep what the file holds; otherwise it begins empty"},
                    line_feeds_setting},
       .is_single = true,
       .own_stream = "stdout",
       .own_descriptor = 1,
       .summary = "writes each message as a line to a file; /dev/stdout and - mean the builtin "
                  "stdout"},
      {.name = "stdout",
       .role = worker_role::sink,
       .settings = {line_feeds_setting},
       .is_single = true,
       .is_in_host = true,
       .summary = "writes each message as a line to the run's own standard output"},
  };
}

std::vector<builtin_info> make_builtins() {
  std::vector<builtin_info> all;
  for (auto& some : {sources(), transforms(), aggregations(), sinks()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return all;
}

worker_entry in_host(worker_entry entry) {
  entry.runs_in_host = true;
  return entry;
}

} // namespace

const std::vector<builtin_info>& builtins() {
  static const auto all = make_builtins();
  return all;
}

void install_builtins() {
  using pipeline::detail::make_entry;
  static worker_entry entries[] = {
      make_entry<copy_file>("copy_file"),
      make_exec_entry(),
      make_entry<exec_source>("exec_source"),
      make_entry<exec_stream>("exec_stream"),
      make_entry<file_lines>("file_lines"),
      make_entry<file_tree>("file_tree"),
      make_entry<lines_from_file>("lines_from_file"),
      make_entry<lines_to_file>("lines_to_file"),
      make_entry<sha256>("sha256"),
      make_entry<word_count>("word_count"),
      in_host(make_entry<stdin_lines>("stdin")),
      in_host(make_entry<stdout_lines>("stdout")),
  };
  static const bool is_installed = [] {
    for (auto& entry : entries) register_worker(entry);
    return true;
  }();
  static_cast<void>(is_installed);
}

} // namespace troupe::actors
