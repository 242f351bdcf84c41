"""Golden frames of small TRex profiles, by scapy: python3 test/import/trex/vectors.py > test/import/trex/vectors.json

Each case has a packet, instructions of the field engine, and what TRex would send, frame by frame, from what its manual
says of each instruction. Values are written down or counted here, and checksums are scapy's.
"""
import base64
import json
import logging

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.all import *  # noqa
from scapy.contrib.mpls import MPLS

E = Ether(dst="02:00:00:00:00:0b", src="02:00:00:00:00:0a")
I4 = IP(src="198.18.0.1", dst="198.19.0.1", id=7, ttl=64)
U = UDP(sport=1025, dport=12)
CASES = {}


def pad(packet, size, byte=b"x"):
    return packet / Raw(byte * (size - len(packet)))


def var(name, size, op, low, high, init=None, step=1, next_var=None):
    first = init if init is not None else (high if op == "dec" else low)
    return dict(type="flow_var", name=name, size=size, op=op, min_value=low, max_value=high, init_value=first,
                step=step, next_var=next_var, split_to_cores=True)


def values(name, size, op, listed, step=1, next_var=None):
    return dict(type="flow_var", name=name, size=size, op=op, value_list=listed, step=step, next_var=next_var,
                split_to_cores=True)


def write(name, offset, add=0, big=True):
    return dict(type="write_flow_var", name=name, pkt_offset=offset, add_value=add, is_big_endian=big)


def mask(name, offset, cast, bits, shift=0, add=0):
    return dict(type="write_mask_flow_var", name=name, pkt_offset=offset, pkt_cast_size=cast, mask=bits, shift=shift,
                add_value=add, is_big_endian=True)


def fix(offset=14):
    return dict(type="fix_checksum_ipv4", pkt_offset=offset)


def case(name, packet, program, frames):
    """`frames`: bytes, or packets whose UDP checksum stays that of the template."""
    CASES[name] = dict(packet=base64.b64encode(bytes(packet)).decode(), program=program,
                       frames=[bytes(frame).hex() for frame in frames])


def stale(template, **ip):
    """The template with other IPv4 fields, its own checksum right, and the checksum behind it as it was."""
    kept = Ether(bytes(template))
    for field, value in ip.items():
        setattr(kept[IP], field, value)
    del kept[IP].chksum
    return kept


def patched(template, *places):
    frame = bytearray(bytes(template))
    for offset, value, size in places:
        frame[offset:offset + size] = value.to_bytes(size, "big")
    return bytes(frame)


base = pad(E / I4 / U, 60)
src = lambda n: "198.18.0.%d" % n

case("inc", base, [var("a", 4, "inc", 0xC6120001, 0xC6120003), write("a", 26), fix()],
     [stale(base, src=src(n)) for n in (1, 2, 3, 1, 2, 3, 1)])
case("dec", base, [var("a", 4, "dec", 0xC6120001, 0xC6120003), write("a", 26), fix()],
     [stale(base, src=src(n)) for n in (3, 2, 1, 3, 2, 1, 3)])
case("a step that does not end at the end", base, [var("a", 4, "inc", 0xC6120001, 0xC6120008, step=3), write("a", 26), fix()],
     [stale(base, src=src(n)) for n in (1, 4, 7, 1, 4, 7, 1)])
case("an init in the middle", base, [var("a", 4, "inc", 0xC6120001, 0xC6120004, init=0xC6120003), write("a", 26), fix()],
     [stale(base, src=src(n)) for n in (3, 4, 1, 2, 3, 4, 1)])
case("an init in the middle, downwards", base, [var("a", 1, "dec", 1, 9, init=5, step=2), write("a", 29), fix()],
 
     [stale(base, src=src(n)) for n in (5, 3, 1, 9, 7, 5, 3)])
case("a list, and one downwards", base, [values("a", 1, "inc", [5, 3, 9]), values("b", 1, "dec", [1, 2]), write("a", 29),
                                         write("b", 33), fix()],
     [stale(base, src=src(a), dst="198.19.0.%d" % b) for a, b in ((5, 2), (3, 1), (9, 2), (5, 1), (3, 2), (9, 1), (5, 2))])
case("a list in steps", base, [values("a", 1, "inc", [5, 3, 9], step=2), write("a", 29), fix()],
     [stale(base, src=src(n)) for n in (5, 9, 3, 5, 9, 3, 5)])
case("without a fix: the checksum stays", base, [var("a", 2, "inc", 1, 2), write("a", 28)],
     [patched(base, (28, n, 2)) for n in (1, 2, 1, 2)])
case("a carry from field to field", base, [var("a", 1, "inc", 1, 2, next_var="b"), var("b", 1, "inc", 7, 9), write("a", 29),
                                           write("b", 33), fix()],
     [stale(base, src=src(a), dst="198.19.0.%d" % b) for a, b in ((1, 7), (2, 7), (1, 8), (2, 8), (1, 9), (2, 9), (1, 7))])
case("a carry from a field in the middle", base,
     [var("a", 1, "inc", 1, 3, init=2, next_var="b"), var("b", 1, "inc", 7, 9), write("a", 29), write("b", 33), fix()],
     [stale(base, src=src(a), dst="198.19.0.%d" % b)
      for a, b in ((2, 9), (3, 9), (1, 7), (2, 7), (3, 7), (1, 8), (2, 8), (3, 8), (1, 9), (2, 9))])
case("a tuple generator with a limit", base,
     [dict(type="tuple_flow_var", name="t", ip_min=0xC6120001, ip_max=0xC6120002, port_min=2000, port_max=2009,
           limit_flows=5, flags=0), write("t.ip", 26), fix(), write("t.port", 34)],
     [patched(stale(base, src=src(a)), (34, p, 2))
      for a, p in ((1, 2000), (2, 2000), (1, 2001), (2, 2001), (1, 2002), (1, 2000), (2, 2000), (1, 2001))])
case("a mask with a shift", base, [var("a", 2, "inc", 1, 3), mask("a", 10, 2, 0x0FF0, shift=4)],
     [patched(base, (10, (n << 4) | 0xA, 2)) for n in (1, 2, 3, 1)])
case("a mask of one bit, shifted right", base, [var("a", 2, "dec", 1, 6), mask("a", 10, 1, 1, shift=-1)],
     [patched(base, (10, (n >> 1) & 1, 1)) for n in (6, 5, 4, 3, 2, 1, 6)])
case("an addition", base, [var("a", 4, "inc", 0x7FFFFFFF, 0x80000001), write("a", 34, add=-0x7FFFFFFF + 0x00010002)],
     [patched(base, (34, 0x00010002 + n, 4)) for n in (0, 1, 2, 0)])
case("an addition that wraps", base, [var("a", 1, "inc", 250, 255), write("a", 29, add=4)],
     [patched(base, (29, n & 255, 1)) for n in (254, 255, 256, 257, 258, 259, 254)])
case("the least byte first", base, [var("a", 2, "inc", 255, 257), write("a", 34, big=False)],
     [patched(base, (34, ((n & 255) << 8) | (n >> 8), 2)) for n in (255, 256, 257, 255)])
case("eight bytes", base, [var("a", 8, "inc", 0x100000005, 0x100000006), write("a", 44)],
     [patched(base, (44, n, 8)) for n in (0x100000005, 0x100000006, 0x100000005)])
case("one variable in two places", base, [var("a", 2, "inc", 1, 3), write("a", 10), write("a", 28), fix()],
     [patched(stale(base, src="198.18.0.%d" % n), (10, n, 2)) for n in (1, 2, 3, 1)])
case("the later write counts", base, [var("a", 2, "inc", 1, 2), var("b", 2, "inc", 8, 9), write("a", 34), write("b", 34)],
     [patched(base, (34, n, 2)) for n in (8, 9, 8)])
case("a MAC address", base, [var("a", 1, "inc", 1, 2), write("a", 11)], [patched(base, (11, n, 1)) for n in (1, 2, 1)])
case("two parts of a MAC address", base, [var("a", 1, "inc", 1, 2), var("b", 1, "dec", 3, 5), write("a", 11), write("b", 10)],
     [patched(base, (11, a, 1), (10, b, 1)) for a, b in ((1, 5), (2, 4), (1, 3), (2, 5))])

tagged = pad(E / Dot1Q(vlan=5, prio=3) / I4 / U, 64)
case("the number of a VLAN", tagged, [var("a", 2, "inc", 100, 102), mask("a", 14, 2, 0x0FFF)],
     [patched(tagged, (14, (3 << 13) | n, 2)) for n in (100, 101, 102, 100)])
double = pad(E / Dot1Q(vlan=5, type=0x8100) / Dot1Q(vlan=6) / I4 / U, 68)
case("two tags", double, [], [double, double])
label = pad(E / MPLS(label=17, s=1, ttl=255) / I4 / U, 68)
case("an MPLS label", label, [var("a", 2, "inc", 1, 3), mask("a", 14, 4, 0xFFFFF000, shift=12)],
     [patched(label, (14, (n << 12) | 0x1FF, 4)) for n in (1, 2, 3, 1)])

six = pad(E / IPv6(src="2001:2::1", dst="2001:2:0:8000::1") / U, 80)
case("the end of an IPv6 address", six, [var("a", 4, "inc", 1, 2), write("a", 34)], [patched(six, (34, n, 4)) for n in (1, 2, 1)])
ns = E / IPv6(src="2001:2::1", dst="2001:2:0:8000::1") / ICMPv6EchoRequest(id=1, seq=1) / Raw(b"x" * 20)
case("a checksum of ICMPv6", ns, [var("a", 2, "inc", 1, 3), write("a", 60), dict(type="fix_checksum_icmpv6", l2_len=14, l3_len=40)],
     [E / IPv6(src="2001:2::1", dst="2001:2:0:8000::1") / ICMPv6EchoRequest(id=1, seq=n) / Raw(b"x" * 20) for n in (1, 2, 3, 1)])
case("checksums by hardware", base,
     [var("a", 4, "inc", 0xC6120001, 0xC6120002), write("a", 26), dict(type="fix_checksum_hw", l2_len=14, l3_len=20, l4_type=11)],
     [pad(E / IP(src=src(n), dst="198.19.0.1", id=7, ttl=64) / U, 60) for n in (1, 2, 1)])

long = pad(E / I4 / U, 100)
cut = lambda n: stale_length(long, n)


def stale_length(template, size):
    """Cut to `size`, with lengths and the IPv4 checksum right, and the UDP checksum as it was."""
    frame = patched(template, (16, size - 14, 2), (38, size - 34, 2))[:size]
    return patched(frame, (24, checksum(patched(frame, (24, 0, 2))[14:34]), 2))


trim = [dict(type="trim_pkt_size", name="s"), write("s", 16, add=-14), write("s", 38, add=-34), fix()]
case("sizes upwards", long, [var("s", 2, "inc", 64, 66)] + trim, [cut(n) for n in (64, 65, 66, 64)])
case("sizes downwards", long, [var("s", 2, "dec", 64, 66)] + trim, [cut(n) for n in (66, 65, 64, 66)])
case("sizes of a list", long, [values("s", 2, "inc", [100, 60, 80])] + trim, [cut(n) for n in (100, 60, 80, 100)])
case("sizes below the least", long, [var("s", 2, "inc", 58, 61)] + trim, [cut(n) for n in (60, 61, 60)])
case("sizes without lengths", long, [var("s", 2, "inc", 64, 65), dict(type="trim_pkt_size", name="s")],
     [bytes(long)[:n] for n in (64, 65, 64)])

odd = Ether(dst="02:00:00:00:00:0b", src="02:00:00:00:00:0a", type=0x88B5) / Raw(bytes(range(46)))
case("no header that is known", odd, [var("a", 1, "inc", 1, 2), write("a", 20)], [patched(odd, (20, n, 1)) for n in (1, 2, 1)])
short = E / I4 / U / Raw(b"xyz")
case("padding", short, [], [bytes(short) + bytes(15)] * 2)
wrong = pad(E / IP(src="198.18.0.1", dst="198.19.0.1", id=7, len=99, chksum=0x1234) / UDP(sport=1, dport=2, len=3, chksum=4), 70)
case("lengths and checksums that are wrong", wrong, [], [wrong, wrong])
tunnel = E / I4 / UDP(sport=1025, dport=4789) / VXLAN(vni=7, flags=8) / pad(E / I4 / U, 50)
case("inside a tunnel", tunnel, [var("a", 4, "inc", 0xC6120001, 0xC6120002), write("a", 76), fix(64)],
     [patched(patched(tunnel, (76, 0xC6120000 + n, 4)), (74, checksum(patched(tunnel, (76, 0xC6120000 + n, 4), (74, 0, 2))[64:84]), 2))
      for n in (1, 2, 1)])

print(json.dumps(CASES, indent=1))
