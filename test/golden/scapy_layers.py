"""Per frame of a capture, as JSON: its layers under pktgen-ts' names, and whether scapy makes the same bytes of them when
it computes lengths and checksums anew."""
import json
import logging
import sys

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.all import *  # noqa
from scapy.contrib.geneve import GENEVE
from scapy.contrib.gtp import GTPPDUSessionContainer, GTPHeader
from scapy.contrib.igmp import IGMP
from scapy.contrib.mpls import MPLS
from scapy.layers.inet6 import *  # noqa
from scapy.layers.sctp import *  # noqa

names = {
    "Ether": "ethernet", "Dot1Q": "vlan", "Dot1AD": "vlan", "MPLS": "mpls", "PPPoE": "pppoe", "ARP": "arp", "IP": "ipv4",
    "IPv6": "ipv6", "IPv6ExtHdrHopByHop": "ipv6HopByHop", "IPv6ExtHdrDestOpt": "ipv6Destination",
    "IPv6ExtHdrSegmentRouting": "ipv6Routing", "ICMP": "icmp", "ICMPv6EchoRequest": "icmpv6", "ICMPv6ND_NS": "icmpv6",
    "IGMP": "igmp", "TCP": "tcp", "UDP": "udp", "SCTP": "sctp", "SCTPChunkData": "sctpData", "VXLAN": "vxlan",
    "GENEVE": "geneve", "GTP_U_Header": "gtpu", "GRE": "gre",
}
# Computed by scapy when they are not set.
computed = {"chksum", "len", "ihl", "plen", "dataofs", "length"}

frames = []
for packet in rdpcap(sys.argv[1]):
    original = bytes(packet)
    layers, layer = [], Ether(original)
    again = layer.copy()
    while not isinstance(layer, (Raw, Padding, NoPayload)):
        name = type(layer).__name__
        if name in names:
            layers.append(names[name])
        layer = layer.payload
    layer = again
    while not isinstance(layer, NoPayload):
        for field in computed:
            if field in layer.fields and not isinstance(layer, (SCTPChunkData, MPLS)):
                delattr(layer, field)
        layer = layer.payload
    frames.append({"layers": layers, "same": bytes(again) == original})
print(json.dumps(frames))
