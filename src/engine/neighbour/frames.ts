/**
 * What a host with addresses says to its neighbours: answers to ARP (RFC 826), neighbour solicitations (RFC 4861 §7.2)
 * and echo requests (RFC 1122 §3.2.2.6, RFC 4443 §4.2), and the questions for a neighbour's MAC address. Pure.
 */
import {
  announcesTag,
  arp,
  arpOperations,
  buildFrame,
  dissect,
  ethernet,
  type Header,
  headersBytes,
  type Ipv4Address,
  type Ipv6Address,
  icmpEcho,
  icmpTypes,
  icmpv6Echo,
  icmpv6Types,
  ipv4,
  ipv6,
  linkLayerOf,
  linkLayerOption,
  type MacAddress,
  neighbourAdvertisement,
  neighbourSolicitation,
  parseIpv6,
  parseMac,
  vlan,
} from "../../packet/index.js";

/** The host at a port. */
export interface Host {
  readonly mac: MacAddress;
  readonly ipv4: readonly Ipv4Address[];
  readonly ipv6: readonly Ipv6Address[];
  /** The VLAN of its own questions. Answers carry the question's tag. */
  readonly vlan: number | null;
}

const broadcast = parseMac("ff:ff:ff:ff:ff:ff");
const allNodes = parseIpv6("ff02::1");
/** Without FCS. */
const leastFrameBytes = 60;
/** RFC 4861 §7.1: a lower hop limit shows that the sender is no neighbour. */
const neighbourHopLimit = 255;

const isSame = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);
const isOneOf = (address: Uint8Array, own: readonly Uint8Array[]): boolean => own.some((each) => isSame(each, address));
const isUnspecified = (address: Uint8Array): boolean => address.every((byte) => byte === 0);

/**
 * Might the frame be a question, or the answer to one of ours? Allocates nothing: nearly all foreign frames end here.
 * ARP, ICMP and ICMPv6 only, whoever they are for.
 */
export function mayConcernHost(view: DataView, offset: number, bytes: number): boolean {
  const end = offset + bytes;
  let at = offset + 14;
  while (at + 4 <= end && announcesTag(view.getUint16(at - 2))) at += 4;
  if (at + 28 > end) return false;
  const etherType = view.getUint16(at - 2);
  if (etherType === 0x0806) return true;
  if (etherType === 0x0800) return view.getUint8(at + 9) === 1;
  return etherType === 0x86dd && view.getUint8(at + 6) === 58;
}

interface Layers {
  readonly link: Header & { readonly protocol: "ethernet" };
  readonly tags: readonly Header[];
  readonly inner: readonly Header[];
  readonly payload: Uint8Array;
}

/** null: the packet is cut, or its checksum is wrong. */
function layersOf(frame: Uint8Array): Layers | null {
  const { layers, payload, faults } = dissect(frame);
  const [link, ...rest] = layers.map(({ header }) => header);
  if (faults.length > 0 || link?.protocol !== "ethernet") return null;
  const tags = rest.filter(({ protocol }) => protocol === "vlan");
  const inner = rest.filter(({ protocol }) => protocol !== "vlan");
  return { link, tags, inner, payload: frame.slice(payload.start, payload.end) };
}

/** ARP and short packets are padded with zeros (IEEE 802.3 §4.2.3.3). */
function frameOf(layers: readonly Header[], payload: Uint8Array): Uint8Array {
  const headers = headersBytes(layers);
  const whole = buildFrame(layers, headers + payload.length, payload);
  if (whole.length >= leastFrameBytes) return whole;
  const padded = new Uint8Array(leastFrameBytes);
  padded.set(whole);
  return padded;
}

const nothing = new Uint8Array(0);

/** The host's answer to this frame; null: none. */
export function answerTo(frame: Uint8Array, host: Host): Uint8Array | null {
  const layers = layersOf(frame);
  if (layers === null) return null;
  const [first, second] = layers.inner;
  if (first?.protocol === "arp") return arpAnswer(layers, first, host);
  if (first?.protocol === "ipv4" && second?.protocol === "icmp") return echoAnswer4(layers, first, second, host);
  if (first?.protocol === "ipv6" && second?.protocol === "icmpv6") return answer6(layers, first, second, host);
  return null;
}

type Of<P extends Header["protocol"]> = Extract<Header, { readonly protocol: P }>;

function arpAnswer({ link, tags }: Layers, question: Of<"arp">, host: Host): Uint8Array | null {
  if (question.operation !== arpOperations.request || !isOneOf(question.targetIp, host.ipv4)) return null;
  const answer = arp({
    operation: arpOperations.reply,
    senderMac: host.mac,
    senderIp: question.targetIp,
    targetMac: question.senderMac,
    targetIp: question.senderIp,
  });
  return frameOf([ethernet({ dst: link.src, src: host.mac }), ...tags, answer], nothing);
}

function echoAnswer4(
  { link, tags, payload }: Layers,
  ip: Of<"ipv4">,
  question: Of<"icmp">,
  host: Host,
): Uint8Array | null {
  if (question.type !== icmpTypes.echoRequest || question.code !== 0 || !isOneOf(ip.dst, host.ipv4)) return null;
  const echo = icmpEcho({ identifier: question.rest >>> 16, sequence: question.rest & 0xffff, reply: true });
  const headers = [ethernet({ dst: link.src, src: host.mac }), ...tags, ipv4({ src: ip.dst, dst: ip.src }), echo];
  return frameOf(headers, payload);
}

function answer6(layers: Layers, ip: Of<"ipv6">, question: Of<"icmpv6">, host: Host): Uint8Array | null {
  const { link, tags, payload } = layers;
  if (question.type === icmpv6Types.echoRequest && question.code === 0) {
    if (!isOneOf(ip.dst, host.ipv6)) return null;
    const echo = icmpv6Echo({ identifier: question.rest >>> 16, sequence: question.rest & 0xffff, reply: true });
    const headers = [ethernet({ dst: link.src, src: host.mac }), ...tags, ipv6({ src: ip.dst, dst: ip.src }), echo];
    return frameOf(headers, payload);
  }
  if (question.type !== icmpv6Types.neighbourSolicitation || question.code !== 0) return null;
  if (ip.hopLimit !== neighbourHopLimit || !isOneOf(question.fixed, host.ipv6)) return null;
  const target = question.fixed as Ipv6Address;
  // RFC 4861 §7.2.4: a neighbour without an address is answered through all nodes.
  const nameless = isUnspecified(ip.src);
  const dst = nameless ? allNodes : ip.src;
  const answer = neighbourAdvertisement({
    target,
    solicited: !nameless,
    override: true,
    options: [linkLayerOption("target", host.mac)],
  });
  const asked = linkLayerOf(question, "source") as MacAddress | null;
  const dstMac = nameless ? multicastMac(dst) : (asked ?? link.src);
  const headers = [
    ethernet({ dst: dstMac, src: host.mac }),
    ...tags,
    ipv6({ src: target, dst, hopLimit: neighbourHopLimit }),
    answer,
  ];
  return frameOf(headers, nothing);
}

/** RFC 2464 §7. */
function multicastMac(address: Ipv6Address): MacAddress {
  return Uint8Array.of(0x33, 0x33, ...address.subarray(12)) as MacAddress;
}

/** RFC 4291 §2.7.1: ff02::1:ff and the last three bytes. */
function solicitedNode(address: Ipv6Address): Ipv6Address {
  const group = parseIpv6("ff02::1:ff00:0");
  group.set(address.subarray(13), 13);
  return group;
}

/** "Who has `target`?", from the host's address `from`. */
export function questionFor(
  target: Ipv4Address | Ipv6Address,
  from: Ipv4Address | Ipv6Address,
  host: Host,
): Uint8Array {
  const tags = host.vlan === null ? [] : [vlan({ id: host.vlan })];
  if (target.length === 4) {
    const question = arp({
      senderMac: host.mac,
      senderIp: from as Ipv4Address,
      targetIp: target as Ipv4Address,
    });
    return frameOf([ethernet({ dst: broadcast, src: host.mac }), ...tags, question], nothing);
  }
  const group = solicitedNode(target as Ipv6Address);
  const headers = [
    ethernet({ dst: multicastMac(group), src: host.mac }),
    ...tags,
    ipv6({ src: from as Ipv6Address, dst: group, hopLimit: neighbourHopLimit }),
    neighbourSolicitation({ target: target as Ipv6Address, options: [linkLayerOption("source", host.mac)] }),
  ];
  return frameOf(headers, nothing);
}

/** The MAC address of `target`; null: this frame does not tell it. */
export function toldBy(frame: Uint8Array, target: Uint8Array): MacAddress | null {
  const layers = layersOf(frame);
  if (layers === null) return null;
  const [first, second] = layers.inner;
  if (first?.protocol === "arp") {
    return first.operation === arpOperations.reply && isSame(first.senderIp, target) ? first.senderMac : null;
  }
  if (first?.protocol !== "ipv6" || second?.protocol !== "icmpv6") return null;
  const isAdvertisement = second.type === icmpv6Types.neighbourAdvertisement && first.hopLimit === neighbourHopLimit;
  if (!isAdvertisement || !isSame(second.fixed, target)) return null;
  return (linkLayerOf(second, "target") as MacAddress | null) ?? layers.link.src;
}

/** The identifier of the echo request that this frame answers; null: it answers none of the host's. */
export function echoAnswered(frame: Uint8Array, host: Host): number | null {
  const layers = layersOf(frame);
  if (layers === null) return null;
  const [first, second] = layers.inner;
  if (first?.protocol === "ipv4" && second?.protocol === "icmp") {
    return second.type === icmpTypes.echoReply && isOneOf(first.dst, host.ipv4) ? second.rest >>> 16 : null;
  }
  if (first?.protocol !== "ipv6" || second?.protocol !== "icmpv6") return null;
  return second.type === icmpv6Types.echoReply && isOneOf(first.dst, host.ipv6) ? second.rest >>> 16 : null;
}

/** An echo request to `target`, whose MAC address is known, from the host's address `from`. */
export function echoRequestTo(
  target: Ipv4Address | Ipv6Address,
  from: Ipv4Address | Ipv6Address,
  mac: MacAddress,
  { identifier, host }: { readonly identifier: number; readonly host: Host },
): Uint8Array {
  const tags = host.vlan === null ? [] : [vlan({ id: host.vlan })];
  const link = [ethernet({ dst: mac, src: host.mac }), ...tags];
  if (target.length === 4) {
    const ip = ipv4({ src: from as Ipv4Address, dst: target as Ipv4Address });
    return frameOf([...link, ip, icmpEcho({ identifier, sequence: 1 })], nothing);
  }
  const ip = ipv6({ src: from as Ipv6Address, dst: target as Ipv6Address });
  return frameOf([...link, ip, icmpv6Echo({ identifier, sequence: 1 })], nothing);
}
