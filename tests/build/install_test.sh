#!/usr/bin/env bash
# Installs a build into a scratch prefix, moves that, and uses what lies there as a stranger would: the program, the job
# files, the module file, the library by CMake (a project with C++ alone, and one with C) and by pkg-config.
#   install_test.sh BUILD_FOLDER VERSION MPIRUN_SCRIPT [CXX_FLAGS]
set -euo pipefail
build=$1
version=$2
mpirun_script=$3
flags=${4:-}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/kintsugi-install-test.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
fail() { echo "install_test: $*" >&2; exit 1; }

cmake --install "$build" --prefix "$scratch/prefix" >"$scratch/install.log" || { cat "$scratch/install.log"; fail "cmake --install"; }
# Moved after the installation: an installed package must not depend on where it was put first, nor on the build tree.
mv "$scratch/prefix" "$scratch/moved"
prefix=$scratch/moved
if grep -rIl --exclude='*.md' -e "$build" -e "$scratch/prefix" "$prefix"; then
  fail "the files above name the build tree or the prefix"
fi
for file in LICENSE README.md CHANGELOG.md copyright; do
  [ -s "$prefix/share/doc/kintsugi/$file" ] || fail "no share/doc/kintsugi/$file"
done

# The program and its job files.
printed=$("$prefix/bin/kintsugi" --version)
[[ $printed == *"$version"* ]] || fail "bin/kintsugi --version printed '$printed', without $version"
"$prefix/bin/kintsugi-jobs" "$scratch/my jobs" >/dev/null
for file in jobs/solve.sbatch jobs/functions.sh jobs/README.md configs/cluster.cfg configs/README.md; do
  [ -w "$scratch/my jobs/$file" ] || fail "kintsugi-jobs left out $file"
done
echo mine >"$scratch/my jobs/jobs/solve.sbatch"
"$prefix/bin/kintsugi-jobs" "$scratch/my jobs" 2>/dev/null && fail "kintsugi-jobs copied over what was there"
[ "$(cat "$scratch/my jobs/jobs/solve.sbatch")" = mine ] || fail "kintsugi-jobs changed a file that was there"

# The module file, by each of the two module commands that is there. Debian's packages of them exclude each other: an Lmod
# that was unpacked elsewhere (dpkg -x; its Lua packages installed) is named by KINTSUGI_LMOD, the folder of libexec/lmod.
try_module() {  # NAME SCRIPT: SCRIPT defines the shell's function `module`
  local seen expected
  # shellcheck disable=SC2016  # for the inner shell
  seen=$(env -u MODULEPATH -u LOADEDMODULES -u _LMFILES_ PATH=/usr/bin:/bin bash -c '
    set -e
    eval "$1"
    module use "$2/share/kintsugi/modulefiles"
    module load kintsugi
    command -v kintsugi kintsugi-jobs
    echo "$KINTSUGI_ROOT|$PYTHONPATH|$CMAKE_PREFIX_PATH|$PKG_CONFIG_PATH"
    kintsugi info --help >/dev/null
    module help kintsugi 2>&1 | grep -o "puts dropped neural networks back together"
    module unload kintsugi
    command -v kintsugi || echo "gone with the module${KINTSUGI_ROOT:-}"' bash "$2" "$prefix")
  expected="$prefix/bin/kintsugi
$prefix/bin/kintsugi-jobs
$prefix|$prefix/share/kintsugi/python|$prefix|$(find "$prefix" -type d -name pkgconfig)
puts dropped neural networks back together
gone with the module"
  [ "$seen" = "$expected" ] || fail "with $1, the module file gave
$seen
instead of
$expected"
}
modules=/usr/share/modules/init/bash
lmod=${KINTSUGI_LMOD:-/usr/share/lmod/lmod}/libexec/lmod
if [ -r $modules ]; then
  try_module "Environment Modules" ". $modules"
else
  echo "SKIPPED: the module file was not loaded by Environment Modules: environment-modules is not installed"
fi
if [ -x "$lmod" ]; then
  try_module Lmod "module() { eval \"\$($(printf %q "$lmod") bash \"\$@\")\"; }"
else
  echo "SKIPPED: the module file was not loaded by Lmod: lmod is not installed, and KINTSUGI_LMOD names none"
fi

# A release of the next minor number must not be taken for this one.
next=${version%%.*}.$(($(cut -d. -f2 <<<"$version") + 1))
example=$prefix/share/kintsugi/examples/library
if cmake -S "$example" -B "$scratch/next" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" -DWANTED_VERSION="$next" \
  >"$scratch/next.log" 2>&1; then
  fail "find_package(kintsugi $next) accepted version $version"
fi

# With the language C as well, CMake finds MPI by another name; it is enough that this configures.
sed 's/LANGUAGES CXX/LANGUAGES C CXX/' "$example/CMakeLists.txt" >"$scratch/both.txt"
mkdir "$scratch/both" && cp "$example/main.cpp" "$scratch/both/" && mv "$scratch/both.txt" "$scratch/both/CMakeLists.txt"
cmake -S "$scratch/both" -B "$scratch/both/build" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" >"$scratch/both.log" ||
  { cat "$scratch/both.log"; fail "a project with C and C++ does not find the package"; }

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

cmake -S "$example" -B "$scratch/build" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" -DWANTED_VERSION="$version" \
  -DCMAKE_CXX_FLAGS="$flags"
grep -q "^kintsugi_DIR:PATH=$prefix/" "$scratch/build/CMakeCache.txt" || fail "another kintsugi was found"
cmake --build "$scratch/build"
"$scratch/build/example"
"$mpirun_script" 2 "$scratch/build/example"

# By pkg-config, without CMake: it names everything that the static library links to.
export PKG_CONFIG_PATH
PKG_CONFIG_PATH=$(find "$prefix" -type d -name pkgconfig)
[ "$(pkg-config --modversion kintsugi)" = "$version" ] || fail "pkg-config does not know version $version"
# shellcheck disable=SC2046,SC2086  # lists
"${CXX:-c++}" -std=c++20 -O1 $flags "$example/main.cpp" $(pkg-config --cflags --libs kintsugi) -o "$scratch/by-pkg-config"
"$scratch/by-pkg-config"
