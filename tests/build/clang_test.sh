#!/usr/bin/env bash
# Clang compiles the library and the program without a warning, as the preset `clang` asks it to but without optimising.
# Exit code 77: there is no Clang.
#   clang_test.sh REPOSITORY SCRATCH_FOLDER
set -euo pipefail
cd "$1"
scratch=$2
command -v clang++ >/dev/null || { echo "SKIPPED: clang++ is not installed"; exit 77; }
clang++ --version | head -n 1
cmake --preset clang -B "$scratch" -DKINTSUGI_TESTS=OFF -DCMAKE_CXX_FLAGS_RELEASE=-O0
cmake --build "$scratch" --parallel 2
