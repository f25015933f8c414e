#!/usr/bin/env bash
# Builds the Debian packages kintsugi and kintsugi-dev for processors of any age (from x86-64-v2 on), for Debian 12.
#
#   jobs/packaging/build-deb.sh [FOLDER] [-j JOBS]
#
#   FOLDER    where the packages go (default: build/package/packages)
#   -j JOBS   compile so many files at a time (default: the number of processors)
#
# Needs what jobs/install-dependencies.sh installs, and dpkg-dev. The last lines are the packages' paths.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
fail() { printf 'build-deb: error: %s\n' "$*" >&2; exit 1; }

folder=$root/build/package/packages
jobs=$(nproc)
while [ $# -gt 0 ]; do
  case $1 in
    -j) [ $# -ge 2 ] || fail "-j needs a number"; jobs=$2; shift 2 ;;
    -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    -*) fail "unknown option '$1'; see --help" ;;
    *) folder=$1; shift ;;
  esac
done
command -v dpkg-shlibdeps >/dev/null || fail "there is no dpkg-shlibdeps; install dpkg-dev"
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

cd "$root"
cmake --preset package
cmake --build --preset package --parallel "$jobs"
cd build/package
cpack -B "$folder/cpack"
mv "$folder"/cpack/*.deb "$folder/"
rm -rf "$folder/cpack"
ls "$folder"/*.deb
