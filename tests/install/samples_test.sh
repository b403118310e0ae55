#!/usr/bin/env bash
# Goal: the installed samples run for a user who may not write where they lie, and leave what they
# make in the folder the command was given in.
# Method: the staged command runs each of them in an empty folder; PWD is told, wrong, or not there.
#
# usage: samples_test.sh PREFIX SAMPLES SCRATCH
set -euo pipefail
command=$1/bin/troupe
samples=$2
scratch=$3

fail() {
  printf 'samples_test: %s\n' "$*" >&2
  exit 1
}

rm -rf "$scratch"
mkdir -p "$scratch/tree"
printf 'a b a\n' >"$scratch/tree/one"
printf 'b\n' >"$scratch/tree/two"
before=$(find "$1" | sort)

run_all() { # NAME COMMAND...
  local here=$scratch/$1 sample
  shift
  mkdir "$here"
  cd "$here"
  for sample in "$samples"/*.yaml; do
    timeout 60 "$@" "$command" run "$sample" --set root=../tree >log 2>&1 ||
      fail "$sample in $here: $(cat log)"
  done
  # The paths of the tree in its checksums are relative to this folder, or absolute.
  sha256sum --check --quiet checksums.sha256 || fail "the checksums in $here are wrong"
  [ "$(wc -l <checksums.sha256)" = 2 ] || fail "not all files of the tree are in checksums.sha256"
  [ "$(cat words.txt)" = $'2 a\n2 b' ] || fail "the words are: $(cat words.txt)"
  diff -r "$scratch/tree" copy || fail "the copy differs"
}

run_all told env
run_all wrong env PWD=/nowhere
run_all missing env -u PWD
[ "$(find "$1" | sort)" = "$before" ] || fail "a sample wrote below $1"
