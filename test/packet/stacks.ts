/** Random headers of every protocol, and random stacks of them that can be. */
import fc from "fast-check";
import {
  arp,
  ethernet,
  geneve,
  gre,
  gtpu,
  type Header,
  type Ipv4Address,
  type Ipv6Address,
  icmp,
  icmpv6,
  icmpv6Types,
  igmp,
  igmpQuery3,
  igmpReport3,
  ipv4,
  ipv6,
  ipv6Destination,
  ipv6Fragment,
  ipv6HopByHop,
  ipv6Routing,
  llc,
  lldp,
  type MacAddress,
  mpls,
  ppp,
  pppoe,
  pppoeDiscovery,
  raw,
  sctp,
  sctpChunk,
  sctpData,
  snap,
  tcp,
  udp,
  vlan,
  vxlan,
} from "../../src/packet/index.js";

type Any<T> = fc.Arbitrary<T>;
type Stack = readonly Header[];

const bytesOf = (length: number): Any<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const words = (most: number, unit: number, extra = 0): Any<Uint8Array> =>
  fc.nat(most).chain((count) => bytesOf(count * unit + extra));
const bits = (count: number): Any<number> =>
  fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }).map((share) => Math.floor(share * 2 ** count));
const orNull = <T>(value: Any<T>): Any<T | null> => fc.option(value, { nil: null });
const mac = bytesOf(6) as Any<MacAddress>;
const v4 = bytesOf(4) as Any<Ipv4Address>;
const v6 = bytesOf(16) as Any<Ipv6Address>;
const flag = fc.boolean();

export const anyEthernet = fc.record({ dst: mac, src: mac }).map(ethernet);
const tpid = fc.constantFrom<0x8100 | 0x88a8 | 0x9100>(0x8100, 0x88a8, 0x9100);
const anyVlan = fc.record({ id: bits(12), priority: bits(3), dropEligible: flag, tpid }).map(vlan);
const anyMpls = fc.record({ label: bits(20), trafficClass: bits(3), ttl: bits(8) }).map(mpls);
const anyIpv4 = fc
  .record({
    src: v4,
    dst: v4,
    dscp: bits(6),
    ecn: bits(2),
    identification: bits(16),
    flags: fc.constantFrom(0, 2, 4, 6),
    ttl: bits(8),
    options: words(10, 4),
  })
  .map(ipv4);
const anyIpv6 = fc
  .record({ src: v6, dst: v6, trafficClass: bits(8), flowLabel: bits(20), hopLimit: bits(8) })
  .map(ipv6);
const anyExtension: Any<Header> = fc.oneof(
  fc.record({ options: words(3, 8, 6) }).map(ipv6HopByHop),
  fc.record({ options: words(3, 8, 6) }).map(ipv6Destination),
  fc.record({ identification: bits(32), reserved: bits(8), reservedBits: bits(2) }).map(ipv6Fragment),
  fc
    .record({ data: words(6, 8), routingType: fc.constantFrom(0, 2, 4, 9), segmentsLeft: fc.nat(2), rest: bits(32) })
    .map(ipv6Routing),
);
const anyUdp = fc
  .record({ srcPort: bits(16), dstPort: bits(16).filter((port) => ![2152, 4789, 6081].includes(port)) })
  .map(udp);
const toTunnel = fc.record({ srcPort: bits(16) }).map(udp);
const anyTcp = fc
  .record({
    srcPort: bits(16),
    dstPort: bits(16),
    sequence: bits(32),
    acknowledgment: bits(32),
    reserved: bits(4),
    flags: bits(8),
    window: bits(16),
    urgentPointer: bits(16),
    options: words(10, 4),
  })
  .map(tcp);
const anyIcmp = fc.record({ type: bits(8), code: bits(8), rest: bits(32) }).map(icmp);
const ndOption = fc.record({ type: bits(8), body: words(3, 8, 6) });
const ndOptions = fc.array(ndOption, { maxLength: 3 });
const nd = (type: number, fixedBytes: number): Any<Header> =>
  fc
    .record({ code: bits(8), rest: bits(32), fixed: bytesOf(fixedBytes), options: ndOptions })
    .map((rest) => icmpv6({ type, ...rest }));
const anyDiscovery: Any<Header> = fc.oneof(
  nd(icmpv6Types.routerSolicitation, 0),
  nd(icmpv6Types.routerAdvertisement, 8),
  nd(icmpv6Types.neighbourSolicitation, 16),
  nd(icmpv6Types.neighbourAdvertisement, 16),
  nd(icmpv6Types.redirect, 32),
);
const anyIcmpv6 = fc
  .record({ type: bits(8).filter((type) => type < 133 || type > 137), code: bits(8), rest: bits(32) })
  .map(icmpv6);
const record = fc.record({ type: bits(8), group: v4, sources: fc.array(v4, { maxLength: 3 }), auxiliary: words(2, 4) });
const anyIgmp: Any<Header> = fc.oneof(
  fc.record({ type: bits(8).filter((type) => type !== 0x22), maxResponse: bits(8), group: v4 }).map(igmp),
  fc
    .record({
      maxResponse: bits(8),
      group: v4,
      suppress: flag,
      robustness: bits(3),
      interval: bits(8),
      sources: fc.array(v4, { maxLength: 3 }),
    })
    .map(igmpQuery3),
  fc.array(record, { maxLength: 3 }).map(igmpReport3),
);
const chunk = fc
  .tuple(fc.integer({ min: 1, max: 255 }), fc.uint8Array({ maxLength: 9 }), bits(8))
  .map(([type, value, flags]) => sctpChunk(type, value, flags));
const anySctp = fc
  .record({
    srcPort: bits(16),
    dstPort: bits(16),
    verificationTag: bits(32),
    chunks: fc.array(chunk, { maxLength: 3 }),
  })
  .map(sctp);
const anySctpData = fc
  .record({ flags: bits(8), tsn: bits(32), stream: bits(16), streamSequence: bits(16), payloadProtocol: bits(32) })
  .map(sctpData);
const anyVxlan = fc.record({ vni: bits(24), reserved: bits(24), reserved2: bits(8) }).map(vxlan);
const anyGeneve = fc
  .record({ vni: bits(24), control: flag, critical: flag, options: words(5, 4), reserved: bits(6), reserved2: bits(8) })
  .map(geneve);
const anyGre = fc
  .record({ checksummed: flag, key: orNull(bits(32)), sequence: orNull(bits(32)), reserved: bits(9) })
  .map(gre);
const extension = fc.record({ type: fc.integer({ min: 1, max: 255 }), content: words(3, 4, 2) });
const anyGtpu = fc
  .record({
    teid: bits(32),
    sequence: orNull(bits(16)),
    nPdu: orNull(bits(8)),
    extensions: fc.array(extension, { maxLength: 3 }),
    spare: bits(1),
  })
  .map(gtpu);
const anyArp = fc.record({ operation: bits(16), senderMac: mac, senderIp: v4, targetMac: mac, targetIp: v4 }).map(arp);
const tlv = fc.record({ type: fc.integer({ min: 4, max: 127 }), value: fc.uint8Array({ maxLength: 9 }) });
const anyLldp = fc
  .record({
    chassisMac: mac,
    portName: fc.string({ maxLength: 9 }),
    timeToLive: bits(16),
    tlvs: fc.array(tlv, { maxLength: 3 }),
  })
  .map(lldp);
const anyTag = fc.record({ type: bits(16), value: fc.uint8Array({ maxLength: 9 }) });
const anyPppoeDiscovery = fc
  .record({ code: bits(8), sessionId: bits(16), tags: fc.array(anyTag, { maxLength: 3 }) })
  .map(pppoeDiscovery);
const anyPpp = fc.record({ compressed: fc.boolean() }).map(ppp);
const anyPppoe = fc.record({ sessionId: bits(16) }).map(pppoe);

const anyLlc = fc
  .oneof(
    fc.record({ dsap: bits(8), ssap: bits(8), control: bits(6).map((high) => (high << 2) | 3) }),
    fc.record({ dsap: bits(8), ssap: bits(8), control: bits(7).map((high) => high << 1), control2: bits(8) }),
  )
  .filter(({ dsap }) => dsap !== 0xaa)
  .map(llc);

const join = (...parts: readonly (Any<Header> | Any<Stack>)[]): Any<Stack> =>
  fc.tuple(...parts).map((stacks) => stacks.flat() as Stack);
const some = (each: Any<Header>, most: number): Any<Stack> => fc.array(each, { maxLength: most });

/** What stands behind an EtherType, an IP header or alone; `depth` tunnels may follow. */
const linkStack = (depth: number): Any<Stack> =>
  fc.oneof(
    { weight: 9, arbitrary: join(anyEthernet, some(anyVlan, 2), networkStack(depth)) },
    {
      weight: 1,
      arbitrary: join(
        anyEthernet,
        fc.constant(llc({ dsap: 0xaa, ssap: 0xaa })),
        fc.constant(snap()),
        networkStack(depth),
      ),
    },
    { weight: 1, arbitrary: join(anyEthernet, anyLlc) },
  );

const networkStack = (depth: number): Any<Stack> =>
  fc.oneof(
    { weight: 6, arbitrary: ipStack(depth) },
    { weight: 2, arbitrary: join(anyMpls, some(anyMpls, 2), ipStack(depth)) },
    { weight: 1, arbitrary: join(anyArp) },
    { weight: 1, arbitrary: join(anyLldp) },
    { weight: 1, arbitrary: join(anyPppoeDiscovery) },
    { weight: 1, arbitrary: join(anyPppoe, anyPpp, ipStack(depth)) },
  );

const ipStack = (depth: number): Any<Stack> =>
  fc.oneof(
    join(anyIpv4, fc.oneof(transportStack(depth), join(anyIcmp), join(anyIgmp))),
    join(anyIpv6, some(anyExtension, 2), fc.oneof(transportStack(depth), join(anyIcmpv6), join(anyDiscovery))),
  );

const transportStack = (depth: number): Any<Stack> => {
  const plain: Any<Stack>[] = [join(anyUdp), join(anyTcp), join(anySctp, anySctpData), join(anySctp)];
  if (depth === 0) return fc.oneof(...plain);
  const tunnels: Any<Stack>[] = [
    join(toTunnel, anyVxlan, linkStack(depth - 1)),
    join(toTunnel, anyGeneve, fc.oneof(linkStack(depth - 1), ipStack(depth - 1))),
    join(toTunnel, anyGtpu, ipStack(depth - 1)),
    join(anyGre, fc.oneof(linkStack(depth - 1), networkStack(depth - 1))),
    ipStack(depth - 1),
  ];
  return fc.oneof(...plain, ...tunnels);
};

/** From one plain frame to three tunnels deep. */
export const anyStack: Any<Stack> = linkStack(2);

/** The same, with raw bytes behind it, or nothing but raw bytes. */
export const anyStackWithRaw: Any<Stack> = fc
  .tuple(anyStack, fc.uint8Array({ maxLength: 20 }), flag)
  .map(([layers, bytes, alone]) => (alone ? [raw(bytes)] : [...layers, raw(bytes)]));
