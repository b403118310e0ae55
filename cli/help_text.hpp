// Part of Troupe; see LICENSE.

#pragma once

/// What `--help` says besides the options.
namespace troupe::cli {

inline constexpr auto about = "Runs OS processes as supervised actor groups and pipelines.";

inline constexpr auto main_footer = R"(Exit codes:
  0 done or stopped cleanly   1 a pool gave up or the pipeline failed   64 wrong usage
  65 worked off, but messages were lost   69 no control socket   75 waiting took too long
  78 the file is wrong   130 stopped at once by a second Ctrl-C

Examples:
  troupe validate access.yaml
  troupe run access.yaml --set root=/var/log
  troupe status access

'troupe VERB --help' says more.)";

inline constexpr auto run_footer =
    R"(The first Ctrl-C (or TERM) ends the sources, works off what is under way, stops
everything and exits 0, or 65 if messages were lost; the second one kills what is left
and exits 130.

What workers write comes on stderr with their name in front. With --json, stdout has one
JSON object at the end and nothing else.

Exit codes:
  0    done, or stopped cleanly; no message failed for good, or a pool took it as dead letter
  1    a pool gave up, the pipeline failed, stopping took longer than shutdown.timeout, or
       the result could not be written to stdout
  64   wrong usage
  65   worked off, but messages failed every attempt, or a source skipped what it could not
       read, and no pool took them as dead letters; or messages were lost with a command
       that ended (mode: stream, or a source) or because the stop gave up waiting for them;
       or replies may belong to other messages
  69   another run of this name is under way, or the control socket cannot be made
  78   the file, or what it names, is wrong; nothing was started
  130  stopped at once by a second Ctrl-C

Examples:
  troupe run checksum.yaml --set root=/etc
  troupe run checksum.yaml --chaos 50ms      the same sums, though workers are killed
  seq 5 | troupe run upper.yaml | tail -1    with the builtins stdin and stdout
  generate-yaml | troupe run - --json > result.json)";

inline constexpr auto validate_footer =
    R"(All mistakes are shown in one go, with line and column; nothing is started or created.
Exit codes: 0 right (warnings are allowed), 78 wrong.

Examples:
  troupe validate access.yaml --environment   also looks for commands and folders
  troupe validate access.yaml --print         with every default filled in)";

inline constexpr auto actors_footer =
    R"(What 'builtin:' may name in a pool, with each key, its type and its default.

Examples:
  troupe actors
  troupe actors lines_to_file --json)";

inline constexpr auto status_footer =
    R"(TARGET is a file, the name of a troupe, or left out when only one is running.
'since_ms' is how long a worker's place has been in its state; 'exit.reason' is why the last
worker in it ended: exit, signal, unknown, start_failed, start_timeout, message_timeout,
protocol_error, corrupt_answer, unresponsive, max_messages, max_age, max_memory, recycled,
chaos or stopped.
Exit codes: 0 all is ready, or has ended as it should; 3 something is not; 4 no such troupe
or pool; 69 it is not running; 75 --wait took longer than --timeout.

Examples:
  troupe status
  troupe status shop api/1 --json
  troupe status shop --wait ready --timeout 10s && run-tests)";

} // namespace troupe::cli
