#!/usr/bin/env bash
# Every shell script is as shellcheck wants it, and takes a folder of any name. Exit code 77: there is no shellcheck.
#   scripts_test.sh REPOSITORY
set -euo pipefail
cd "$1"
if ! command -v shellcheck >/dev/null; then
  echo "SKIPPED: shellcheck is not installed"
  exit 77
fi
mapfile -d '' scripts < <(find .ci/run jobs tests \( -path .ci/run -o -name '*.sh' -o -name '*.sbatch' \) -print0 | sort -z)
[ ${#scripts[@]} -gt 10 ] || { echo "hardly any scripts below $PWD"; exit 1; }
shellcheck -x "${scripts[@]}"

# A copy of the repository's scripts in a folder with all that a shell could trip over.
scratch=$(mktemp -d "${TMPDIR:-/tmp}/kintsugi-scripts-test.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
odd=$scratch/$'a b\'"$(touch pwned)`touch pwned`;&*\nc'
mkdir -p "$odd/puzzle" "$odd/tmp"
cp -r jobs .ci tests/run.sh tests/support "$odd/"
cd "$scratch"
for script in jobs/quickstart.sh jobs/install-dependencies.sh run.sh; do
  TMPDIR=$odd/tmp "$odd/$script" --help </dev/null | grep -q . || { echo "$script --help says nothing"; exit 1; }
done
TMPDIR=$odd/tmp "$odd/jobs/install-dependencies.sh" --list </dev/null >list
says=$("$odd/jobs/quickstart.sh" --no-install "$odd/puzzle" 2>&1 </dev/null) && { echo "a puzzle without pieces was taken"; exit 1; }
[ "$says" = "quickstart: no folder pieces/ in $odd/puzzle" ] || { echo "unexpected: $says"; exit 1; }
[ "$("$odd/support/mpirun.sh" 1 printf '%s.' "$odd")" = "$odd." ] || { echo "mpirun.sh changes its arguments"; exit 1; }
[ -z "$(find . -name pwned)" ] || { echo "a name was run as a command"; exit 1; }
echo "${#scripts[@]} scripts are in order"
