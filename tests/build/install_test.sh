#!/usr/bin/env bash
# Installs a build into a scratch prefix, builds the project in consumer/ against it and runs that on one rank and two.
#   install_test.sh BUILD_FOLDER VERSION MPIRUN_SCRIPT [CONSUMER_CXX_FLAGS]
set -euo pipefail
build=$1
version=$2
mpirun_script=$3
flags=${4:-}
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/kintsugi-install-test.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
fail() { echo "install_test: $*" >&2; exit 1; }

cmake --install "$build" --prefix "$scratch/prefix" >"$scratch/install.log" || { cat "$scratch/install.log"; fail "cmake --install"; }
# Moved after the installation: an installed package must not depend on where it was put first, nor on the build tree.
mv "$scratch/prefix" "$scratch/moved"
prefix=$scratch/moved
if grep -rIl --include='*.cmake' -e "$build" -e "$scratch/prefix" "$prefix"; then
  fail "the CMake files above name the build tree or the prefix"
fi

# A release of the next minor number must not be taken for this one.
next=${version%%.*}.$(($(cut -d. -f2 <<<"$version") + 1))
if cmake -S "$here/consumer" -B "$scratch/next" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" -DWANTED_VERSION="$next" \
  >"$scratch/next.log" 2>&1; then
  fail "find_package(kintsugi $next) accepted version $version"
fi

cmake -S "$here/consumer" -B "$scratch/consumer" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$prefix" \
  -DWANTED_VERSION="$version" -DCMAKE_CXX_FLAGS="$flags"
grep -q "^kintsugi_DIR:PATH=$prefix/" "$scratch/consumer/CMakeCache.txt" || fail "another kintsugi was found"
cmake --build "$scratch/consumer"
"$scratch/consumer/consumer"
"$mpirun_script" 2 "$scratch/consumer/consumer"

printed=$("$prefix/bin/kintsugi" --version)
[[ $printed == *"$version"* ]] || fail "bin/kintsugi --version printed '$printed', without $version"

# Man pages and completion, where man and shells look.
for command in "" $("$prefix/bin/kintsugi" help | sed -n 's/^  \([a-z]*\)  *[A-Z].*/-\1/p'); do
  page=$prefix/share/man/man1/kintsugi$command.1
  grep -q '^\.SH NAME$' "$page" || fail "no man page $page"
done
if command -v man >/dev/null; then
  MANPATH=$prefix/share/man man --where kintsugi-solve | grep -q "$prefix" || fail "man does not find kintsugi-solve"
fi
bash -n "$prefix/share/bash-completion/completions/kintsugi"
grep -q '^#compdef kintsugi$' "$prefix/share/zsh/site-functions/_kintsugi" || fail "no completion for zsh"
grep -q '^complete -c kintsugi ' "$prefix/share/fish/vendor_completions.d/kintsugi.fish" || fail "no completion for fish"
grep -q '"record"' "$prefix/share/kintsugi/log.schema.json" || fail "no schema of the log"
