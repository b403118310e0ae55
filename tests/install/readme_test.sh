#!/usr/bin/env bash
# Goal: the lines of README.md that install Troupe do so as they stand, with ./run before or not.
# Method: they are run in a copy of the tree, below a DESTDIR. The copy's preset takes the build type
# and the flags of this build, so that ccache compiles nothing again; the rest of it is as released.
#
# usage: readme_test.sh SOURCE SCRATCH CMAKE_VARIABLE=VALUE...
set -euo pipefail
source=$1
scratch=$2
shift 2

fail() {
  printf 'readme_test: %s\n' "$*" >&2
  exit 1
}

# The one block of the page that installs.
lines=$(awk '/^```/ { if (block ~ /cmake --install/) printf "%s", block; block = ""; next }
             { block = block $0 "\n" }' "$source/README.md")
[ "$(grep -c . <<<"$lines")" = 3 ] || fail "README.md has not three lines that install, but: $lines"

rm -rf "$scratch"
mkdir -p "$scratch/tree"
tar -C "$source" --exclude=./.git --exclude='./build*' -c . | tar -C "$scratch/tree" -x
cd "$scratch/tree"
python3 - "$@" <<'END'
import json, sys
with open("CMakePresets.json") as file:
    presets = json.load(file)
release = next(one for one in presets["configurePresets"] if one["name"] == "release")
release["cacheVariables"].update(pair.split("=", 1) for pair in sys.argv[1:])
with open("CMakePresets.json", "w") as file:
    json.dump(presets, file)
END

expect_installed() { # ROOT
  local prefix="$1/usr/local" file found
  for file in bin/troupe include/troupe/troupe.hpp include/troupe/pool/pool.hpp \
    'lib*/libtroupe.a' 'lib*/pkgconfig/troupe.pc' 'lib*/cmake/troupe/troupeConfig.cmake'; do
    found=$(compgen -G "$prefix/$file") && [ -s "$found" ] || fail "$file was not installed"
  done
  "$prefix/bin/troupe" --version >/dev/null || fail "the installed command does not run"
}

follow() { # NAME
  export DESTDIR="$scratch/$1"
  bash -euo pipefail -c "$lines" >"$scratch/$1.log" 2>&1 || fail "$1: $(tail -n 30 "$scratch/$1.log")"
  unset DESTDIR
  expect_installed "$scratch/$1"
  [ ! -d build/release/tests ] && [ ! -d build/release/examples ] ||
    fail "$1: who only installs builds tests and examples too"
}

follow without_run

# ./run alone has built all that is installed. It finds every package there: tests install none.
rm -rf build
mkdir "$scratch/bin"
# shellcheck disable=SC2016 # The made-up command expands them.
printf '#!/bin/sh\nfor name; do echo "ii  $name"; done\n' >"$scratch/bin/dpkg-query"
chmod +x "$scratch/bin/dpkg-query"
PATH="$scratch/bin:$PATH" ./run "$source/tools" >"$scratch/run.log" 2>&1 || fail "./run: $(tail -n 30 "$scratch/run.log")"
DESTDIR="$scratch/run_alone" cmake --install build/release >"$scratch/run_alone.log" 2>&1 ||
  fail "cmake --install after ./run: $(cat "$scratch/run_alone.log")"
expect_installed "$scratch/run_alone"

follow after_run
