/** Golden frames of tunnels. */
import { geneve, geneveOption, gre, gtpu, pduSession, udp, vlan, vxlan } from "../../../src/packet/index.js";
import { eth, inner, inner4, inner6, ip4, ip6, type Row, u } from "./layers.js";

export const tunnels: readonly Row[] = [
  [
    "VXLAN",
    [eth, ip4, udp({ srcPort: 50_000 }), vxlan({ vni: 0x123456 }), inner, inner4, u],
    18,
    "ip:udp:vxlan:eth:ethertype:ip:udp:data",
  ],
  [
    "VXLAN over IPv6 without outer checksum",
    [
      eth,
      ip6,
      udp({ srcPort: 50_000, wrong: { checksum: 0 } }),
      vxlan({ vni: 5000 }),
      inner,
      vlan({ id: 7 }),
      inner6,
      u,
    ],
    4,
    "ipv6:udp:vxlan:eth:ethertype:vlan:ethertype:ipv6:udp:data",
  ],
  [
    "Geneve with an option",
    [
      eth,
      ip4,
      udp({ srcPort: 50_000 }),
      geneve({ vni: 0xabcdef, options: geneveOption(0x0102, 0x42, Uint8Array.of(1, 2, 3, 4)) }),
      inner,
      inner4,
      u,
    ],
    18,
    "ip:udp:geneve:eth:ethertype:ip:udp:data",
  ],
  ["GRE", [eth, ip4, gre(), inner4, u], 18, "ip:gre:ip:udp:data"],
  [
    "GRE with checksum, key and sequence",
    [eth, ip4, gre({ checksummed: true, key: 0xdead_beef, sequence: 7 }), inner6, u],
    3,
    "ip:gre:ipv6:udp:data",
  ],
  ["GRE with Ethernet", [eth, ip6, gre({ key: 9 }), inner, inner4, u], 18, "ipv6:gre:eth:ethertype:ip:udp:data"],
  ["GTP-U", [eth, ip4, udp({ srcPort: 2152 }), gtpu({ teid: 0x11223344 }), inner4, u], 18, "ip:udp:gtp:ip:udp:data"],
  [
    "GTP-U with sequence and PDU session",
    [
      eth,
      ip4,
      udp({ srcPort: 2152 }),
      gtpu({ teid: 1, sequence: 0x1234, extensions: [pduSession("uplink", 9)] }),
      inner6,
      u,
    ],
    2,
    "ip:udp:gtp:ipv6:udp:data",
  ],
  ["4in4", [eth, ip4, inner4, u], 18, "ip:ip:udp:data"],
  ["6in4", [eth, ip4, inner6, u], 18, "ip:ipv6:udp:data"],
  ["4in6", [eth, ip6, inner4, u], 18, "ipv6:ip:udp:data"],
];
