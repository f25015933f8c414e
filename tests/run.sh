#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test: first the `developer` preset (release, warnings are errors),
# then whole logs against the golden ones (`golden`: no processor's own instructions), then the tests with the address
# and undefined-behaviour sanitizers (`asan`).
#
#   tests/run.sh [--all | --preset NAME...] [-R REGEX] [-j JOBS] [--no-install]
#
#   --all           the whole matrix: developer, clang, debug, asan, no-libxsmm, portable (see CMakePresets.json)
#   --preset NAME   only this preset (one of these, or coverage, which also prints the lines reached by module); may be
#                   given more than once
#   -R REGEX        only the tests whose names match
#   -j JOBS         compile and test so many at a time (default: the number of processors)
#   --no-install    install nothing, take what is there
#
# The last line is `N passed, N failed`, with `, N skipped` where tests were skipped; the lines above it name each test that
# failed or was skipped. Exit code 0: nothing failed. 1: something did, or could not be built. Runs from any folder.
set -uo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1

presets=()
regex=
install=yes
jobs=$(nproc)
usage_error() { echo "run.sh: $*; see --help" >&2; exit 1; }
while [ $# -gt 0 ]; do
  case $1 in
    --preset | -R | -j)
      [ $# -ge 2 ] || usage_error "$1 needs a value"
      case $1 in
        --preset) presets+=("$2") ;;
        -R) regex=$2 ;;
        -j) jobs=$2 ;;
      esac
      shift 2 ;;
    --all) presets=(developer clang debug asan no-libxsmm portable); shift ;;
    --no-install) install=no; shift ;;
    -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    *) usage_error "unknown option '$1'" ;;
  esac
done
[ ${#presets[@]} -gt 0 ] || presets=(developer golden asan)

if [ "$install" = yes ] && ! jobs/install-dependencies.sh --tests; then
  echo "run.sh: nothing was built or tested"
  echo "0 passed, 1 failed"
  exit 1
fi

if command -v ccache >/dev/null; then
  # Paths below the repository are hashed as relative ones, so that another clone finds what this one compiled.
  export CMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER:-ccache} CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
  # Precompiled headers are cached as well.
  export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-pch_defines,time_macros}
fi
# Containers often forbid one process to read another's memory, which Open MPI would do for large messages.
export OMPI_MCA_btl_vader_single_copy_mechanism=${OMPI_MCA_btl_vader_single_copy_mechanism:-none}

# Runs a build step quietly: its output goes to a log, which is shown where the step fails.
build_step() {
  local name=$1 log=$2
  shift 2
  printf '$ %s\n' "$*"
  if ! "$@" >"$log" 2>&1; then
    tail -n 60 "$log"
    echo "run.sh: FAILED: $name (whole log: $log)"
    return 1
  fi
}

results=()
for preset in "${presets[@]}"; do
  started=$SECONDS
  folder=build/$preset
  results+=("$folder")
  mkdir -p "$folder"
  rm -f "$folder/results.xml"
  find "$folder" -name '*.gcda' -delete  # what an earlier run of the coverage preset counted
  build_step "configuring preset $preset" "$folder/configure.log" cmake --preset "$preset" || continue
  build_step "building preset $preset" "$folder/build.log" cmake --build --preset "$preset" --parallel "$jobs" || continue
  echo "built preset $preset in $((SECONDS - started)) s"
  started=$SECONDS
  select=()
  [ -z "$regex" ] || select=(-R "$regex")
  # Whole outputs are kept: skipped tests are found in them.
  command=(ctest --preset "$preset" --parallel "$jobs" --output-junit results.xml --no-tests=ignore
    --test-output-size-passed 10000000 --test-output-size-failed 10000000 "${select[@]}")
  printf '$ %s\n' "${command[*]}"
  "${command[@]}"
  echo "tested preset $preset in $((SECONDS - started)) s"
  [ "$preset" != coverage ] || python3 tests/support/coverage.py "$folder"
done

exec python3 tests/support/summarize.py "${results[@]}"
