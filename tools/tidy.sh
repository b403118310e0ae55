# shellcheck shell=bash
# Sourced by ./check: clang-tidy over the sources of the rooms, or over the files that are named.

tidy() { # [FILE...]
  install_packages tools/packages_tidy.txt
  build dev troupe # Configures, and makes what sources may include.
  local files=("$@")
  [ $# -gt 0 ] || mapfile -t files < <(find framework actors config cli -name '*.cpp' | sort)
  say "clang-tidy looks at ${#files[@]} files"
  # What it finds goes to stdout; how many warnings it has held back is no news.
  printf '%s\0' "${files[@]}" |
    xargs -0 -P "$(nproc)" -n 4 clang-tidy --quiet -p build/dev 2> >(grep -vE '^[0-9]+ warnings? |^$' >&2) ||
    die "clang-tidy found faults; they stand above"
  say "clang-tidy found nothing"
}
