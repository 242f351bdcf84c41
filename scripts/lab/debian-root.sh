# This machine's own Debian or Ubuntu, unpacked by mmdebstrap from its packages. It is sourced after say.sh.
# debian_root VARIANT PACKAGES FOLDER: writes FOLDER/rootfs.tar, without documents, translations, headers and static
# libraries. FOLDER is a scratch folder that others may enter. More options of mmdebstrap may follow.
debian_root() {
  local variant="$1" packages="$2" folder="$3" sources
  shift 3
  command -v mmdebstrap >/dev/null || fail "mmdebstrap is not in PATH; sudo apt-get install mmdebstrap"
  # Without root, mmdebstrap unpacks in a user namespace, which needs newuidmap and a range in /etc/subuid.
  [ "$(id -u)" -eq 0 ] || command -v newuidmap >/dev/null ||
    fail "as an ordinary user mmdebstrap needs newuidmap (sudo apt-get install uidmap); or run it with sudo"

  # The host's own archives of its distribution (mirrors, updates and security too), as apt has them configured.
  . /etc/os-release
  sources="$(apt-get indextargets --format '$(ORIGIN) deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    sed -n 's/^\(Debian\|Ubuntu\) deb /deb /p' | sort -u)"
  [ -n "$sources" ] || fail "apt lists no Debian or Ubuntu archive; run: sudo apt-get update"

  # Packages that the host has already fetched are not fetched again: as links, where the file system allows them.
  cat >"$folder/cache.sh" <<'HOOK'
#!/bin/sh
mkdir -p "$1/var/cache/apt/archives"
find /var/cache/apt/archives -maxdepth 1 -name '*.deb' -exec ln -t "$1/var/cache/apt/archives" {} + 2>/dev/null || true
HOOK
  chmod 755 "$folder/cache.sh"

  if ! mmdebstrap --quiet "--variant=$variant" "--include=$packages" \
    --setup-hook="\"$folder/cache.sh\" \"\$1\"" \
    --dpkgopt='force-unsafe-io' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/include/*' --dpkgopt='path-exclude=/usr/lib/*.a' \
    "$@" "${VERSION_CODENAME:-}" "$folder/rootfs.tar" - <<<"$sources" >"$folder/mmdebstrap.log" 2>&1; then
    tail -n 15 "$folder/mmdebstrap.log" >&2
    fail "mmdebstrap failed; its last lines are above"
  fi
}
