# shellcheck shell=bash
# Sourced by ./run and ./check, in the root of the tree: installs what is missing and builds.

say() { printf '%s\n' "$*" >&2; }

die() {
  say "$(basename "$0"): $*"
  exit 1
}

# Installs the packages of the list files that are not installed. Asks nothing of apt, and takes
# a blink, when all of them are.
install_packages() { # LIST_FILE...
  if ! command -v dpkg-query >/dev/null; then
    say "This is not Debian: taking for granted that the packages of $* are here under other names."
    return 0
  fi
  local wanted missing
  wanted=$(sed 's/#.*//' "$@" | awk 'NF { print $1 }' | sort -u)
  # Any state whose second letter is i: installed, or installed and held.
  missing=$(comm -23 <(printf '%s\n' "$wanted") <(
    # shellcheck disable=SC2086 # One package name a word.
    dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' $wanted 2>/dev/null |
      awk '$1 ~ /^.i/ { print $2 }' | sort -u))
  [ -n "$missing" ] || return 0
  missing=$(printf '%s' "$missing" | tr '\n' ' ')
  say "Installing Debian packages: $missing"
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    local ways=(sudo)
    [ -t 0 ] || ways=(sudo -n) # Nobody there to type a password.
    if ! command -v sudo >/dev/null || ! "${ways[@]}" true; then
      die "these packages are missing and this is neither root nor able to use sudo. As root, run:
  apt-get update && apt-get install --no-install-recommends $missing"
    fi
    as_root=("${ways[@]}")
  fi
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
  "${apt[@]}" update >&2 || say "apt-get update failed; trying with the package lists that are here"
  # shellcheck disable=SC2086
  "${apt[@]}" install -y --no-install-recommends $missing >&2 ||
    die "apt-get could not install: $missing"
}

# Configures build/PRESET when that is new, moved or older than the presets, and builds the targets.
build() { # PRESET [TARGET...]
  local preset=$1 folder="build/$1" log
  shift
  local cache="$folder/CMakeCache.txt"
  if [ -f "$cache" ] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" "$cache"; then
    say "$folder was made for another place; making it anew"
    rm -rf "$folder"
  fi
  if [ ! -f "$folder/build.ninja" ] || [ CMakePresets.json -nt "$folder/build.ninja" ]; then
    mkdir -p "$folder"
    log="$folder/configure.log"
    say "Configuring $folder"
    if ! cmake --preset "$preset" >"$log" 2>&1; then
      cat "$log" >&2
      die "cmake could not configure $folder; the reason stands above"
    fi
  fi
  local targets=()
  [ $# -eq 0 ] || targets=(--target "$@")
  cmake --build "$folder" --parallel "$(nproc)" "${targets[@]}" >&2 || die "the build in $folder failed"
}
