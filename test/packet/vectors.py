"""Golden frames by scapy, as JSON of name to hex: /usr/bin/python3 test/packet/vectors.py > test/packet/vectors.json

An independent tool's idea of each protocol; test/packet/vectors.ts says which layers of ours must give the same bytes.
"""
import json
import logging

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.all import *  # noqa
from scapy.contrib.geneve import GENEVE, GeneveOptions
from scapy.contrib.gtp import GTP_U_Header, GTPPDUSessionContainer, GTPEchoRequest
from scapy.contrib.igmp import IGMP
from scapy.contrib.igmpv3 import IGMPv3, IGMPv3mq, IGMPv3mr, IGMPv3gr
from scapy.contrib.lldp import *  # noqa
from scapy.contrib.mpls import MPLS
from scapy.layers.inet6 import *  # noqa
from scapy.layers.sctp import *  # noqa

# contrib.mpls and contrib.geneve bind what they carry when they are loaded.
ours, theirs = "02:00:00:00:00:01", "00:11:22:33:44:10"
E = Ether(dst=theirs, src=ours)
IN = Ether(dst="02:00:00:00:00:04", src="02:00:00:00:00:03")
I4 = IP(src="198.18.0.1", dst="198.19.0.1", id=0, ttl=64)
J4 = IP(src="198.18.1.1", dst="198.19.1.1", id=0, ttl=64)
I6 = IPv6(src="2001:2::1", dst="2001:2:0:8000::1", hlim=255)
J6 = IPv6(src="2001:2:1::1", dst="2001:2:1:8000::1", hlim=64)
LL = lambda to: IPv6(src="fe80::1", dst=to, hlim=255)
U = UDP(sport=1024, dport=9)


def body(n):
    return Raw(bytes(i & 255 for i in range(n)))


frames = {
    "ARP request": Ether(dst="ff:ff:ff:ff:ff:ff", src=ours)
    / ARP(op=1, hwsrc=ours, psrc="198.18.0.1", hwdst="00:00:00:00:00:00", pdst="198.19.0.1"),
    "ARP reply": E / ARP(op=2, hwsrc=ours, psrc="198.18.0.1", hwdst=theirs, pdst="198.19.0.1"),
    "ICMP echo request": E / I4 / ICMP(type=8, id=0x1234, seq=7) / body(9),
    "ICMP fragmentation needed": E / I4 / ICMP(type=3, code=4, nexthopmtu=1400) / body(8),
    "ICMPv6 echo request": E / I6 / ICMPv6EchoRequest(id=0x1234, seq=7, data=bytes(range(9))),
    "neighbour solicitation": E
    / IPv6(src="2001:2::1", dst="ff02::1:ff00:1", hlim=255)
    / ICMPv6ND_NS(tgt="2001:2:0:8000::1")
    / ICMPv6NDOptSrcLLAddr(lladdr=ours),
    "neighbour advertisement": E / I6 / ICMPv6ND_NA(R=0, S=1, O=1, tgt="2001:2::1") / ICMPv6NDOptDstLLAddr(lladdr=ours),
    "router solicitation": E / LL("ff02::2") / ICMPv6ND_RS() / ICMPv6NDOptSrcLLAddr(lladdr=ours),
    "router advertisement": E
    / LL("ff02::1")
    / ICMPv6ND_RA(chlim=64, M=1, O=0, prf=0, routerlifetime=1800, reachabletime=30000, retranstimer=1000)
    / ICMPv6NDOptSrcLLAddr(lladdr=ours)
    / ICMPv6NDOptMTU(mtu=1500)
    / ICMPv6NDOptPrefixInfo(
        prefixlen=64, L=1, A=1, R=0, validlifetime=2592000, preferredlifetime=604800, prefix="2001:2::"
    ),
    "802.3 with LLC": Dot3(dst=theirs, src=ours) / LLC(dsap=0x42, ssap=0x42, ctrl=3) / body(35),
    "802.3 with SNAP": Dot3(dst=theirs, src=ours) / LLC(dsap=0xaa, ssap=0xaa, ctrl=3) / SNAP(OUI=0, code=0x0800) / I4 / U / body(18),
    "QinQ": E / Dot1AD(vlan=100, prio=3) / Dot1Q(vlan=4094, prio=7, id=1) / I4 / U / body(18),
    "MPLS stack": E / MPLS(label=1000, cos=5, s=0, ttl=64) / MPLS(label=16, cos=0, s=1, ttl=63) / I4 / U / body(18),
    "MPLS with IPv6": E / MPLS(label=0xFFFFF, s=1, ttl=1) / I6 / U / body(3),
    "IPv4 options": E / IP(src="198.18.0.1", dst="198.19.0.1", id=7, ttl=1, tos=0xB9, options=[IPOption(b"\x94\x04\0\0")]) / U / body(5),
    "IPv4 fragment": E / IP(src="198.18.0.1", dst="198.19.0.1", id=0x1234, ttl=64, flags="MF", frag=185, proto=17) / body(16),
    "IPv6 hop-by-hop and destination options": E
    / I6
    / IPv6ExtHdrHopByHop(options=[RouterAlert(value=0), PadN(optdata=b"")])
    / IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0\0\0\0")])
    / U
    / body(6),
    "IPv6 fragment": E / I6 / IPv6ExtHdrFragment(offset=0, m=1, id=0xCAFEBABE, nh=17) / body(16),
    "IPv6 segment routing": E
    / IPv6(src="2001:2::1", dst="2001:2:0:1::1", hlim=64)
    / IPv6ExtHdrSegmentRouting(addresses=["2001:2:0:8000::1", "2001:2:0:1::1"], segleft=1, lastentry=1, tag=7)
    / TCP(sport=1, dport=2, seq=1, flags="S", window=1000),
    "TCP SYN with options": E
    / I4
    / TCP(
        sport=1024,
        dport=80,
        seq=0x01020304,
        ack=0,
        flags="S",
        window=64240,
        options=[("MSS", 1460), ("SAckOK", b""), ("Timestamp", (0x11223344, 0)), ("NOP", None), ("WScale", 7)],
    ),
    "TCP data over IPv6": E / I6 / TCP(sport=1024, dport=80, seq=5, ack=6, flags="PA", window=65535) / body(7),
    "IGMPv2 report": Ether(dst="01:00:5e:01:02:03", src=ours)
    / IP(src="198.18.0.1", dst="239.1.2.3", id=0, ttl=1, options=[IPOption(b"\x94\x04\0\0")])
    / IGMP(type=0x16, mrcode=0, gaddr="239.1.2.3"),
    "IGMPv3 query": Ether(dst="01:00:5e:00:00:01", src=ours)
    / IP(src="198.18.0.1", dst="224.0.0.1", id=0, ttl=1, options=[IPOption(b"\x94\x04\0\0")])
    / IGMPv3(type=0x11, mrcode=100)
    / IGMPv3mq(gaddr="0.0.0.0", resv=0, s=0, qrv=2, qqic=125, srcaddrs=[]),
    "IGMPv3 report": Ether(dst="01:00:5e:00:00:16", src=ours)
    / IP(src="198.18.0.1", dst="224.0.0.22", id=0, ttl=1, options=[IPOption(b"\x94\x04\0\0")])
    / IGMPv3(type=0x22, mrcode=0)
    / IGMPv3mr(
        records=[
            IGMPv3gr(rtype=4, maddr="239.1.2.3"),
            IGMPv3gr(rtype=1, maddr="239.1.2.4", srcaddrs=["198.18.0.9", "198.18.0.10"]),
        ]
    ),
    "SCTP INIT": E
    / I4
    / SCTP(sport=1024, dport=2905, tag=0)
    / SCTPChunkInit(init_tag=0x11223344, a_rwnd=65536, n_out_streams=10, n_in_streams=10, init_tsn=0x11223344),
    "SCTP data": E
    / I4
    / SCTP(sport=1024, dport=5000, tag=0xDEADBEEF)
    / SCTPChunkData(beginning=1, ending=1, tsn=1, stream_id=2, stream_seq=3, proto_id=0, data=bytes(range(12))),
    "VXLAN": E / I4 / UDP(sport=50000, dport=4789) / VXLAN(flags=8, vni=0x123456) / IN / J4 / U / body(18),
    "VXLAN over IPv6 without outer checksum": E
    / I6
    / UDP(sport=50000, dport=4789, chksum=0)
    / VXLAN(flags=8, vni=5000)
    / IN
    / Dot1Q(vlan=7)
    / J6
    / U
    / body(4),
    "Geneve with an option": E
    / I4
    / UDP(sport=50000, dport=6081)
    / GENEVE(vni=0xABCDEF, proto=0x6558, options=[GeneveOptions(classid=0x0102, type=0x42, data=b"\1\2\3\4")])
    / IN
    / J4
    / U
    / body(18),
    "GRE": E / I4 / GRE(proto=0x0800) / J4 / U / body(18),
    "GRE with checksum, key and sequence": E
    / I4
    / GRE(chksum_present=1, key_present=1, seqnum_present=1, key=0xDEADBEEF, seqence_number=7, proto=0x86DD)
    / J6
    / U
    / body(3),
    "GRE with Ethernet": E / I6 / GRE(key_present=1, key=9, proto=0x6558) / IN / J4 / U / body(18),
    "GTP-U": E / I4 / UDP(sport=2152, dport=2152) / GTP_U_Header(teid=0x11223344, gtp_type=255) / J4 / U / body(18),
    "GTP-U with sequence and PDU session": E
    / I4
    / UDP(sport=2152, dport=2152)
    / GTP_U_Header(teid=1, gtp_type=255, S=1, E=1, seq=0x1234, next_ex=0x85)
    / GTPPDUSessionContainer(ExtHdrLen=1, type=1, QFI=9)
    / J6
    / U
    / body(2),
    "4in4": E / I4 / J4 / U / body(18),
    "6in4": E / I4 / J6 / U / body(18),
    "4in6": E / I6 / J4 / U / body(18),
    "LLDP": Ether(dst="01:80:c2:00:00:0e", src=ours)
    / LLDPDUChassisID(subtype=4, id=ours)
    / LLDPDUPortID(subtype=5, id="eth0")
    / LLDPDUTimeToLive(ttl=120)
    / LLDPDUSystemName(system_name="dut")
    / LLDPDUEndOfLLDPDU(),
    "PPPoE discovery": Ether(dst="ff:ff:ff:ff:ff:ff", src=ours)
    / PPPoED(code=9, sessionid=0)
    / PPPoETag(tag_type=0x0101)
    / PPPoETag(tag_type=0x0103, tag_value=b"\xca\xfe"),
    "PPPoE session": E / PPPoE(sessionid=0x0203) / Raw(b"\x00\x21") / I4 / U / body(18),
    "PPPoE session with IPv6": E / PPPoE(sessionid=1) / Raw(b"\x00\x57") / I6 / U / body(1),
    "PPPoE session, compressed protocol": E / PPPoE(sessionid=3) / PPP() / I4 / U / body(18),
    "PPPoE session with IPv6, compressed protocol": E / PPPoE(sessionid=4) / PPP() / I6 / U / body(1),
}

# scapy compresses PPP's protocol field to one byte where it can, which PPPoE advises against (RFC 2516 section 7), hence
# Raw above where it is whole; and it pads LLDP with zeros to 60 bytes.
hexes = {name: bytes(frame).hex() for name, frame in frames.items()}
hexes["LLDP"] = hexes["LLDP"][: 2 * 41]
print(json.dumps(hexes, indent=2))
