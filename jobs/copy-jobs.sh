#!/usr/bin/env bash
# Copies kintsugi's job files and example configs into a folder, where they can be edited: FOLDER/jobs and
# FOLDER/configs. Installed as `kintsugi-jobs`.
#
#   kintsugi-jobs FOLDER
#
# The folder is made where it is missing. Files that are there already are never overwritten: nothing is copied then.
# Exit code 0: copied. 1: not, and a message says why.
set -euo pipefail

fail() { printf 'kintsugi-jobs: error: %s\n' "$*" >&2; exit 1; }

case ${1:-} in
  -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
  '') fail "no folder given; usage: kintsugi-jobs FOLDER" ;;
  -*) fail "unknown option '$1'; usage: kintsugi-jobs FOLDER" ;;
esac
[ $# -eq 1 ] || fail "more than one folder: $*"
target=${1%/}
[ -n "$target" ] || target=/

# Beside the program: bin/kintsugi-jobs and share/kintsugi; in the repository: jobs/copy-jobs.sh.
here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
source=$here/../share/kintsugi
[ -d "$source/jobs" ] || source=$here/..
if [ ! -d "$source/jobs" ] || [ ! -d "$source/configs" ]; then fail "no job files beside $here; is kintsugi installed whole?"; fi

[ ! -e "$target" ] || [ -d "$target" ] || fail "$target is no folder"
for part in jobs configs; do
  [ ! -e "$target/$part" ] || fail "$target/$part is there already; name another folder, or move it away"
done
mkdir -p "$target" || fail "cannot make the folder $target"
for part in jobs configs; do
  mkdir "$target/$part" || fail "cannot write to $target"
  find "$source/$part" -maxdepth 1 -type f -exec cp -- {} "$target/$part/" \; || fail "cannot copy to $target/$part"
done
chmod -R u+w "$target/jobs" "$target/configs"
printf 'job files in %s, their configs in %s; how to use them: %s\n' \
  "$target/jobs" "$target/configs" "$target/jobs/README.md"
