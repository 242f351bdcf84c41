#!/usr/bin/env bash
# Builds a small guest for QEMU: Debian's cloud kernel, unpacked and not installed, and an initramfs of busybox with the
# modules of virtio-net and the bridge. The guest bridges its two interfaces and answers on its serial console:
# `count` prints the counters of both, `off` ends it.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"

folder="${PKTGEN_GUEST:-/var/tmp/pktgen-ts-guest}"
script="lab:guest"
. "$here/say.sh"

if [ -e "$folder/vmlinuz" ] && [ -e "$folder/initramfs.gz" ]; then
  say "$folder has a guest already; remove the folder to build it anew"
  exit 0
fi
[ "$(uname -m)" = x86_64 ] || fail "the guest is for x86-64 only"
for program in apt-get dpkg cpio busybox; do
  command -v "$program" >/dev/null || fail "$program is not in PATH: npm run lab:setup"
done

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
newest() { apt-cache depends linux-image-cloud-amd64 2>/dev/null | awk '/Depends: linux-image/ { print $2; exit }'; }
download() {
  local package
  package="$(newest)"
  [ -n "$package" ] || return 1
  say "unpacking $package (Debian's cloud kernel; about 30 MB to download)"
  (cd "$work" && apt-get -o APT::Sandbox::User=root download --quiet "$package" >/dev/null)
}
# Lists that are there are tried first; old ones may name a file that is gone.
if ! download; then
  [ "$(id -u)" -eq 0 ] || fail "apt-get could not download linux-image-cloud-amd64; as root: apt-get update"
  apt-get update --quiet </dev/null
  download || fail "apt-get could not download linux-image-cloud-amd64"
fi
dpkg -x "$work"/*.deb "$work/kernel"

root="$work/root"
mkdir -p "$root/bin" "$root/proc" "$root/sys" "$root/dev" "$root/modules"
cp "$(command -v busybox)" "$root/bin/busybox"
ln -s busybox "$root/bin/sh"
# In the order in which they are loaded.
modules=(virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci failover net_failover virtio_net)
modules+=(llc stp bridge)
for module in "${modules[@]}"; do
  file="$(find "$work/kernel" -name "$module.ko" -print -quit)"
  [ -n "$file" ] || fail "the kernel has no module $module"
  cp "$file" "$root/modules/"
done

cat >"$root/init" <<GUEST
#!/bin/sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
for module in ${modules[*]}; do insmod /modules/\$module.ko; done
ip link add br0 type bridge
for name in eth0 eth1; do
  ip link set \$name master br0
  ip link set \$name up
done
ip link set br0 up
echo "guest: ready"
while read -r what; do
  case "\$what" in
    count)
      for name in eth0 eth1; do
        s=/sys/class/net/\$name/statistics
        echo "guest: \$name rx \$(cat \$s/rx_packets) \$(cat \$s/rx_bytes) tx \$(cat \$s/tx_packets) \$(cat \$s/tx_bytes) dropped \$(cat \$s/rx_dropped) \$(cat \$s/tx_dropped)"
      done
      echo "guest: counted"
      ;;
    off) poweroff -f ;;
  esac
done
poweroff -f
GUEST
chmod 755 "$root/init"
mkdir -p "$folder"
(cd "$root" && find . | cpio --quiet -o -H newc | gzip -9) >"$folder/initramfs.gz"
cp "$work"/kernel/boot/vmlinuz-* "$folder/vmlinuz"
say "$folder has the kernel and the initramfs ($(du -sh "$folder" | cut -f1))"
