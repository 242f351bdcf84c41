#!/usr/bin/env bash
# testbed.sh TREE PYTHON FOLDER PKTGEN [veth] -- ARGUMENTS OF dts/main.py
#
# Runs the DPDK Test Suite of TREE (which has dts/, patched) on this machine alone: an sshd on loopback is its nodes, and
# the machine's dpdk-testpmd its DPDK. FOLDER gets keys and configuration; results are in TREE/dts/output. Everything is in network, mount and
# process namespaces of its own, so that nothing outlives it and no other DPDK is touched. It wants root, sshd, sudo, lshw.
#
# What is not as in a real testbed, and says so here: DTS names ports by PCI address, and asks lshw for them. There is no
# such port here, so that lshw is a stand-in which names veths by made-up addresses ("veth"), or one unused port. With
# "veth", testpmd is started by a script that turns `-a ADDRESS` into a net_af_packet device on that veth's other end.
set -euo pipefail
if [ "${PKTGEN_TESTBED:-}" != inside ]; then
  PKTGEN_TESTBED=inside exec unshare --mount --net --pid --fork --kill-child --mount-proc bash "$0" "$@"
fi
tree=$1 python=$2 folder=$3 pktgen=$4; shift 4
links=none
if [ "$1" = veth ]; then links=veth; shift; fi
[ "$1" = -- ] && shift

port=2022
mkdir -p "$folder"/{home/.ssh,bin,dpdk/build/app}
chmod 700 "$folder/home/.ssh"
ip link set lo up
mount -t tmpfs tmpfs /run
mkdir -p /run/sshd
sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 || true

# One address for each end: 0 and 1 are the generator's, 8 and 9 the ones of the device under test.
names=()
if [ $links = veth ]; then
  mount -t sysfs sysfs /sys
  for k in 0 1; do
    ip link add "tg$k" address "02:00:00:00:01:0$k" type veth peer name "sut$k" address "02:00:00:00:02:0$k"
    ip link set "tg$k" up
    ip link set "sut$k" up
    for end in tg sut; do ethtool -K "$end$k" tx off rx off gro off gso off tso off >/dev/null 2>&1 || true; done
  done
  names=(0000:99:00.0=tg0 0000:99:00.1=tg1 0000:99:00.8=sut0 0000:99:00.9=sut1)
else
  ip link add unused0 address 02:00:00:00:03:00 type veth peer name unused1
  names=(0000:99:00.0=unused0)
fi

{
  echo '#!/bin/sh'
  echo '# A stand-in of lshw: veths with made-up PCI addresses.'
  echo 'case " $* " in'
  echo '*" -json "*) cat <<JSON'
  comma='['
  for name in "${names[@]}"; do
    iface=${name#*=}
    printf '%s{"businfo": "pci@%s", "logicalname": "%s", "serial": "%s", "configuration": {"driver": "veth", "link": "up"}}\n' \
      "$comma" "${name%=*}" "$iface" "$(cat "/sys/class/net/$iface/address")"
    comma=,
  done
  echo ']'
  echo 'JSON'
  echo ';;'
  echo '*)'
  for name in "${names[@]}"; do echo "echo 'pci@${name%=*} ${name#*=} network veth'"; done
  echo ';;'
  echo 'esac'
} >"$folder/bin/lshw"
chmod +x "$folder/bin/lshw"
mount --bind "$folder/bin/lshw" "$(command -v lshw)"

# DTS wants a DPDK tree with a build in it.
testpmd=$(command -v dpdk-testpmd)
dpkg-query -W -f '${Version}' dpdk-dev 2>/dev/null >"$folder/dpdk/VERSION" || echo unknown >"$folder/dpdk/VERSION"
cat >"$folder/dpdk/build/app/dpdk-testpmd" <<SCRIPT
#!/usr/bin/env bash
# testpmd of this machine. A made-up PCI address becomes a packet socket on the veth of that address.
arguments=()
k=0 veths=0
while [ \$# -gt 0 ]; do
  case "\$1 \${2:-}" in
  "-a 0000:99:00."*)
    iface=sut\$((\${2##*.} - 8))
    arguments+=(--vdev "net_af_xdp\$k,iface=\$iface,start_queue=0,queue_count=1")
    k=\$((k + 1)) veths=1
    shift
    ;;
  *) arguments+=("\$1") ;;
  esac
  shift
done
[ \$veths = 0 ] || arguments=(--no-pci --no-huge -m 512 "\${arguments[@]}" --no-mlockall --total-num-mbufs=16384)
exec $testpmd "\${arguments[@]}"
SCRIPT
chmod +x "$folder/dpdk/build/app/dpdk-testpmd"

ssh-keygen -q -t ed25519 -N '' -f "$folder/home/.ssh/id_ed25519" <<<y >/dev/null
ssh-keygen -q -t ed25519 -N '' -f "$folder/host_key" <<<y >/dev/null
cat >"$folder/sshd_config" <<CONFIG
ListenAddress 127.0.0.1:$port
HostKey $folder/host_key
PidFile $folder/sshd.pid
AuthorizedKeysFile $folder/home/.ssh/id_ed25519.pub
StrictModes no
PasswordAuthentication no
PermitRootLogin prohibit-password
UsePAM no
PrintMotd no
PrintLastLog no
MaxStartups 100
MaxSessions 100
Subsystem sftp internal-sftp
CONFIG
"$(command -v sshd || echo /usr/sbin/sshd)" -D -f "$folder/sshd_config" -E "$folder/sshd.log" &
sshd=$!
trap 'kill $sshd 2>/dev/null || true' EXIT

node() { # NAME FIRST COUNT
  printf -- '- name: "%s"\n  hostname: 127.0.0.1:%s\n  user: %s\n  os: linux\n  ports:\n' "$1" "$port" "$(id -un)"
  for ((k = 0; k < $3; k++)); do
    printf '    - { name: port-%s, pci: "0000:99:00.%s", os_driver_for_dpdk: %s, os_driver: veth }\n' \
      "$k" "$(($2 + k))" "${PKTGEN_TG_DPDK_DRIVER:-veth}"
  done
}
if [ $links = veth ]; then
  { PKTGEN_TG_DPDK_DRIVER=veth node SUT 8 2; node TG 0 2; } >"$folder/nodes.yaml"
else
  node SUT 0 1 >"$folder/nodes.yaml"
fi
cores=$(nproc)
{
  echo "dpdk:"
  echo "  lcores: \"0-$((cores > 3 ? 3 : cores - 1))\""
  echo "  memory_channels: 4"
  echo "  build: { dpdk_location: { dpdk_tree: $folder/dpdk, remote: true }, precompiled_build_dir: build }"
  echo "perf: ${PKTGEN_PERF:-false}"
  echo "func: true"
  echo "crypto: false"
  echo "use_virtual_functions: false"
  echo "skip_smoke_tests: true"
  echo "test_suites: []"
  echo "system_under_test_node: SUT"
  if [ $links = veth ]; then
    echo "traffic_generator_node: TG"
    echo "func_traffic_generator: { type: PKTGEN_TS, command: $pktgen }"
    echo "perf_traffic_generator: { type: PKTGEN_TS, command: $pktgen, run_options: { rateTolerance: 50%, lateTolerance: 100% } }"
    echo "port_topology: [ sut.port-0 <-> tg.port-0, sut.port-1 <-> tg.port-1 ]"
  else
    echo "port_topology: []"
  fi
} >"$folder/run.yaml"
tests=()
if [ -e "$folder/tests.yaml" ]; then tests=(--tests-config-file "$folder/tests.yaml"); fi

cd "$tree/dts"
HOME=$folder/home "$python" main.py --test-run-config-file "$folder/run.yaml" \
  --nodes-config-file "$folder/nodes.yaml" "${tests[@]}" --timeout 30 "$@"
