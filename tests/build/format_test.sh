#!/usr/bin/env bash
# Every C++ file is as clang-format 14 and the root's .clang-format leave it. Exit code 77: there is no clang-format 14.
#   format_test.sh REPOSITORY
set -euo pipefail
cd "$1"
if ! command -v clang-format-14 >/dev/null; then
  echo "SKIPPED: clang-format-14 is not installed; other versions format differently"
  exit 77
fi
mapfile -t sources < <(find include src tests -name '*.hpp' -o -name '*.cpp' | sort)
[ ${#sources[@]} -gt 0 ] || { echo "no C++ files below $PWD"; exit 1; }
clang-format-14 --dry-run -Werror "${sources[@]}"
echo "${#sources[@]} files are formatted"
