#!/usr/bin/env bash
# Goal: ./run and ./check install exactly what is missing, as root or through sudo, or say why not.
# Method: tools/setup.sh with made-up dpkg-query, apt-get, id and sudo; nothing is installed.
set -euo pipefail
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
printf '%s\n' '# A comment' 'cmake' 'ninja-build # builds' '' 'ccache' >"$folder/packages.txt"

# The made-up commands say what they were asked, and otherwise do nothing.
fake() { # NAME BODY
  printf '#!/bin/bash\n%s\n' "$2" >"$folder/bin/$1"
  chmod +x "$folder/bin/$1"
}

# Runs install_packages as user USER; packages.txt names three packages, INSTALLED are there.
try() { # USER INSTALLED...
  local user=$1
  shift
  fake id "echo $user"
  fake dpkg-query "printf '%s\n' $(printf '"%s" ' "$@")"
  fake apt-get "echo \"apt-get \$*\" >>'$folder/asked'; exit \${APT_RESULT:-0}"
  : >"$folder/asked"
  result=0
  output=$(cd "$folder" && PATH="$folder/bin" bash -c \
    'set -euo pipefail; source "$1/setup.sh"; install_packages packages.txt' try "$tools" \
    2>&1 </dev/null) || result=$?
}

expect() { # WHAT CONDITION...
  if ! "${@:2}"; then
    printf 'setup_test: %s\nresult %s, output:\n%s\nasked:\n%s\n' \
      "$1" "$result" "$output" "$(cat "$folder/asked")" >&2
    exit 1
  fi
}

reset_commands() {
  rm -rf "${folder:?}/bin"
  mkdir "$folder/bin"
  local command
  for command in bash env sed awk sort comm tr basename cat; do
    ln -s "$(command -v "$command")" "$folder/bin/$command"
  done
}

reset_commands
try 0 "ii  cmake" "ii  ninja-build" "hi  ccache"
expect "all installed: apt is not asked" test "$result" = 0 -a ! -s "$folder/asked"

try 0 "ii  cmake" "rc  ninja-build"
expect "root installs" test "$result" = 0
expect "only what is missing is installed" \
  grep -q 'install .*--no-install-recommends ccache ninja-build$' "$folder/asked"
expect "the lists are fetched first" grep -q update <(head -n 1 "$folder/asked")
expect "it says what it does" \
  grep -q 'Installing Debian packages: ccache ninja-build' <<<"$output"

APT_RESULT=100 try 0 "ii  cmake"
expect "apt that fails ends it" test "$result" = 1
expect "and is named" grep -q 'apt-get could not install: ccache ninja-build' <<<"$output"

try 1000 "ii  cmake"
expect "neither root nor sudo ends it" test "$result" = 1 -a ! -s "$folder/asked"
expect "with the command to run" \
  grep -q 'apt-get install --no-install-recommends ccache ninja-build' <<<"$output"

fake sudo 'exit 1'
try 1000 "ii  cmake"
expect "sudo that refuses ends it" test "$result" = 1 -a ! -s "$folder/asked"

# shellcheck disable=SC2016 # The made-up command expands them.
fake sudo '[ "$1" = -n ] && shift; [ "$1" = true ] || exec "$@"'
try 1000 "ii  cmake"
expect "sudo that works installs" test "$result" = 0 -a -s "$folder/asked"

rm "$folder/bin/dpkg-query"
fake dpkg-query 'exit 1'
try 1000 "ii  cmake" "ii  ninja-build" "ii  ccache"
expect "users need no rights when all is there" test "$result" = 0 -a ! -s "$folder/asked"
echo "setup_test: all as wanted"
