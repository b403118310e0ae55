// Part of Troupe; see LICENSE.

#include "troupe/cli/arguments.hpp"

#include "troupe/base/text.hpp"
#include "troupe/config/units.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <string_view>

namespace troupe::cli {

namespace {

constexpr auto about = "Runs OS processes as supervised actor groups and pipelines.";

constexpr auto main_footer = R"(Exit codes:
  0 done or stopped cleanly   1 a pool gave up or the pipeline failed   64 wrong usage
  65 worked off, but messages were lost   69 no control socket   75 waiting took too long
  78 the file is wrong   130 stopped at once by a second Ctrl-C

Examples:
  troupe validate access.yaml
  troupe run access.yaml --set root=/var/log
  troupe status access

'troupe VERB --help' says more.)";

constexpr auto run_footer =
    R"(The first Ctrl-C (or TERM) ends the sources, works off what is under way, stops
everything and exits 0; the second one kills what is left and exits 130.

What workers write comes on stderr with their name in front. With --json, stdout has one
JSON object at the end and nothing else.

Exit codes:
  0    done, or stopped cleanly; every message arrived or is a dead letter that a pool took
  1    a pool gave up, the pipeline failed, stopping took longer than shutdown.timeout, or
       the result could not be written to stdout
  64   wrong usage
  65   worked off, but messages failed every attempt and no pool took them as dead letters
  69   another run of this name is under way, or the control socket cannot be made
  78   the file, or what it names, is wrong; nothing was started
  130  stopped at once by a second Ctrl-C

Examples:
  troupe run checksum.yaml --set root=/etc
  troupe run checksum.yaml --chaos 50ms      the same sums, though workers are killed
  generate-yaml | troupe run - --json > result.json)";

constexpr auto validate_footer =
    R"(All mistakes are shown in one go, with line and column; nothing is started or created.
Exit codes: 0 right (warnings are allowed), 78 wrong.

Examples:
  troupe validate access.yaml --environment   also looks for commands and folders
  troupe validate access.yaml --print         with every default filled in)";

constexpr auto status_footer =
    R"(TARGET is a file, the name of a troupe, or left out when only one is running.
'since_ms' is how long a worker's place has been in its state.
Exit codes: 0 all is ready, or has ended as it should; 3 something is not; 4 no such troupe
or pool; 69 it is not running; 75 --wait took longer than --timeout.

Examples:
  troupe status
  troupe status shop api/1 --json
  troupe status shop --wait ready --timeout 10s && run-tests)";

const std::vector<std::string_view> verbs = {"run", "validate", "status"};

early_end usage_error(const std::string& verb, const std::string& what) {
  const auto name = verb.empty() ? std::string{"troupe"} : "troupe " + verb;
  return {exit_code::usage, name + ": " + what + "\nTry '" + name + " --help'.\n"};
}

bool looks_like_file(const std::string& word) {
  std::error_code ignored;
  const auto ending = std::filesystem::path{word}.extension();
  return ending == ".yaml" || ending == ".yml" || std::filesystem::is_regular_file(word, ignored);
}

// Letters in another order are the usual slip in a short word, and too far for `nearest`.
std::string_view verb_meant(const std::string& given) {
  const auto sorted = [](std::string_view word) {
    std::string letters{word};
    std::sort(letters.begin(), letters.end());
    return letters;
  };
  for (const auto verb : verbs) {
    if (sorted(verb) == sorted(given)) return verb;
  }
  return text::nearest(given, verbs);
}

// CLI11 would only say that it did not expect the word.
std::optional<early_end> check_verb(int argc, const char* const* argv) {
  if (argc < 2 || argv[1][0] == '-') return std::nullopt;
  const std::string given = argv[1];
  if (std::find(verbs.begin(), verbs.end(), given) != verbs.end()) return std::nullopt;
  auto what = "there is no verb '" + text::printable(given, 60) + "'";
  if (looks_like_file(given)) {
    what += "; did you mean 'troupe run " + text::printable(given, 60) + "'?";
  } else if (const auto near = verb_meant(given); !near.empty()) {
    what += "; did you mean '" + std::string{near} + "'?";
  } else {
    what += "; there are run, validate and status";
  }
  return usage_error("", what);
}

// CLI11 reports a wrong value as this exception.
duration read_duration(const std::string& option, const std::string& text) {
  const auto read = config::parse_duration(text);
  if (read && *read > duration::zero()) return *read;
  throw CLI::ValidationError(option, read ? "must be more than zero" : read.error().message);
}

void add_file(CLI::App& verb, file_arguments& into, std::vector<std::string>& set) {
  verb.add_option("FILE", into.path, "The YAML file; - is stdin")->required()->type_name(" ");
  verb.add_option("--set", set, "Sets a variable; wins over 'vars:' and the environment")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
}

void read_set(const std::vector<std::string>& from, file_arguments& into) {
  for (const auto& one : from) {
    const auto equals = one.find('=');
    if (equals == 0 || equals == std::string::npos) {
      throw CLI::ValidationError("--set", "expected NAME=VALUE, got '" + one + "'");
    }
    into.set[one.substr(0, equals)] = one.substr(equals + 1);
  }
}

/// The command line of one call, with a place for every value.
class parser {
public:
  parser() {
    app_.set_version_flag("--version", "troupe " TROUPE_VERSION);
    app_.footer(main_footer);
    app_.require_subcommand(1);
    add_run();
    add_validate();
    add_status();
  }

  parsed_arguments parse(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
      return chosen();
    } catch (const CLI::CallForHelp&) {
      return early_end{exit_code::ok, help()};
    } catch (const CLI::CallForVersion& e) {
      return early_end{exit_code::ok, std::string{e.what()} + "\n"};
    } catch (const CLI::ParseError& e) {
      const auto used = app_.get_subcommands();
      return usage_error(used.empty() ? "" : used.front()->get_name(), e.what());
    }
  }

private:
  void add_run() {
    run_verb_->footer(run_footer);
    add_file(*run_verb_, run_.file, set_);
    run_verb_->add_option("--chaos", chaos_, "Kills a random worker of the pipeline this often")
        ->type_name("PERIOD");
    run_verb_->add_option("--chaos-seed", run_.chaos_seed, "Which workers --chaos chooses")
        ->type_name("N");
    run_verb_->add_flag("--json", run_.is_json, "The result as JSON on stdout");
    run_verb_->add_flag("-q,--quiet", run_.is_quiet, "No progress, no table at the end");
    run_verb_->add_option("--socket", run_.socket, "Where the control socket is made")
        ->type_name("PATH");
    run_verb_->add_flag("--no-socket", has_no_socket_, "Without a control socket");
  }

  void add_validate() {
    validate_verb_->footer(validate_footer);
    add_file(*validate_verb_, validate_.file, set_);
    validate_verb_->add_flag("--print", validate_.prints, "Prints the file with every default");
    validate_verb_->add_flag("--json", validate_.is_json, "The findings as JSON on stdout");
    validate_verb_->add_flag("--strict-warnings", validate_.has_strict_warnings,
                             "Warnings are errors");
    validate_verb_->add_flag("--environment", validate_.checks_environment,
                             "Also looks for the commands and folders it names, as 'run' does");
  }

  void add_status() {
    status_verb_->footer(status_footer);
    status_verb_->add_option("TARGET", status_.target.path, "A YAML file or the name of a troupe")
        ->type_name(" ");
    status_verb_->add_option("POOL", status_.pools, "Only these: NAME or NAME/REPLICA")
        ->type_name(" ");
    status_verb_->add_option("--set", set_, "As with 'run', when TARGET is a file")
        ->type_name("NAME=VALUE")
        ->allow_extra_args(false);
    status_verb_->add_option("--socket", status_.socket, "The control socket")->type_name("PATH");
    status_verb_->add_flag("--json", status_.is_json, "JSON on stdout");
    status_verb_->add_option("--wait", wait_, "Waits until all is ready, or stopped")
        ->type_name("ready|stopped");
    status_verb_->add_option("--timeout", timeout_, "How long --wait waits; 30s if not given")
        ->type_name("DURATION");
  }

  parsed_arguments chosen() {
    if (run_verb_->parsed()) {
      read_set(set_, run_.file);
      if (has_no_socket_ && !run_.socket.empty()) {
        throw CLI::ValidationError("--no-socket", "contradicts --socket; give one of them");
      }
      run_.has_socket = !has_no_socket_;
      if (!chaos_.empty()) run_.chaos = read_duration("--chaos", chaos_);
      return run_;
    }
    if (validate_verb_->parsed()) {
      read_set(set_, validate_.file);
      if (validate_.prints && validate_.is_json) {
        throw CLI::ValidationError("--print", "contradicts --json; give one of them");
      }
      return validate_;
    }
    read_set(set_, status_.target);
    if (!timeout_.empty()) status_.timeout = read_duration("--timeout", timeout_);
    if (wait_ == "ready") status_.wait = awaited::ready;
    if (wait_ == "stopped") status_.wait = awaited::stopped;
    if (!wait_.empty() && status_.wait == awaited::nothing) {
      throw CLI::ValidationError("--wait", "expected ready or stopped, got '" + wait_ + "'");
    }
    return status_;
  }

  std::string help() const {
    const auto used = app_.get_subcommands();
    return used.empty() ? app_.help() : used.front()->help("troupe");
  }

  CLI::App app_{about, "troupe"};
  CLI::App* run_verb_ = app_.add_subcommand("run", "Runs what a file describes until it ends");
  CLI::App* validate_verb_ = app_.add_subcommand("validate", "Checks a file");
  CLI::App* status_verb_ = app_.add_subcommand("status", "Shows what a running troupe does");
  run_arguments run_;
  validate_arguments validate_;
  status_arguments status_;
  std::vector<std::string> set_;
  bool has_no_socket_ = false;
  std::string chaos_;
  std::string wait_;
  std::string timeout_;
};

} // namespace

parsed_arguments parse_arguments(int argc, const char* const* argv) {
  if (argc < 2) return early_end{exit_code::usage, usage_error("", "a verb is missing").text};
  if (auto wrong = check_verb(argc, argv)) return *wrong;
  return parser{}.parse(argc, argv);
}

} // namespace troupe::cli
