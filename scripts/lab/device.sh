#!/usr/bin/env bash
# Runs a command beside a device made of the kernel's own parts, in network namespaces of its own, and as an ordinary
# user: nothing of the machine's network is touched, and all of it is gone when the command ends.
#
#   scripts/lab/device.sh bridge|vlan|router|veth COMMAND…
#
#     command's side           the device, in namespace "dut"
#     ga ───────────────────── da     bridge  a bridge of da and db
#     gb ───────────────────── db     vlan    the same, for VLAN 100 only (the kernel needs CONFIG_BRIDGE_VLAN_FILTERING)
#                                     router  198.18.0.1/24, 2001:2::1/64 on da; 198.18.1.1/24, 2001:2:0:1::1/64 on db
#     ga ───────────────────── gb     veth    no device, the pair alone
#
# `pktgen-ts` in COMMAND is the one of this checkout or package.
set -euo pipefail
PATH="$(cd "$(dirname "$0")/../bin" && pwd):$PATH"
export PATH

usage() {
  echo "usage: $0 bridge|vlan|router|veth COMMAND…" >&2
  exit 2
}

if [ "${1:-}" != --inside ]; then
  [ $# -ge 2 ] || usage
  unshare --map-root-user --net --mount true 2>/dev/null ||
    { echo "$0: this user may not make namespaces: run it with sudo" >&2; exit 3; }
  exec unshare --map-root-user --net --mount "$0" --inside "$@"
fi
shift
kind=$1
shift

up() { for name in "$@"; do ip link set "$name" up; done; }

if [ "$kind" = veth ]; then
  ip link add name ga type veth peer name gb
  up ga gb
  exec "$@"
fi

mount -t tmpfs none /run
ip netns add dut
for side in a b; do
  ip link add name g$side type veth peer name d$side netns dut
  up g$side
  ip -n dut link set d$side up
done

bridge() {
  ip -n dut link add name br0 type bridge "$@"
  for name in da db; do ip -n dut link set $name master br0; done
  ip -n dut link set br0 up
}

case $kind in
  bridge) bridge ;;
  vlan)
    bridge vlan_filtering 1 2>/dev/null ||
      { echo "$0: this kernel has no bridges with VLANs (CONFIG_BRIDGE_VLAN_FILTERING): use another kind" >&2; exit 3; }
    for name in da db; do ip netns exec dut bridge vlan add dev $name vid 100; done
    ;;
  router)
    ip netns exec dut sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    ip -n dut address add 198.18.0.1/24 dev da
    ip -n dut address add 198.18.1.1/24 dev db
    ip -n dut address add 2001:2::1/64 dev da nodad
    ip -n dut address add 2001:2:0:1::1/64 dev db nodad
    ;;
  *) usage ;;
esac
exec "$@"
