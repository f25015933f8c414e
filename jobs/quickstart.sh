#!/usr/bin/env bash
# From a fresh machine to a solved network: installs what is missing, builds in release mode, solves, verifies.
#
#   jobs/quickstart.sh [FOLDER] [--output FOLDER] [--np RANKS] [--no-install]
#
#   FOLDER            a puzzle: the folder pieces/ with one .pth file per layer, and a CSV file (historical_data.csv, or
#                     the only *.csv there). Without it, a small network is made, shuffled and put together again.
#   --output FOLDER   where problem.h5, solution.h5, permutation.txt and the logs go (default: build/quickstart)
#   --np RANKS        MPI ranks to solve on (default: 2)
#   --no-install      install nothing, take what is there (for machines without Debian's packages)
#
# Each command is printed before it runs, as it could be typed in the repository's folder. Exit code 0: solved and
# verified. 1: a step before the solve failed. Else that of `kintsugi solve` or `verify`: 3 not solved, 4 stopped.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
here=$PWD

fail() { printf 'quickstart: %s\n' "$*" >&2; exit 1; }
absolute() { case $1 in /*) printf '%s\n' "$1" ;; *) printf '%s\n' "$here/$1" ;; esac; }

folder=
output=build/quickstart
ranks=2
install=yes
while [ $# -gt 0 ]; do
  case $1 in
    --output | --np)
      [ $# -ge 2 ] || fail "$1 needs a value; see --help"
      case $1 in
        --output) output=$(absolute "$2") ;;
        --np) ranks=$2 ;;
      esac
      shift 2 ;;
    --no-install) install=no; shift ;;
    -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    -*) fail "unknown option '$1'; see --help" ;;
    *)
      [ -z "$folder" ] || fail "more than one folder: '$folder' and '$1'"
      folder=$(absolute "$1")
      shift ;;
  esac
done
[[ $ranks =~ ^[1-9][0-9]*$ ]] || fail "--np must be a number of ranks, 1 or more, not '$ranks'"

# Prints the CSV file of the puzzle in folder $1.
find_csv() {
  local found=("$1"/*.csv)
  if [ -f "$1/historical_data.csv" ]; then
    found=("$1/historical_data.csv")
  fi
  [ -f "${found[0]}" ] || fail "no .csv file in $1"
  [ ${#found[@]} -eq 1 ] || fail "more than one .csv file in $1 and none is called historical_data.csv: ${found[*]##*/}"
  printf '%s\n' "${found[0]}"
}

# Checked first, so that a mistyped folder does not cost a build.
if [ -n "$folder" ]; then
  [ -d "$folder" ] || fail "no such folder: $folder"
  [ -d "$folder/pieces" ] || fail "no folder pieces/ in $folder"
  csv=$(find_csv "$folder")
fi
cd "$root"
mkdir -p "$output" || fail "cannot write to $output; choose another folder with --output"

show() { printf '\n$ %s\n' "$*"; }

# Runs a step whose output only matters where it fails: quiet NAME COMMAND...
quiet() {
  local name=$1 log=$output/$1.log started=$SECONDS code=0
  shift
  show "$@"
  "$@" >"$log" 2>&1 </dev/null || code=$?
  if [ $code -ne 0 ]; then
    tail -n 30 "$log" >&2
    fail "step '$name' failed (exit code $code); its whole output: $log"
  fi
  echo "done in $((SECONDS - started)) s (log: $log)"
}

# Runs a step whose output is worth seeing: step NAME COMMAND...
step() {
  local name=$1 log=$output/$1.log code=0
  shift
  show "$@"
  "$@" 2>&1 </dev/null | tee "$log" || code=$?
  [ $code -eq 0 ] || fail "step '$name' failed (exit code $code); its output: $log"
}

if [ "$install" = yes ]; then
  show jobs/install-dependencies.sh
  jobs/install-dependencies.sh || fail "step 'install' failed: packages are missing; --no-install goes on without them"
fi

quiet configure cmake --preset release
quiet build cmake --build --preset release --parallel "$(nproc)"

if [ -n "$folder" ]; then
  step import build/release/kintsugi import "$folder/pieces" "$csv" -o "$output/problem.h5"
  compare=()
else
  step generate build/release/kintsugi generate -o "$output/problem.h5" --answer "$output/answer.txt"
  compare=(--compare "$output/answer.txt")
fi
step info build/release/kintsugi info "$output/problem.h5"

# A small machine may have fewer cores than ranks; Open MPI refuses that, and to run as root, unless told otherwise.
settings=(OMPI_MCA_rmaps_base_oversubscribe=1)
# Containers often forbid one process to read another's memory, which Open MPI would do for large messages.
settings+=(OMPI_MCA_btl_vader_single_copy_mechanism=none)
[ "$(id -u)" -ne 0 ] || settings+=(OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1)
show export "${settings[@]}"
export "${settings[@]}"

solve=(mpirun -np "$ranks" build/release/kintsugi solve "$output/problem.h5" -o "$output/solution.h5")
show "${solve[*]} >$output/permutation.txt  # its log is also in $output/solve.log"
code=0
"${solve[@]}" 2>&1 >"$output/permutation.txt" </dev/null | tee "$output/solve.log" || code=$?
if [ $code -ne 0 ]; then
  echo "quickstart: 'solve' ended with exit code $code; its log: $output/solve.log" >&2
  exit $code
fi
echo
cat "$output/permutation.txt"

verify=(build/release/kintsugi verify "$output/problem.h5" "$output/solution.h5" "${compare[@]}")
show "${verify[@]}"
"${verify[@]}" || { code=$?; echo "quickstart: the answer did not verify (exit code $code)" >&2; exit $code; }
printf '\nsolved and verified; everything is in %s\n' "$output"
