#!/usr/bin/env bash
# libFuzzer goes on from the corpus of every reader for a few seconds: no crash, no hang, no gigabyte.
# Exit code 77: there is no Clang.
#   libfuzzer_test.sh FUZZ_FOLDER SCRATCH_FOLDER [SECONDS]
set -euo pipefail
folder=$1
scratch=$2
seconds=${3:-3}
command -v clang++ >/dev/null || { echo "SKIPPED: clang++ is not installed"; exit 77; }
cmake -S "$folder/clang" -B "$scratch" -G Ninja -DCMAKE_CXX_COMPILER=clang++ >/dev/null
cmake --build "$scratch" --parallel 2
for corpus in "$folder"/corpus/*/; do
  reader=$(basename "$corpus")
  found=$scratch/found/$reader
  mkdir -p "$found"
  echo "$reader"
  KINTSUGI_FUZZ_READER=$reader "$scratch/fuzzer" -max_total_time="$seconds" -rss_limit_mb=1024 -timeout=10 \
    -print_final_stats=1 -artifact_prefix="$scratch/" "$found" "$corpus" 2>&1 | tail -n 12
done
