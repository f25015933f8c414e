#!/usr/bin/env bash
# Installs the Debian 12 packages that kintsugi is built from, those that are missing. Instant, and without network,
# where all are there.
#
#   jobs/install-dependencies.sh [--tests] [--list]
#
#   --tests   also what the tests use: GoogleTest, h5py, pandas, Matplotlib, Clang and its tools, PyTorch, Slurm,
#             environment modules, Chromium, shells
#   --list    print the missing packages, one a line, and install nothing
#
# Exit code 0: all are there now. 1: something is missing and could not be installed; the last lines say what and how.
set -euo pipefail

build_packages=(
  g++ cmake ninja-build pkg-config
  openmpi-bin libopenmpi-dev libhdf5-openmpi-dev
  libeigen3-dev libboost-program-options-dev libxsmm-dev
  libzip-dev libarchive-dev libssl-dev zlib1g-dev nlohmann-json3-dev node-d3)
test_packages=(libgtest-dev libgmock-dev hdf5-tools
  python3 python3-h5py python3-torch python3-pandas python3-matplotlib python3-yaml
  clang clang-format-14 clang-tidy-14 shellcheck git faketime
  slurmctld slurmd slurm-client munge iproute2 environment-modules dpkg-dev
  chromium chromium-driver python3-selenium fonts-dejavu-core
  man-db mandoc bash-completion zsh fish python3-jsonschema)

say() { printf 'install-dependencies: %s\n' "$*" >&2; }

wanted=("${build_packages[@]}")
list_only=no
for argument in "$@"; do
  case $argument in
    --tests) wanted+=("${test_packages[@]}") ;;
    --list) list_only=yes ;;
    -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    *) say "unknown option '$argument'; known are --tests, --list, --help"; exit 1 ;;
  esac
done

if ! command -v dpkg-query >/dev/null; then
  say "this is no Debian system, so nothing can be installed from here. Needed, by their names in Debian 12:"
  say "  ${wanted[*]}"
  say "Once they are there (environment modules, a package manager), start the script again with --no-install."
  exit 1
fi

# Prints those of the packages named that are not installed.
missing_of() {
  local installed
  installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p') || true
  comm -23 <(printf '%s\n' "$@" | sort) <(printf '%s\n' "$installed" | sort)
}

mapfile -t missing < <(missing_of "${wanted[@]}")
if [ "$list_only" = yes ]; then
  [ ${#missing[@]} -eq 0 ] || printf '%s\n' "${missing[@]}"
  exit 0
fi
[ ${#missing[@]} -gt 0 ] || exit 0

install_command="apt-get install --no-install-recommends ${missing[*]}"
become_root=()
if [ "$(id -u)" -ne 0 ]; then
  # Without a terminal nobody can type a password, so sudo must work without one.
  if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
    become_root=(sudo)
  else
    say "missing packages: ${missing[*]}"
    say "this user may not install them (not root, no sudo). As root, run:"
    say "  apt-get update && $install_command"
    exit 1
  fi
fi

say "installing: ${missing[*]}"
log=$(mktemp "${TMPDIR:-/tmp}/kintsugi-install.XXXXXX.log")
apt_get() {
  "${become_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1 </dev/null
}
apt_get update || say "apt-get update reported errors; trying with the package lists as they are"
if ! apt_get install -y --no-install-recommends "${missing[@]}"; then
  tail -n 15 "$log" >&2
  say "could not install: ${missing[*]}"
  say "the whole log: $log. To try by hand, as root:"
  say "  apt-get update && $install_command"
  exit 1
fi

mapfile -t missing < <(missing_of "${wanted[@]}")
if [ ${#missing[@]} -gt 0 ]; then
  say "apt-get ended without an error, but these are still missing: ${missing[*]} (log: $log)"
  exit 1
fi
rm -f "$log"
