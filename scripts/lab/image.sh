#!/usr/bin/env bash
# The image in which the container side's testpmd runs: Debian's or Ubuntu's own packages, unpacked by mmdebstrap and
# imported into podman or docker. No registry is asked. May be run again: an image that is there, with the DPDK of the
# host, stays.
set -euo pipefail

name="pktgen-ts-dpdk"
label="pktgen-ts.dpdk"
engines=""
force=no

usage() {
  cat <<USAGE
Builds the container image "$name" for the testpmd lab from this machine's own Debian or Ubuntu packages.

  npm run lab:image                          for each of podman and docker that answers
  npm run lab:image -- --engine podman       for this one only (podman | docker)
  npm run lab:image -- --force               builds it anew even where it is there
  npm run lab:image -- --name <image>        another name than $name
USAGE
}

script="lab:image"
# Without dirname: a test runs this where PATH has next to nothing.
here="${BASH_SOURCE[0]%"${BASH_SOURCE[0]##*/}"}"
. "${here:-./}say.sh"
. "${here:-./}images.sh"
. "${here:-./}debian-root.sh"

while [ $# -gt 0 ]; do
  case "$1" in
    --engine)
      case "${2:-}" in podman | docker) engines="$2" ;; *) wrong "--engine takes podman or docker" ;; esac
      shift
      ;;
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

# The engines that answer; docker's client alone is no engine.
answers() { timeout 20 "$1" info >/dev/null 2>&1; }
if [ -n "$engines" ]; then
  command -v "$engines" >/dev/null || fail "$engines is not in PATH; sudo npm run lab:setup installs podman"
  answers "$engines" || fail "$engines does not answer; start it: sudo systemctl start $engines (or see: $engines info)"
else
  for engine in podman docker; do
    command -v "$engine" >/dev/null || continue
    if answers "$engine"; then engines="$engines $engine"; else say "$engine is there but does not answer: left out"; fi
  done
  [ -n "$engines" ] || fail "neither podman nor docker answers; sudo npm run lab:setup installs podman"
fi

# What the host runs, so that both sides are of one version; without DPDK on the host, what its archives offer.
version="$(dpkg-query -W -f '${Version}' dpdk-dev 2>/dev/null || true)"
[ -n "$version" ] || version="$(apt-cache policy dpdk-dev 2>/dev/null | sed -n 's/^  Candidate: //p')"
[ -n "$version" ] && [ "$version" != "(none)" ] ||
  fail "apt knows no package dpdk-dev; the image is made of Debian's or Ubuntu's packages: sudo apt-get update"

wanted=""
for engine in $engines; do
  there="$("$engine" image inspect --format "{{index .Config.Labels \"$label\"}}" "$name" 2>/dev/null || true)"
  if [ "$there" = "$version" ] && [ "$force" = no ]; then
    say "$engine has $name with DPDK $there: nothing to do (--force builds it anew)"
  else
    wanted="$wanted $engine"
  fi
done
[ -n "$wanted" ] || exit 0

scratch="$(mktemp -d "${TMPDIR:-/var/tmp}/pktgen-ts-image.XXXXXX")"
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM HUP
chmod 755 "$scratch"

say "unpacking this release with DPDK $version (mmdebstrap, Debian's packages only; about half a minute)"
debian_root minbase dpdk-dev,coreutils "$scratch" --dpkgopt='path-include=/usr/share/doc/dpdk*/copyright'

for engine in $wanted; do
  say "importing $(du -h "$scratch/rootfs.tar" | cut -f1) into $engine as $name"
  before="$(image_id "$engine" "$name")"
  "$engine" import --change "LABEL $label=$version" --message "pktgen-ts lab" "$scratch/rootfs.tar" "$name" \
    >"$scratch/import.log" 2>&1 || {
    tail -n 5 "$scratch/import.log" >&2
    fail "$engine import failed; its last lines are above"
  }
  forget_image "$engine" "$before"
  say "$engine has $name with DPDK $version; $engine rmi $name removes it"
done
