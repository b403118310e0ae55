// Part of Troupe; see LICENSE.

#include "troupe/cli/arguments.hpp"

#include "troupe/base/text.hpp"
#include "troupe/cli/help_text.hpp"
#include "troupe/config/units.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <limits>
#include <string_view>

namespace troupe::cli {

namespace {

const std::vector<std::string_view> verbs = {"run", "validate", "status", "actors"};

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
    what += "; there are run, validate, status and actors";
  }
  return usage_error("", what);
}

// CLI11 reports a wrong value as this exception.
duration read_duration(const std::string& option, const std::string& text) {
  const auto read = config::parse_duration(text);
  if (read && *read > duration::zero()) return *read;
  throw CLI::ValidationError(option, read ? "must be more than zero" : read.error().message);
}

std::uint64_t read_number(const std::string& option, const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem == std::errc{} && end == text.data() + text.size()) return value;
  throw CLI::ValidationError(option, "expected a number from 0 to " +
                                         std::to_string(std::numeric_limits<std::uint64_t>::max()) +
                                         ", got '" + text::printable(text, 60) + "'");
}

void add_file(CLI::App& verb, file_arguments& into, std::vector<std::string>& set) {
  verb.add_option("FILE", into.path, "The YAML file; - is stdin")->required()->type_name(" ");
  verb.add_option("--set", set,
                  "Sets a variable; wins over 'vars:' and the environment. A relative path is "
                  "relative to the current folder")
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
    add_actors();
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
      const auto verb = app_.get_subcommands().empty() ? std::string{} : used().get_name();
      if (const auto unknown = unknown_option(argc, argv); !unknown.empty()) {
        return usage_error(verb, unknown);
      }
      const std::string what = e.what();
      const bool is_cut_short = dynamic_cast<const CLI::ArgumentMismatch*>(&e) != nullptr;
      return usage_error(verb,
                         is_cut_short ? what.substr(0, what.find(':')) + " needs a value" : what);
    }
  }

private:
  void add_run() {
    run_verb_->footer(run_footer);
    add_file(*run_verb_, run_.file, set_);
    run_verb_->add_option("--chaos", chaos_, "Kills a random worker of the pipeline this often")
        ->type_name("PERIOD");
    run_verb_->add_option("--chaos-seed", chaos_seed_, "Which workers --chaos chooses")
        ->type_name("N");
    run_verb_->add_flag("--json", run_.is_json, "The result as JSON on stdout")
        ->disable_flag_override();
    run_verb_->add_flag("-q,--quiet", run_.is_quiet, "No progress, no table at the end")
        ->disable_flag_override();
    run_verb_->add_option("--socket", run_.socket, "Where the control socket is made")
        ->type_name("PATH");
    run_verb_->add_flag("--no-socket", has_no_socket_, "Without a control socket")
        ->disable_flag_override();
  }

  void add_validate() {
    validate_verb_->footer(validate_footer);
    add_file(*validate_verb_, validate_.file, set_);
    validate_verb_->add_flag("--print", validate_.prints, "Prints the file with every default")
        ->disable_flag_override();
    validate_verb_->add_flag("--json", validate_.is_json, "The findings as JSON on stdout")
        ->disable_flag_override();
    validate_verb_
        ->add_flag("--strict-warnings", validate_.has_strict_warnings, "Warnings are errors")
        ->disable_flag_override();
    validate_verb_
        ->add_flag("--environment", validate_.checks_environment,
                   "Also looks for the commands and folders it names, as 'run' does")
        ->disable_flag_override();
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
    status_verb_->add_flag("--json", status_.is_json, "JSON on stdout")->disable_flag_override();
    status_verb_->add_option("--wait", wait_, "Waits until all is ready, or stopped")
        ->type_name("ready|stopped");
    status_verb_->add_option("--timeout", timeout_, "How long --wait waits; 30s if not given")
        ->type_name("DURATION");
  }

  void add_actors() {
    actors_verb_->footer(actors_footer);
    actors_verb_->add_option("NAME", actors_.name, "Only this one")->type_name(" ");
    actors_verb_->add_flag("--json", actors_.is_json, "JSON on stdout")->disable_flag_override();
  }

  parsed_arguments chosen() {
    if (actors_verb_->parsed()) {
      refuse_empty("NAME", actors_.name);
      return actors_;
    }
    if (run_verb_->parsed()) {
      read_set(set_, run_.file);
      if (has_no_socket_ && !run_.socket.empty()) {
        throw CLI::ValidationError("--no-socket", "contradicts --socket; give one of them");
      }
      run_.has_socket = !has_no_socket_;
      if (is_given("--chaos")) run_.chaos = read_duration("--chaos", chaos_);
      if (is_given("--chaos-seed")) run_.chaos_seed = read_number("--chaos-seed", chaos_seed_);
      refuse_empty("FILE", run_.file.path);
      refuse_empty("--socket", run_.socket);
      return run_;
    }
    if (validate_verb_->parsed()) {
      read_set(set_, validate_.file);
      if (validate_.prints && validate_.is_json) {
        throw CLI::ValidationError("--print", "contradicts --json; give one of them");
      }
      refuse_empty("FILE", validate_.file.path);
      return validate_;
    }
    read_set(set_, status_.target);
    refuse_empty("TARGET", status_.target.path);
    refuse_empty("--socket", status_.socket);
    if (is_given("--timeout")) status_.timeout = read_duration("--timeout", timeout_);
    if (wait_ == "ready") status_.wait = awaited::ready;
    if (wait_ == "stopped") status_.wait = awaited::stopped;
    if (is_given("--wait") && status_.wait == awaited::nothing) {
      throw CLI::ValidationError("--wait", "expected ready or stopped, got '" + wait_ + "'");
    }
    return status_;
  }

  [[nodiscard]] const CLI::App& used() const {
    const auto verbs_used = app_.get_subcommands();
    return verbs_used.empty() ? app_ : *verbs_used.front();
  }

  [[nodiscard]] bool is_given(const std::string& option) const { return used().count(option) > 0; }

  // An empty word is a variable of a script that was not set.
  void refuse_empty(const std::string& option, const std::string& value) const {
    if (is_given(option) && value.empty()) throw CLI::ValidationError(option, "is empty");
  }

  /// CLI11 would name what is missing and not the option that it does not know.
  [[nodiscard]] std::string unknown_option(int argc, const char* const* argv) const {
    std::vector<std::string> known;
    for (const auto* option : used().get_options()) {
      for (const auto& name : option->get_lnames()) known.push_back("--" + name);
    }
    for (int i = 1; i < argc && std::string_view{argv[i]} != "--"; ++i) {
      const auto word = std::string_view{argv[i]};
      const auto name = std::string{word.substr(0, word.find('='))};
      if (!name.starts_with("--") || std::find(known.begin(), known.end(), name) != known.end()) {
        continue;
      }
      auto what = "there is no option '" + text::printable(name, 60) + "'";
      const std::vector<std::string_view> words{known.begin(), known.end()};
      if (const auto near = text::nearest(name, words); !near.empty()) {
        what += "; did you mean '" + std::string{near} + "'?";
      }
      return what;
    }
    return {};
  }

  std::string help() const {
    const auto used = app_.get_subcommands();
    return used.empty() ? app_.help() : used.front()->help("troupe");
  }

  CLI::App app_{about, "troupe"};
  CLI::App* run_verb_ = app_.add_subcommand("run", "Runs what a file describes until it ends");
  CLI::App* validate_verb_ = app_.add_subcommand("validate", "Checks a file");
  CLI::App* status_verb_ = app_.add_subcommand("status", "Shows what a running troupe does");
  CLI::App* actors_verb_ = app_.add_subcommand("actors", "Lists the builtins and their keys");
  run_arguments run_;
  validate_arguments validate_;
  status_arguments status_;
  actors_arguments actors_;
  std::vector<std::string> set_;
  bool has_no_socket_ = false;
  std::string chaos_;
  std::string chaos_seed_;
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
