#!/usr/bin/env bash
# Packages that bring their own Node.js: a tarball to unpack anywhere, and a .deb. Both hold what `npm pack` packs, the
# locked dependencies, and a Node.js from the npm registry. Built again from one commit they have the same bytes.
set -euo pipefail
here="$PWD"
cd "$(dirname "$0")/.."

# Node.js as the npm registry has it, held to the digests of this version.
node_version=22.23.5
declare -A node_digests=(
  [x64]=sha512-3jhC+wcoWxKZxcRqF2sUSl0c9HEXFnur/nuIPx6O6CWKV0jOUWQm7Htw5SuXqqlMCEhi0cJqybFPEb5hhcBiMw==
  [arm64]=sha512-e1LOUGKVruPGuLVutn8+Cgm5pI1APm4Kvh+zbb/qe/ZpD9s+TQby5iUgZOWmPpbSKpj0Td8DP1N0NEnXasHizg==
)
# Whoever builds the .deb, as Debian's own tools are told. Without that it is an address that no mail reaches (RFC 2606).
maintainer="${DEBFULLNAME:-pktgen-ts maintainers} <${DEBEMAIL:-maintainers@pktgen-ts.invalid}>"
declare -A debian_names=([x64]=amd64 [arm64]=arm64)

case "$(uname -m)" in aarch64) arch=arm64 ;; *) arch=x64 ;; esac
out="packages"
kinds="tarball deb"
level=6
build=yes

usage() {
  cat <<USAGE
Builds packages that bring Node.js $node_version: pktgen-ts-VERSION-linux-ARCH.tar.xz and pktgen-ts_VERSION_ARCH.deb.

  scripts/packages.sh                     both, for this machine's processor, into the folder packages
  scripts/packages.sh --arch arm64        for another one (x64 | arm64)
  scripts/packages.sh --out <folder>      into another folder
  scripts/packages.sh --only <kind>       tarball, deb, or tree: the unpacked tarball as a folder
  scripts/packages.sh --level <0-9>       how hard xz tries (default 6)
  scripts/packages.sh --built             takes dist as it is, and does not build it before

The .deb's maintainer is DEBFULLNAME <DEBEMAIL>, from the environment.
USAGE
}
script="packages"
. scripts/lab/say.sh

while [ $# -gt 0 ]; do
  case "$1" in
    --arch)
      arch="${2:-}"
      [ -n "$arch" ] && [ -n "${node_digests[$arch]:-}" ] || wrong "--arch takes x64 or arm64"
      shift
      ;;
    --out)
      [ -n "${2:-}" ] || wrong "--out takes a folder"
      case "$2" in /*) out="$2" ;; *) out="$here/$2" ;; esac
      shift
      ;;
    --only)
      case "${2:-}" in tarball | deb | tree) kinds="$2" ;; *) wrong "--only takes tarball, deb or tree" ;; esac
      shift
      ;;
    --level)
      case "${2:-}" in [0-9]) level="$2" ;; *) wrong "--level takes a digit, 0 to 9" ;; esac
      shift
      ;;
    --built) build=no ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) wrong "unknown option $1" ;;
  esac
  shift
done
[[ "$maintainer" =~ ^[^\<\>[:cntrl:]]+\ \<[^\<\>[:space:]]+@[^\<\>[:space:]]+\>$ ]] ||
  wrong "DEBFULLNAME takes a name and DEBEMAIL an address, e.g. me@example.org"

for program in node npm tar xz; do command -v "$program" >/dev/null || fail "$program is not in PATH"; done
case "$kinds" in *deb*) command -v dpkg-deb >/dev/null || fail "dpkg-deb is not in PATH (Debian, Ubuntu: package dpkg)" ;; esac
[ "$build" = no ] || npm run build >/dev/null
[ -e dist/cli/main.js ] || fail "there is no dist: npm ci, or leave out --built"

# One time for all files: the commit's, or without git that of the newest version in the changelog.
epoch="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || true)}"
if [ -z "$epoch" ]; then
  day="$(sed -n 's/^## \[[0-9][^]]*\] - \([0-9-]*\).*/\1/p' CHANGELOG.md | head -n 1)"
  epoch="$(date --utc --date "${day:-2026-01-01}" +%s)"
fi
export SOURCE_DATE_EPOCH="$epoch"

scratch="$(mktemp -d "${TMPDIR:-/var/tmp}/pktgen-ts-packages.XXXXXX")"
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM HUP
version="$(node -p 'require("./package.json").version')"
full="pktgen-ts-$version-linux-$arch"
tree="$scratch/$full"
mkdir -p "$out" "$tree/bin" "$tree/node/bin"

get_node() {
  local package="node-linux-$arch@$node_version" file="$scratch/node-linux-$arch-$node_version.tgz" digest
  npm pack --silent --prefer-offline --pack-destination "$scratch" "$package" >/dev/null ||
    fail "npm could not fetch $package"
  digest="$(node -p '"sha512-" + require("crypto").createHash("sha512").update(fs.readFileSync(process.argv[1])).digest("base64")' "$file")"
  [ "$digest" = "${node_digests[$arch]}" ] || fail "$package has another digest than the one that is written here"
  tar -xzf "$file" -C "$scratch" package/bin/node package/LICENSE
  mv "$scratch/package/bin/node" "$tree/node/bin/node"
  mv "$scratch/package/LICENSE" "$tree/node/LICENSE"
  rm -r "$scratch/package" "$file"
}

get_app() {
  npm pack --silent --ignore-scripts --pack-destination "$scratch" >/dev/null
  tar -xzf "$scratch/pktgen-ts-$version.tgz" -C "$scratch"
  mv "$scratch/package" "$tree/app"
  # The lock file decides, and what other processors need is left out.
  mkdir "$scratch/locked"
  cp package.json package-lock.json "$scratch/locked/"
  npm ci --prefix "$scratch/locked" --omit=dev --ignore-scripts --no-audit --no-fund --silent --prefer-offline \
    --os=linux "--cpu=$arch" >/dev/null || fail "npm could not install the dependencies"
  mv "$scratch/locked/node_modules" "$tree/app/node_modules"
  # What this Node.js never loads: npm's notes and links, and the library for musl.
  rm -rf "$tree/app/node_modules/.bin" "$tree/app/node_modules/.package-lock.json"
  rm -rf "$tree"/app/node_modules/@koromix/*/musl_*
  find "$tree/app" -name .npmignore -delete
  # Node.js is named when they are run: nothing of it is a command by itself but the shell's scripts.
  find "$tree/app" -type f -perm /111 ! -path '*/app/scripts/*' -exec chmod a-x {} +
}

# The same modes and times whoever builds it.
settle() {
  find "$1" -type d -exec chmod 755 {} +
  find "$1" -type f -perm /111 -exec chmod 755 {} +
  find "$1" -type f ! -perm /111 -exec chmod 644 {} +
  find "$1" -exec touch --no-dereference --date "@$epoch" {} +
}

make_tarball() {
  tar --create --sort=name --format=gnu --owner=0 --group=0 --numeric-owner "--mtime=@$epoch" \
    -C "$scratch" "$full" | xz --threads=1 "-$level" >"$out/$full.tar.xz"
  say "$out/$full.tar.xz has $(stat -c %s "$out/$full.tar.xz") bytes, unpacked $(du -s --apparent-size -B1 "$tree" | cut -f1)"
}

# The help as a page of the manual.
write_manual() {
  local day
  day="$(date --utc --date "@$epoch" +%Y-%m-%d)"
  echo ".TH PKTGEN-TS 1 $day \"pktgen-ts $version\" \"User Commands\""
  printf '.SH NAME\npktgen-ts \\- software traffic generator and packet-forwarding harness\n.SH DESCRIPTION\n.nf\n'
  env COLUMNS=78 node "$tree/app/dist/cli/main.js" --help | sed 's/\\/\\e/g; s/-/\\-/g; s/^\([.'"'"']\)/\\\&\1/'
  printf '.fi\n.SH SEE ALSO\n/usr/lib/pktgen\\-ts/app/docs\n'
}

make_deb() {
  local root="$scratch/deb" debian="${debian_names[$arch]}" doc deb revision
  revision="${version/-/\~}-1"
  deb="$out/pktgen-ts_${revision}_$debian.deb"
  doc="$root/usr/share/doc/pktgen-ts"
  mkdir -p "$root/DEBIAN" "$root/usr/bin" "$root/usr/lib" "$root/usr/share/man/man1" "$root/usr/share/lintian/overrides" "$doc"
  cp -a "$tree" "$root/usr/lib/pktgen-ts"
  ln -s ../lib/pktgen-ts/bin/pktgen-ts "$root/usr/bin/pktgen-ts"
  { cat scripts/package/copyright; printf 'License: BSD-3-Clause\n'; sed 's/^$/./; s/^/ /' LICENSE; } >"$doc/copyright"
  gzip -9n <CHANGELOG.md >"$doc/changelog.gz"
  printf 'pktgen-ts (%s) unstable; urgency=low\n\n  * As changelog.gz says.\n\n -- %s  %s\n' "$revision" "$maintainer" \
    "$(date --utc --rfc-email --date "@$epoch")" | gzip -9n >"$doc/changelog.Debian.gz"
  # Node.js as its makers built it.
  printf 'pktgen-ts: %s [usr/lib/pktgen-ts/node/bin/node]\n' unstripped-binary-or-object hardening-no-pie \
    'embedded-library zlib' >"$root/usr/share/lintian/overrides/pktgen-ts"
  write_manual | gzip -9n >"$root/usr/share/man/man1/pktgen-ts.1.gz"
  (cd "$root" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
  cat >"$root/DEBIAN/control" <<CONTROL
Package: pktgen-ts
Version: $revision
Architecture: $debian
Maintainer: $maintainer
Installed-Size: $(du -s --apparent-size -k "$root/usr" | cut -f1)
Depends: libc6 (>= 2.28), libgcc-s1 (>= 4.2), libstdc++6 (>= 8)
Section: net
Priority: optional
Description: software traffic generator and packet-forwarding harness
 It sends frames through vhost-user sockets, network interfaces, tap devices
 and AF_XDP sockets, takes them back, and says where every single frame went.
 .
 It needs no DPDK and no hugepages. Node.js $node_version comes along, below
 /usr/lib/pktgen-ts.
CONTROL
  settle "$root"
  dpkg-deb --root-owner-group "-Zxz" "-z$level" --build "$root" "$deb" >/dev/null
  say "$deb has $(stat -c %s "$deb") bytes"
}

get_node
get_app
install -m 755 scripts/package/pktgen-ts "$tree/bin/pktgen-ts"
settle "$tree"
for kind in $kinds; do
  case "$kind" in
    tarball) make_tarball ;;
    deb) make_deb ;;
    tree)
      rm -rf "${out:?}/$full"
      cp -a "$tree" "$out/$full"
      say "$out/$full is there"
      ;;
  esac
done
