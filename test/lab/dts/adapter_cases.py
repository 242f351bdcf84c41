"""The adapter for the DPDK Test Suite, on a pty: prints one JSON document. Arguments: the command, a folder, cases.

Its interfaces a and b are joined. The framework is a stand-in (stand_in.py); the server, the terminal, and the veths are real.
"""
import json
import re
import sys
from pathlib import Path

import stand_in
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6, IPv6ExtHdrHopByHop
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw, raw

sys.path.insert(0, str(Path(__file__).parents[3] / "integrations/dts"))
import pktgen_ts  # noqa: E402

command, folder, *chosen = sys.argv[1:]
stand_in.Artifact.folder = Path(folder)
node = stand_in.Node(folder)
a, b = stand_in.Port("port-0", "a"), stand_in.Port("port-1", "b")

ether = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
six = {"src": "2001:2::1", "dst": "2001:2::2"}
four = {"src": "198.18.0.1", "dst": "198.18.0.2"}
packets = {
    "udp": ether / IP(**four) / UDP(sport=1, dport=2) / Raw(b"x" * 40),
    "arp": ether / ARP(psrc="198.18.0.1", pdst="198.18.0.2"),
    "lldp": Ether(src=ether.src, dst="01:80:c2:00:00:0e", type=0x88CC) / Raw(b"\x02\x07\x04" + bytes(43)),
    "icmp": ether / IP(**four) / ICMP() / Raw(b"y" * 30),
    "icmpv6": ether / IPv6(**six) / ICMPv6EchoRequest(),
    "behind": ether / IPv6(**six) / IPv6ExtHdrHopByHop() / ICMPv6EchoRequest(),
    "unknown": Ether(src=ether.src, dst=ether.dst, type=0x88B5) / Raw(b"z" * 6),
}


def functional(*ports):
    generator = pktgen_ts.PktgenTsFunctionalTrafficGenerator(node, stand_in.FuncConfig(command))
    generator.setup(stand_in.Topology(*(ports or (a, b))))
    return generator


def performance(options, *ports):
    generator = pktgen_ts.PktgenTsPerformanceTrafficGenerator(node, stand_in.PerfConfig(command, options))
    generator.setup(stand_in.Topology(*(ports or (a, b))))
    return generator


def names(received):
    known = {raw(packet): name for name, packet in packets.items()}
    return [known.get(raw(packet), raw(packet).hex()) for packet in received]


def exchange():
    generator = functional()
    out = {}
    for left_out in ("", "no_lldp", "no_arp", "no_icmp", "all"):
        wanted = {key: left_out in (key, "all") for key in ("no_lldp", "no_arp", "no_icmp")}
        filters = stand_in.PacketFilteringConfig(**wanted)
        out[left_out] = names(generator.send_packets_and_capture(list(packets.values()), a, b, filters, 0.3))
    generator.send_packets([packets["udp"]] * 3, a)
    out["nothing"] = generator.send_packets_and_capture([], a, b, stand_in.PacketFilteringConfig(), 0.3)
    generator.teardown()
    return out


def too_long():
    generator = functional()
    try:
        generator.send_packets_and_capture([ether / Raw(bytes(1600))], a, b, stand_in.PacketFilteringConfig(), 0.3)
    finally:
        generator.teardown()


def no_such_interface():
    nowhere = stand_in.Port("port-9", "nope0")
    generator = functional(nowhere)
    try:
        generator.send_packets([packets["udp"]], nowhere)
    finally:
        generator.teardown()


def rates():
    generator = performance({"rate": "1kpps", "rateTolerance": "50%", "lateTolerance": "100%"})
    # On a busy machine the generator may stand still, which is an invalid trial. Then it is measured again.
    for left in reversed(range(5)):
        try:
            stats = generator.calculate_traffic_and_stats(packets["udp"], 0.5)
            break
        except pktgen_ts.InvalidTrialError:
            if left == 0:
                raise
    generator.teardown()
    artifacts = sorted({re.sub(r"[0-9]+", "N", path.name) for path in Path(folder).iterdir()})
    return {"stats": vars(stats), "length": len(packets["udp"]), "artifacts": artifacts}


def invalid():
    generator = performance({"rate": "100Mpps"})
    try:
        generator.calculate_traffic_and_stats(packets["udp"], 0.3, 100)
    finally:
        generator.teardown()


def vhost():
    ports = {"east": f"vhost:{folder}/s,server=on", "west": f"virtio-user:{folder}/s"}
    shell = pktgen_ts.PktgenTs(node, ports, command)
    shell.start_application()
    tolerant = {"rateTolerance": "50%", "lateTolerance": "100%"}
    options = {"dut": "external", "tx": "east", "rx": "west", "sizes": "64", "count": "100", "rate": "1kpps", **tolerant}
    result = shell.run(options, 5)
    shell.close()
    shell.close()
    result.verify_valid()
    (trial,) = result.trials
    return {"sent": trial["sent"], "accepted": trial["accepted"], "report": "PASS: 1 size" in result.report}


def other_version():
    pktgen_ts.API_VERSION, right = 0, pktgen_ts.API_VERSION
    try:
        functional()
    finally:
        pktgen_ts.API_VERSION = right


def long_request():
    shell = pktgen_ts.PktgenTs(node, {}, command)
    shell.start_application()
    try:
        shell.ask("/runs", "POST", body={"options": {"sizes": "64," * 2000 + "1"}})
    finally:
        shell.close()


def dead_server():
    shell = pktgen_ts.PktgenTs(node, {}, command)
    shell._timeout = 2
    shell.start_application()
    shell._ssh_channel.settimeout(2)
    shell.send_command("\x03", "pktgen-ts:closed")
    try:
        shell.ask("/version")
    finally:
        shell.close()


cases = {
    **{"exchange": exchange, "rates": rates, "vhost": vhost, "too-long": too_long, "invalid": invalid},
    **{"no-such-interface": no_such_interface, "other-version": other_version, "dead-server": dead_server},
    "no-interface": lambda: functional(stand_in.Port("port-0", "", ("vfio-pci", "i40e"))),
    "wrong-drivers": lambda: performance({}, stand_in.Port("port-0", "a", ("vfio-pci", "i40e"))),
    "no-program": lambda: pktgen_ts.PktgenTs(node, {}, "/nowhere/pktgen-ts").start_application(),
    "bad-port": lambda: pktgen_ts.PktgenTs(node, {"x": "nothing:"}, command).start_application(),
    "other-system": lambda: pktgen_ts.PktgenTsFunctionalTrafficGenerator(
        stand_in.Node(folder, stand_in.OS.freebsd), stand_in.FuncConfig(command)
    ),
    "long-request": long_request,
}


def answer_of(case):
    try:
        return case()
    except stand_in.DTSError as error:
        return {"error": type(error).__name__, "message": str(error)}


print(json.dumps({name: answer_of(cases[name]) for name in chosen}))
