#!/usr/bin/env bash
# Builds the image of the Dockerfile by buildah, where no registry can be reached: Debian 12 comes from debootstrap. Then
# a network is made, solved and verified in the image.
#
#   jobs/packaging/build-image.sh [--package kintsugi.deb] [--output FILE] [--base FILE.tar] [--mirror URL]
#
#   --package FILE  put this package into the image (default: the image compiles one, which takes a while)
#   --output FILE   leave the image there, as `docker load` and `apptainer build kintsugi.sif docker-archive:FILE` take it
#   --base FILE     a tar archive with a Debian 12 (default: made by debootstrap)
#   --mirror URL    of Debian (default: http://deb.debian.org/debian)
#
# Needs root, buildah and debootstrap; no daemon, and nothing stays behind. Exit code 0: built, and solved there. Where a
# registry can be reached: docker build -f jobs/packaging/Dockerfile -t kintsugi .
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
fail() { printf 'build-image: error: %s\n' "$*" >&2; exit 1; }

mirror=http://deb.debian.org/debian
package='' output='' base=''
while [ $# -gt 0 ]; do
  case $1 in
    --package | --output | --base | --mirror)
      [ $# -ge 2 ] || fail "$1 needs a value"
      case $1 in
        --package) package=$2 ;;
        --output) output=$2 ;;
        --base) base=$2 ;;
        --mirror) mirror=$2 ;;
      esac
      shift 2 ;;
    -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    *) fail "unknown argument '$1'; see --help" ;;
  esac
done
[ -z "$package" ] || [ -f "$package" ] || fail "no such package: $package"
[ -z "$base" ] || [ -f "$base" ] || fail "no such archive: $base"
[ "$(id -u)" -eq 0 ] || fail "needs root, for buildah without user namespaces"
command -v buildah >/dev/null || fail "there is no buildah; install it"

scratch=$(mktemp -d /tmp/kintsugi-image.XXXXXX)
# shellcheck disable=SC2317  # it is reached, by the trap
clean_up() { rm -rf --one-file-system "$scratch"; }
trap clean_up EXIT
builder() { buildah --storage-driver vfs --root "$scratch/images" --runroot "$scratch/run" "$@"; }

if [ -z "$base" ]; then
  command -v debootstrap >/dev/null || fail "there is no debootstrap; install it"
  echo "build-image: Debian 12 by debootstrap"
  debootstrap --variant=minbase bookworm "$scratch/debian" "$mirror" >"$scratch/log" 2>&1 || { tail "$scratch/log"; fail "debootstrap"; }
  base=$scratch/debian.tar
  tar -C "$scratch/debian" --one-file-system -cf "$base" .
  rm -rf --one-file-system "$scratch/debian"
fi
container=$(builder from scratch)
builder add -q "$container" "$base" / >/dev/null
for name in debian:12 debian:12-slim; do builder commit -q "$container" "docker.io/library/$name" >/dev/null; done
builder rm "$container" >/dev/null

arguments=()
if [ -n "$package" ]; then
  # It stands for what the Dockerfile's stage `build` leaves.
  mkdir -p "$scratch/build/packages"
  cp "$package" "$scratch/build/packages/kintsugi_given.deb"
  arguments=(--build-context "build=$scratch/build")
fi
echo '$ buildah build -f jobs/packaging/Dockerfile -t kintsugi .'
builder build --isolation chroot --pull-never --ignorefile "$root/jobs/packaging/Dockerfile.dockerignore" \
  -f "$root/jobs/packaging/Dockerfile" -t kintsugi "${arguments[@]}" "$root"

container=$(builder from --pull-never localhost/kintsugi)
# What stands between single quotes is for the shell in the image.
# shellcheck disable=SC2016
builder run --isolation chroot "$container" -- sh -euc '
  test "$(id -un)" = user
  cd "$(mktemp -d)"
  kintsugi --version
  kintsugi generate --blocks 8 -o problem.h5 --answer answer.txt
  mpirun -np 2 --oversubscribe kintsugi solve problem.h5 -o solution.h5
  kintsugi verify problem.h5 solution.h5 --compare answer.txt'
if [ -n "$output" ]; then
  rm -f "$output"
  builder push -q localhost/kintsugi "docker-archive:$output:kintsugi:latest"
  ls -l "$output"
fi
echo "RESULT image=built solved=yes"
