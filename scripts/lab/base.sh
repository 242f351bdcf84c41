#!/usr/bin/env bash
# The image that pktgen-ts's own one is built on where no registry is asked: Debian's essential packages, and what Node.js
# and file capabilities need. An image that is there stays.
set -euo pipefail

name="pktgen-ts-base"
force=no

usage() {
  cat <<USAGE
Builds the container image "$name" with podman from this machine's own Debian or Ubuntu packages.

  bash scripts/lab/base.sh                  where it is not there
  bash scripts/lab/base.sh --force          anew
  bash scripts/lab/base.sh --name <image>   another name than $name
USAGE
}
script="lab:base"
here="$(cd "$(dirname "$0")" && pwd)"
. "$here/say.sh"
. "$here/images.sh"
. "$here/debian-root.sh"

while [ $# -gt 0 ]; do
  case "$1" in
    --name)
      name="${2:-}"
      [ -n "$name" ] || wrong "--name takes an image's name"
      shift
      ;;
    --force) force=yes ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) wrong "unknown option $1" ;;
  esac
  shift
done

command -v podman >/dev/null || fail "podman is not in PATH; sudo npm run lab:setup installs it"
if [ "$force" = no ] && podman image exists "$name"; then
  say "podman has $name: nothing to do (--force builds it anew)"
  exit 0
fi

scratch="$(mktemp -d "${TMPDIR:-/var/tmp}/pktgen-ts-base.XXXXXX")"
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM HUP
chmod 755 "$scratch"
say "unpacking Debian's essential packages (mmdebstrap; some 20 seconds)"
# Of an image that is only added to, apt's lists and the logs of the installation are no use.
debian_root essential libstdc++6,libcap2-bin "$scratch" --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/* "$1"/var/log/*.log "$1"/var/log/apt'
before="$(image_id podman "$name")"
podman import --quiet --message "pktgen-ts base" "$scratch/rootfs.tar" "$name" >/dev/null 2>"$scratch/import.log" || {
  tail -n 5 "$scratch/import.log" >&2
  fail "podman import failed; its last lines are above"
}
forget_image podman "$before"
say "podman has $name; podman rmi $name removes it"
