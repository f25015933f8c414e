#!/usr/bin/env bash
# A newcomer's clock: a fresh Debian 12 in a folder of its own, the package installed there by apt, a puzzle solved there.
#
#   jobs/packaging/newcomer.sh kintsugi.deb PUZZLE [--root FOLDER] [--mirror URL]
#
#   PUZZLE         a folder that `kintsugi solve` takes: pieces and a table
#   --root FOLDER  where the system goes and stays; one that is there already is used again (default: a new folder below
#                  /tmp, which is removed in the end)
#   --mirror URL   of Debian (default: http://deb.debian.org/debian)
#
# Needs root, debootstrap and the mirror. The system itself takes a minute or two and is not counted: a newcomer has one.
# The last line is `RESULT apt_seconds=... solve_seconds=... first_answer_seconds=...`. Exit code 0: solved there.
set -euo pipefail
fail() { printf 'newcomer: error: %s\n' "$*" >&2; exit 1; }

mirror=http://deb.debian.org/debian
system=
keep=no
given=()
while [ $# -gt 0 ]; do
  case $1 in
    --root | --mirror)
      [ $# -ge 2 ] || fail "$1 needs a value"
      case $1 in
        --root) system=$2; keep=yes ;;
        --mirror) mirror=$2 ;;
      esac
      shift 2 ;;
    -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    -*) fail "unknown option '$1'; see --help" ;;
    *) given+=("$1"); shift ;;
  esac
done
[ ${#given[@]} -eq 2 ] || fail "needs a package and a puzzle; see --help"
package=${given[0]}
puzzle=${given[1]}
[ -f "$package" ] || fail "no such package: $package"
[ -d "$puzzle" ] || fail "no such folder: $puzzle"
[ "$(id -u)" -eq 0 ] || fail "needs root, for debootstrap and chroot"
command -v debootstrap >/dev/null || fail "there is no debootstrap; install it"

[ -n "$system" ] || system=$(mktemp -d /tmp/kintsugi-newcomer.XXXXXX)
# The end: what was mounted goes first.
# shellcheck disable=SC2317  # it is reached, by the trap
clean_up() {
  umount "$system/proc" 2>/dev/null || true
  [ "$keep" = yes ] || rm -rf --one-file-system "$system"
}
trap clean_up EXIT

if [ ! -x "$system/usr/bin/apt-get" ]; then
  echo "newcomer: a fresh Debian 12 in $system"
  debootstrap --variant=minbase bookworm "$system" "$mirror" >"$system.log" 2>&1 || { tail "$system.log"; fail "debootstrap"; }
  rm -f "$system.log"
fi
cp "$package" "$system/tmp/kintsugi.deb"
rm -rf "$system/tmp/puzzle"
cp -r "$puzzle" "$system/tmp/puzzle"
cp /etc/resolv.conf "$system/etc/resolv.conf"
chroot "$system" id newcomer >/dev/null 2>&1 || chroot "$system" useradd --create-home newcomer
chroot "$system" chown -R newcomer /tmp/puzzle
chmod -R u+w "$system/tmp/puzzle"
# Some containers let nobody mount; the program then does without.
mount -t proc proc "$system/proc" 2>/dev/null || echo "newcomer: /proc cannot be mounted here"

inside() { chroot "$system" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
seconds_since() { awk -v from="$1" -v to="$(date +%s.%N)" 'BEGIN { printf "%.1f", to - from }'; }

start=$(date +%s.%N)
inside apt-get -q update
echo '$ apt install ./kintsugi.deb'
inside apt-get install -y -q /tmp/kintsugi.deb
apt_seconds=$(seconds_since "$start")

begin=$(date +%s.%N)
echo '$ kintsugi solve puzzle'
code=0
chroot --userspec=newcomer "$system" env -i PATH=/usr/bin:/bin HOME=/home/newcomer LC_ALL=C.UTF-8 \
  sh -c 'cd /tmp && exec kintsugi solve puzzle' >"$system/tmp/permutation.txt" || code=$?
solve_seconds=$(seconds_since "$begin")
cat "$system/tmp/permutation.txt"
inside kintsugi --version
echo "RESULT code=$code apt_seconds=$apt_seconds solve_seconds=$solve_seconds first_answer_seconds=$(seconds_since "$start")"
exit $code
