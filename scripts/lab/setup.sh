#!/usr/bin/env bash
# Makes a Debian or Ubuntu machine a testpmd lab: packages, hugepages, a hugetlbfs mount, the container image. Says what
# it will do, then does it; what is there already stays as it is, so it may be run again.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"

packages=(dpdk dpdk-dev podman runc mmdebstrap iproute2 ethtool tshark chromium netsniff-ng tcpreplay)
packages+=(python3-scapy zstd nats-server)
# What the tests of other peers talk to.
peer_packages=(openvswitch-switch openvswitch-switch-dpdk qemu-system-x86 busybox-static cpio prometheus frr)
peers=no
mount_point="/mnt/huge"
wanted_bytes=$((2 * 1024 * 1024 * 1024))
# In /run, as reserved pages and mounts do not outlive a restart either.
state="/run/pktgen-ts-lab.state"
pages=""
undo=no

usage() {
  cat <<USAGE
Makes this Debian or Ubuntu machine a lab for testpmd in containers. As root; can be run again.

  sudo npm run lab:setup                          packages, 2 GiB of hugepages, $mount_point, container image
  sudo npm run lab:setup -- --hugepages <n>       reserves n pages of the default size instead (0: none)
  sudo npm run lab:setup -- --peers               also Open vSwitch with DPDK, Prometheus, FRR, and QEMU with a small guest
                                                  (npm run lab:guest), for the tests that talk to them
  sudo npm run lab:setup -- --undo                gives back the hugepages it reserved, unmounts what it mounted;
                                                  packages and image stay
  sudo npm run lab:setup -- --state <file>        where it notes what it changed (default $state)
USAGE
}

script="lab:setup"
. "$here/say.sh"

arguments="$*"
while [ $# -gt 0 ]; do
  case "$1" in
    --hugepages)
      pages="${2:-}"
      case "$pages" in '' | *[!0-9]*) wrong "--hugepages takes a number of pages" ;; esac
      shift
      ;;
    --state)
      state="${2:-}"
      [ -n "$state" ] || wrong "--state takes a file"
      shift
      ;;
    --peers)
      peers=yes
      packages+=("${peer_packages[@]}")
      ;;
    --undo) undo=yes ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) wrong "unknown option $1" ;;
  esac
  shift
done

meminfo() { sed -n "s/^$1: *\([0-9]*\).*/\1/p" /proc/meminfo; }
page_kb="$(meminfo Hugepagesize)"
pool="/sys/kernel/mm/hugepages/hugepages-${page_kb}kB/nr_hugepages"
is_mounted() { awk -v path="$mount_point" '$2 == path { type = $3 } END { exit type != "hugetlbfs" }' /proc/self/mounts; }

# What an earlier run changed: `reserved` pages, `mounted` and `made` are paths.
reserved=0 mounted="" made=""
read_state() {
  [ -r "$state" ] || return 0
  reserved="$(sed -n 's/^reserved=\([0-9]\{1,\}\)$/\1/p' "$state")"
  mounted="$(sed -n 's/^mounted=//p' "$state")"
  made="$(sed -n 's/^made=//p' "$state")"
  reserved="${reserved:-0}"
}
write_state() { printf 'reserved=%s\nmounted=%s\nmade=%s\n' "$reserved" "$mounted" "$made" >"$state"; }

need_root() {
  [ "$(id -u)" -eq 0 ] || fail "this needs root; run: sudo npm run lab:setup${arguments:+ -- $arguments}"
}

undo_setup() {
  if [ ! -e "$state" ]; then
    say "nothing to undo: $state says of nothing that was changed"
    return
  fi
  need_root
  read_state
  if [ -n "$mounted" ] && is_mounted; then
    umount "$mounted" || fail "$mounted is in use; end what uses it (fuser -vm $mounted) and run this again"
    say "unmounted $mounted"
    mounted="" && write_state
  fi
  if [ -n "$made" ] && [ -d "$made" ]; then
    rmdir "$made" 2>/dev/null && say "removed the empty folder $made"
  fi
  if [ "$reserved" -gt 0 ]; then
    local total left
    total="$(cat "$pool")"
    left=$((total > reserved ? total - reserved : 0))
    echo "$left" >"$pool"
    say "gave back $((total - left)) hugepages of $page_kb kB, $left stay reserved"
  fi
  rm -f "$state"
}

if [ "$undo" = yes ]; then
  undo_setup
  exit 0
fi

command -v apt-get >/dev/null ||
  fail "this is for Debian and Ubuntu (apt-get); elsewhere install: dpdk-testpmd, podman, runc, tshark, iproute2, ethtool"

missing=()
for package in "${packages[@]}"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing+=("$package")
done

# No more than half of the memory that is available, since reserved pages are lost to everything else.
to_reserve=0 total=0
if [ -n "$page_kb" ] && [ -e "$pool" ]; then
  total="$(cat "$pool")"
  available=$(($(meminfo MemAvailable) / 2 / page_kb + total))
  wish="${pages:-$((wanted_bytes / 1024 / page_kb))}"
  target=$((wish < available ? wish : available))
  to_reserve=$((target > total ? target - total : 0))
fi

say "this will, as root:"
if [ ${#missing[@]} -gt 0 ]; then say "  - install ${missing[*]}"; else say "  - install nothing: ${packages[*]} are there"; fi
if [ -z "$page_kb" ]; then
  say "  - leave hugepages out: this kernel has none (testpmd then runs with --no-huge: --dut testpmd,huge=off)"
else
  say "  - reserve $to_reserve hugepages of $page_kb kB beside the $total that are reserved"
  if is_mounted; then say "  - mount nothing: hugetlbfs is at $mount_point"; else say "  - mount hugetlbfs at $mount_point"; fi
fi
if command -v go >/dev/null; then say "  - build a current nats-server with Go where it is not there"; fi
say "  - build the container images pktgen-ts-dpdk and pktgen-ts-base where they are not there (npm run lab:image)"
if [ "$peers" = yes ]; then say "  - build the guest for QEMU where it is not there (npm run lab:guest)"; fi
say "  - note what it changed in $state, for --undo"
need_root

read_state

# A router that starts by itself would have this machine's own routes.
policy=/usr/sbin/policy-rc.d
keep_frr_from_starting() {
  case " ${missing[*]} " in *" frr "*) ;; *) return 0 ;; esac
  [ ! -e "$policy" ] || return 0
  printf '#!/bin/sh\ncase "$*" in *frr*) exit 101 ;; esac\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
}

if [ ${#missing[@]} -gt 0 ]; then
  keep_frr_from_starting
  export DEBIAN_FRONTEND=noninteractive
  install=(apt-get install --yes --quiet --no-install-recommends -o Dpkg::Use-Pty=0 "${missing[@]}")
  # Lists that are there and name all packages are tried first; old ones may name files that are gone.
  if ! apt-cache show "${missing[@]}" >/dev/null 2>&1 || ! "${install[@]}" </dev/null; then
    apt-get update --quiet </dev/null
    "${install[@]}" </dev/null || fail "apt-get could not install ${missing[*]}; on Ubuntu: sudo add-apt-repository universe"
  fi
  say "installed ${missing[*]}"
fi

lacking=()
if [ "$to_reserve" -gt 0 ]; then
  if echo $((total + to_reserve)) 2>/dev/null >"$pool"; then
    got=$(($(cat "$pool") - total))
    reserved=$((reserved + (got > 0 ? got : 0)))
    write_state
    say "reserved $got hugepages of $page_kb kB"
    [ "$got" -ge "$to_reserve" ] || lacking+=("only $got of $to_reserve hugepages: memory is fragmented; restart, or try again")
  else
    lacking+=("$pool may not be written here: reserve hugepages on the host of this container or machine")
  fi
fi

if [ -n "$page_kb" ] && ! is_mounted; then
  if [ ! -d "$mount_point" ]; then
    mkdir -p "$mount_point"
    made="$mount_point"
    write_state
  fi
  if mount -t hugetlbfs nodev "$mount_point"; then
    mounted="$mount_point"
    write_state
    say "mounted hugetlbfs at $mount_point"
  else
    lacking+=("hugetlbfs could not be mounted at $mount_point: mount it on the host, or give this container --privileged")
  fi
fi

# Tests start servers of their own, and a fleet's server is nobody's to have by accident.
for server in nats-server prometheus frr; do
  case " ${missing[*]} " in
    *" $server "*)
      if command -v systemctl >/dev/null; then systemctl disable --now "$server.service" >/dev/null 2>&1 || true; fi
      ;;
  esac
done

# Debian's server is an old one. Where there is Go, a current one is tested, too.
current_nats="v2.14.5"
go_bin="$(go env GOPATH 2>/dev/null || true)/bin"
if command -v go >/dev/null && [ ! -x "$go_bin/nats-server" ]; then
  if go install "github.com/nats-io/nats-server/v2@$current_nats" >/dev/null 2>&1 </dev/null; then
    say "installed nats-server $current_nats in $go_bin"
  else
    lacking+=("nats-server $current_nats could not be built: go install github.com/nats-io/nats-server/v2@$current_nats")
  fi
fi

bash "$here/image.sh"
bash "$here/base.sh"
if [ "$peers" = yes ]; then bash "$here/guest.sh"; fi

for what in "${lacking[@]}"; do say "missing: $what"; done
[ ${#lacking[@]} -eq 0 ] || exit 3
say "done; npx pktgen-ts doctor shows what is there now"
