#!/usr/bin/env bash
# Makes Debian packages of a build by cpack, looks at what they say and hold, and runs the program from there.
# Exit code 77: this is no Debian, or dpkg-dev is missing.
#   deb_test.sh BUILD_FOLDER VERSION
set -euo pipefail
build=$1
version=$2
for tool in dpkg-deb dpkg-shlibdeps apt-get; do
  command -v "$tool" >/dev/null || { echo "SKIPPED: there is no $tool"; exit 77; }
done
scratch=$(mktemp -d "${TMPDIR:-/tmp}/kintsugi-deb-test.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
fail() { echo "deb_test: $*" >&2; exit 1; }

cpack --config "$build/CPackConfig.cmake" -B "$scratch" >"$scratch/cpack.log" 2>&1 || { cat "$scratch/cpack.log"; fail cpack; }
architecture=$(dpkg --print-architecture)
program=$scratch/kintsugi_${version}_$architecture.deb
development=$scratch/kintsugi-dev_${version}_$architecture.deb
if [ ! -f "$program" ] || [ ! -f "$development" ]; then fail "cpack made $(ls "$scratch")"; fi

# Libraries that the program is linked to, by the packages that have them; no build tools.
depends=$(dpkg-deb -f "$program" Depends)
for package in libc6 libopenmpi3 libhdf5-openmpi libarchive13 libzip4 libssl3 libboost-program-options; do
  [[ $depends == *"$package"* ]] || fail "$package is not among what the package depends on: $depends"
done
[[ $depends != *-dev* ]] || fail "the program depends on headers: $depends"
# apt finds a way to install both.
apt-get install --simulate -o Debug::NoLocking=1 "$program" "$development" >"$scratch/apt.log" 2>&1 ||
  { cat "$scratch/apt.log"; fail "apt cannot install the packages"; }
grep -q '^Inst kintsugi ' "$scratch/apt.log" || { cat "$scratch/apt.log"; fail "apt would not install kintsugi"; }

dpkg-deb -x "$program" "$scratch/root"
for file in bin/kintsugi bin/kintsugi-jobs share/doc/kintsugi/copyright share/kintsugi/jobs/solve.sbatch; do
  [ -s "$scratch/root/usr/$file" ] || fail "no /usr/$file in the package"
done
[ -z "$(find "$scratch/root" -name '*.hpp' -o -name '*.a')" ] || fail "the program's package has parts of the library"
dpkg-deb -c "$development" >"$scratch/files"  # whole: grep -q would close the pipe
grep -q 'include/kintsugi/version.hpp' "$scratch/files" || fail "no headers in kintsugi-dev"
[[ $("$scratch/root/usr/bin/kintsugi" --version) == *"$version"* ]] || fail "the packaged program is of another version"
"$scratch/root/usr/bin/kintsugi-jobs" "$scratch/jobs" >/dev/null || fail "kintsugi-jobs does not find its files"
echo "packages: $(stat -c '%n %s bytes;' "$program" "$development" | sed "s|$scratch/||" | paste -sd ' ')"
