#!/usr/bin/env bash
# Builds the image of pktgen-ts with podman, without an image registry: the base is made of this machine's own Debian
# packages (scripts/lab/base.sh), and the rest is what scripts/packages.sh packs.
set -euo pipefail
cd "$(dirname "$0")/.."

name="pktgen-ts"
base=""
options=()

usage() {
  cat <<USAGE
Builds the container image "$name" with podman, for this machine's processor.

  scripts/image.sh                    the image, and its base where that is not there
  scripts/image.sh --name <image>     another name than $name
  scripts/image.sh --base <image>     on an image that is there, e.g. debian:bookworm-slim
  scripts/image.sh --built            takes dist as it is, and does not build it before
USAGE
}
script="image"
. scripts/lab/say.sh
. scripts/lab/images.sh

while [ $# -gt 0 ]; do
  case "$1" in
    --name)
      name="${2:-}"
      [ -n "$name" ] || wrong "--name takes an image's name"
      shift
      ;;
    --base)
      base="${2:-}"
      [ -n "$base" ] || wrong "--base takes an image's name"
      shift
      ;;
    --built) options+=(--built) ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) wrong "unknown option $1" ;;
  esac
  shift
done

command -v podman >/dev/null || fail "podman is not in PATH; sudo npm run lab:setup installs it"
# Another base may be in a registry, and may lack packages: only on our own is nothing fetched.
closed=()
if [ -z "$base" ]; then
  base="localhost/pktgen-ts-base"
  bash scripts/lab/base.sh
  closed=(--pull=never --network=none)
fi

context="$(mktemp -d "${TMPDIR:-/var/tmp}/pktgen-ts-image.XXXXXX")"
trap 'rm -rf "$context"' EXIT
trap 'exit 130' INT TERM HUP
scripts/packages.sh --only tree --out "$context" "${options[@]}" >/dev/null
mkdir -p "$context/scripts/package"
cp scripts/package/pktgen-ts-image "$context/scripts/package/"
mv "$context"/pktgen-ts-*-linux-* "$context/tree"
before="$(image_id podman "$name")"
# The format of docker knows health checks.
podman build --format docker "${closed[@]}" --quiet --build-arg "BASE=$base" --build-arg TREE=tree \
  --timestamp "$(git log -1 --format=%ct 2>/dev/null || echo 0)" --tag "$name" --file Containerfile "$context" \
  >"$context/build.log" 2>&1 || {
  tail -n 20 "$context/build.log" >&2
  fail "podman build failed; its last lines are above"
}
after="$(podman image inspect --format '{{.Id}}' "$name")"
[ "$before" = "$after" ] || forget_image podman "$before"
say "podman has $name, $(podman image inspect --format '{{.Size}}' "$name") bytes; podman rmi $name removes it"
