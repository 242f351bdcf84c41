/** Random traffic specs for property tests: any stack that exists, any changes that do not overlap. */
import fc from "fast-check";
import {
  ethernet,
  fieldPlaces,
  type Header,
  headerOf,
  ipv4,
  ipv6,
  parseIpv4,
  parseIpv6,
  parseMac,
  udp,
  vlan,
} from "../../src/packet/index.js";
import {
  type FieldModifier,
  incrementPayload,
  type Payload,
  plainStream,
  type StreamSize,
  type TrafficSpec,
  type TrafficStream,
} from "../../src/stream/index.js";
import { fixedSize } from "../../src/units.js";

export const macs = { dst: parseMac("00:11:22:33:44:10"), src: parseMac("02:00:00:00:00:01") };
export const v4 = { src: parseIpv4("198.18.0.1"), dst: parseIpv4("198.19.0.1") };
export const v6 = { src: parseIpv6("2001:2::1"), dst: parseIpv6("2001:2:0:8000::1") };

export const udp4: readonly Header[] = [ethernet(macs), ipv4(v4), udp({ srcPort: 1024, dstPort: 9 })];

const stacks: readonly (readonly Header[])[] = [
  udp4,
  [ethernet(macs), vlan({ id: 100, priority: 5 }), ipv4({ ...v4, dscp: 10 }), udp({ srcPort: 1, dstPort: 2 })],
  [ethernet(macs), ipv6(v6), udp({ srcPort: 1024, dstPort: 9 })],
  [ethernet(macs), ipv4(v4), ipv4({ ...v4, ttl: 3 }), udp({ srcPort: 5, dstPort: 6 })],
  [ethernet(macs), ipv4(v4), ipv6(v6), udp({ srcPort: 5, dstPort: 6 })],
  [ethernet(macs), ipv4(v4), udp({ srcPort: 5, dstPort: 6, wrong: { checksum: 0 } })],
  [ethernet({ ...macs, etherType: 0x88b5 })],
  [ethernet(macs), ipv4(v4), headerOf("tcp", {})],
  [ethernet(macs), ipv4(v4), headerOf("icmp", { type: 8 })],
  [ethernet(macs), ipv6(v6), headerOf("icmpv6", { type: 128 })],
  [ethernet(macs), ipv4(v4), headerOf("sctp", {})],
  [ethernet(macs), vlan({ id: 7, tpid: 0x88a8 }), vlan({ id: 100 }), ipv4(v4), udp({ srcPort: 1, dstPort: 2 })],
  [ethernet(macs), headerOf("mpls", { label: 16 }), ipv4(v4), udp({ srcPort: 1, dstPort: 2 })],
  [ethernet(macs), headerOf("arp", {})],
  // An outer checksum that covers an inner one; and one without.
  [ethernet(macs), ipv4(v4), udp({ srcPort: 9, dstPort: 4789 }), headerOf("vxlan", { vni: 5 }), ...udp4],
  [ethernet(macs), ipv4(v4), headerOf("gre", {}), ipv4(v4), headerOf("tcp", {})],
  [
    ethernet(macs),
    ipv6(v6),
    udp({ srcPort: 9, dstPort: 2152 }),
    headerOf("gtpu", { teid: 5 }),
    ipv4(v4),
    headerOf("icmp", { type: 8 }),
  ],
];

export function trafficStream(changes: Partial<TrafficStream> = {}): TrafficStream {
  return { ...plainStream("a", udp4), ...changes };
}

export const trafficSpec = (streams: readonly TrafficStream[], changes: Partial<TrafficSpec> = {}): TrafficSpec => ({
  name: "test",
  streams,
  sizes: [fixedSize(128)],
  seed: 1,
  ...changes,
});

/** The bits that a change may write, apart from what others do. */
interface Slot {
  readonly target: FieldModifier["target"];
  readonly bits: number;
  readonly from: number;
  readonly end: number;
}

/** All fields of all layers, and bits at odd places of headers and payload. */
function slotsOf(layers: readonly Header[]): Slot[] {
  const fields = fieldPlaces(layers).map(({ path, bits, frameBitOffset }) => ({
    target: { field: path },
    bits: Math.min(32, bits),
    from: frameBitOffset,
    end: frameBitOffset + bits,
  }));
  const raw = [3, 13, 14, 15, 25, 33, 37, 40, 44, 61, 75].flatMap((offset) => [
    rawSlot(offset, 0xffff_ffff, 4),
    rawSlot(offset, 0x0ff0_0f18, 4),
    rawSlot(offset, 0x3ffc, 2),
    rawSlot(offset, 0x81, 1),
  ]);
  return [...fields, ...raw];
}

function rawSlot(offset: number, mask: number, bytes: 1 | 2 | 4): Slot {
  const bits = [...mask.toString(2)].filter((bit) => bit === "1").length;
  return { target: { offset, mask, bytes }, bits, from: offset * 8, end: (offset + bytes) * 8 };
}

const anyChange = (bits: number): fc.Arbitrary<FieldModifier["change"]> => {
  const most = 2 ** bits - 1;
  const value = fc.oneof(fc.integer({ min: 0, max: Math.min(most, 9) }), fc.integer({ min: 0, max: most }));
  const range = fc.tuple(value, value).map(([a, b]) => ({ min: Math.min(a, b), max: Math.max(a, b) }));
  const steps = fc
    .tuple(range, fc.constantFrom<"increment" | "decrement">("increment", "decrement"), fc.integer({ min: 1, max: 9 }))
    .chain(([bounds, kind, step]) =>
      fc.option(fc.nat(Math.floor((bounds.max - bounds.min) / step)), { nil: undefined }).map((phase) => {
        const away = (phase ?? 0) * step;
        const start =
          phase === undefined ? {} : { start: kind === "increment" ? bounds.min + away : bounds.max - away };
        return { kind, ...bounds, step, ...start };
      }),
    );
  const list = fc.array(value, { minLength: 1, maxLength: 7 }).map((values) => ({ kind: "list" as const, values }));
  const random = fc
    .tuple(range, fc.option(fc.nat()), fc.option(fc.integer({ min: 1, max: 100 })))
    .map(([bounds, seed, limit]) => ({ kind: "random" as const, ...bounds, seed, limit }));
  return fc.oneof(steps, list, random);
};

const count = ({ change }: FieldModifier): number => {
  if (change.kind === "list") return change.values.length;
  if (change.kind === "random") return change.limit ?? Number.POSITIVE_INFINITY;
  return Math.floor((Number(change.max) - Number(change.min)) / change.step) + 1;
};

/** One of: plain, carrying on from the one before, a period, a count for each of two queues. */
function withOrder(fields: readonly FieldModifier[], orders: readonly number[]): FieldModifier[] {
  return fields.map((field, k) => {
    const order = orders[k] % 4;
    const before = k > 0 ? fields[k - 1] : undefined;
    if (order === 1 && before !== undefined && Number.isFinite(count(before)) && orders[k - 1] % 4 !== 3) {
      return { ...field, after: k - 1 };
    }
    if (order === 2) return { ...field, period: 1 + (orders[k] % 50) };
    if (order === 3 && count(field) >= 3 && orders[k + 1] % 4 !== 1) return { ...field, perQueue: [1, 2] };
    return field;
  });
}

const anyFields = (layers: readonly Header[], changeableBytes: number): fc.Arbitrary<FieldModifier[]> => {
  const slots = slotsOf(layers).filter(({ end }) => end <= changeableBytes * 8);
  return fc
    .tuple(fc.shuffledSubarray(slots, { maxLength: 6 }), fc.array(fc.nat(1000), { minLength: 7, maxLength: 7 }))
    .chain(([chosen, orders]) => {
      const apart: Slot[] = [];
      for (const slot of chosen)
        if (!apart.some((other) => other.from < slot.end && slot.from < other.end)) apart.push(slot);
      return fc
        .tuple(...apart.map(({ target, bits }) => anyChange(bits).map((change): FieldModifier => ({ target, change }))))
        .map((fields) => withOrder(fields, orders));
    });
};

const sizeIn = fc.integer({ min: 130, max: 300 });
const anySize: fc.Arbitrary<StreamSize> = fc.oneof(
  sizeIn.map((frameBytes) => fixedSize(frameBytes)),
  fc.array(sizeIn, { minLength: 1, maxLength: 5 }).map((frameBytes) => ({ kind: "list" as const, frameBytes })),
  fc.tuple(sizeIn, fc.nat(90), fc.integer({ min: 1, max: 40 })).map(([min, more, step]) => ({
    kind: "range" as const,
    min,
    max: min + more,
    step,
  })),
  fc.tuple(sizeIn, fc.nat(30)).map(([min, more]) => ({ kind: "random" as const, min, max: min + more })),
);

const anyPayload: fc.Arbitrary<Payload> = fc.oneof(
  fc.constant(incrementPayload),
  fc.constant<Payload>({ kind: "zero" }),
  fc.nat().map((seed): Payload => ({ kind: "random", seed })),
  fc.uint8Array({ minLength: 1, maxLength: 9 }).map((bytes): Payload => ({ kind: "bytes", bytes })),
);

/** One stream, everything about its bytes random. */
export const anyTrafficSpec: fc.Arbitrary<TrafficSpec> = fc
  .tuple(fc.constantFrom(...stacks), anySize, anyPayload, fc.nat())
  .chain(([layers, size, payload, seed]) =>
    anyFields(layers, 130 - 4 - 18).map((fields) =>
      trafficSpec([trafficStream({ layers, size, payload, fields })], { seed }),
    ),
  );
