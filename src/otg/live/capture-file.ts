/** Captured frames as the models' clients expect them: with their FCS, filtered, cut, as a file. */

import { crc32 } from "node:zlib";
import { readBytes, wideBitsAt } from "../../packet/index.js";
import {
  ClassicEncoder,
  type DecodedFrame,
  decodeCapture,
  defaultCaptureFormat,
  PcapngEncoder,
} from "../../pcap/codec.js";
import { fcsBytes } from "../../units.js";
import type { OtgCapture, OtgCaptureFilter, OtgFilterField } from "../model.js";

export interface Slice {
  /** Of the first frame, from 1. */
  readonly start: number;
  readonly count: number;
}

interface BitTest {
  readonly at: number;
  readonly bits: number;
  readonly value: bigint;
  readonly mask: bigint;
  readonly negate: boolean;
}

type OtgPlace = readonly [at: number, bits: number];

const ethernetPlaces: Readonly<Record<string, OtgPlace>> = { dst: [0, 48], src: [48, 48], ether_type: [96, 16] };
/** From the tag's number on. */
const vlanPlaces: Readonly<Record<string, OtgPlace>> = {
  protocol: [32, 16],
  priority: [16, 3],
  cfi: [19, 1],
  id: [20, 12],
};
const ipv4Places: Readonly<Record<string, OtgPlace>> = {
  ...{ version: [0, 4], header_length: [4, 4], priority: [8, 8], total_length: [16, 16], identification: [32, 16] },
  ...{ reserved: [48, 1], dont_fragment: [49, 1], more_fragments: [50, 1], fragment_offset: [51, 13] },
  ...{ time_to_live: [64, 8], protocol: [72, 8], header_checksum: [80, 16], src: [96, 32], dst: [128, 32] },
};
const ipv6Places: Readonly<Record<string, OtgPlace>> = {
  ...{ version: [0, 4], traffic_class: [4, 8], flow_label: [12, 20], payload_length: [32, 16] },
  ...{ next_header: [48, 8], hop_limit: [56, 8], src: [64, 128], dst: [192, 128] },
};
const ethernetBits = 112;
const tags = [0x8100, 0x88a8, 0x9100];

const hexNumber = (text: string): bigint => {
  const digits = text.replace(/^0x/i, "");
  return digits === "" ? 0n : BigInt(`0x${digits}`);
};

const testAt = (at: number, bits: number, { value, mask, negate }: OtgFilterField): BitTest => ({
  ...{ at, bits, negate },
  value: hexNumber(value),
  mask: hexNumber(mask),
});

const etherTypeAt = (frame: Uint8Array, byte: number): number => (frame[byte]! << 8) | frame[byte + 1]!;

/** Where IP begins, in bits, and its EtherType. Tags before it are passed over. */
function networkAt(frame: Uint8Array): { readonly at: number; readonly etherType: number } {
  let byte = 12;
  while (byte + 6 <= frame.length && tags.includes(etherTypeAt(frame, byte))) byte += 4;
  return { at: (byte + 2) * 8, etherType: byte + 2 <= frame.length ? etherTypeAt(frame, byte) : 0 };
}

const fieldTests = (
  fields: Readonly<Record<string, OtgFilterField>> | undefined,
  places: Readonly<Record<string, OtgPlace>>,
  start: number,
): readonly BitTest[] =>
  Object.entries(fields ?? {}).map(([name, field]) => testAt(start + places[name]![0], places[name]![1], field));

/** null: the frame has no such header. */
function testsOf(filter: OtgCaptureFilter, frame: Uint8Array): readonly BitTest[] | null {
  const { at, etherType } = networkAt(frame);
  switch (filter.choice) {
    case "custom": {
      const { offset = 0, bit_length: bits, ...field } = filter.custom!;
      return [testAt(offset, bits, field)];
    }
    case "ethernet":
      return fieldTests(filter.ethernet, ethernetPlaces, 0);
    case "vlan":
      return at > ethernetBits ? fieldTests(filter.vlan, vlanPlaces, ethernetBits - 16) : null;
    case "ipv4":
      return etherType === 0x0800 ? fieldTests(filter.ipv4, ipv4Places, at) : null;
    case "ipv6":
      return etherType === 0x86dd ? fieldTests(filter.ipv6, ipv6Places, at) : null;
  }
}

function passes(frame: Uint8Array, { at, bits, value, mask, negate }: BitTest): boolean {
  if (at + bits > frame.length * 8) return false;
  return (((wideBitsAt(frame, at, bits) ^ value) & mask) === 0n) !== negate;
}

/** All filters have to let a frame pass. */
export const isWanted = (frame: Uint8Array, filters: readonly OtgCaptureFilter[]): boolean =>
  filters.every((filter) => testsOf(filter, frame)?.every((test) => passes(frame, test)) ?? false);

/** What cannot be looked at is refused. */
export function filterFaults({ filters }: Pick<OtgCapture, "filters">, path: string): readonly string[] {
  return filters.flatMap((filter, k): string[] => {
    const at = `${path}.filters[${k}]`;
    if (filter.choice === "ethernet" && filter.ethernet?.["pfc_queue"] !== undefined) {
      return [`${at}.ethernet.pfc_queue: not supported: it is no part of the frame`];
    }
    if (filter.choice !== "custom") return [];
    const { value, mask, bit_length: bits } = filter.custom!;
    const isOdd = [value, mask].some((text) => readBytes(text.length % 2 === 1 ? `0${text}` : text) === null);
    return isOdd || bits < 1 ? [`${at}.custom: a value, a mask and a bit_length from 1 are needed`] : [];
  });
}

/** Ethernet's check sequence behind it (IEEE 802.3 §3.2.9); what was cut off has none. */
function withFcs({ bytes, originalBytes }: DecodedFrame): Uint8Array {
  if (bytes.length < originalBytes) return bytes;
  const whole = new Uint8Array(bytes.length + fcsBytes);
  whole.set(bytes);
  new DataView(whole.buffer).setUint32(bytes.length, crc32(bytes), true);
  return whole;
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces));
}

/** `captured`: a file without FCS, of whole frames. */
export function otgCaptureFile(captured: Uint8Array, capture: OtgCapture, slice: Slice | null): Uint8Array {
  const { format, packet_size: keep = Number.POSITIVE_INFINITY } = capture;
  const wanted = decodeCapture(captured).frames.filter(({ bytes }) => isWanted(bytes, capture.filters));
  const frames = slice === null ? wanted : wanted.slice(slice.start - 1, slice.start - 1 + slice.count);
  const pieces: Uint8Array[] = [];
  const sink = (bytes: Uint8Array): void => {
    pieces.push(bytes.slice());
  };
  const encoder =
    format === "pcapng"
      ? new PcapngEncoder(sink)
      : new ClassicEncoder(sink, { ...defaultCaptureFormat, resolution: "microseconds" });
  for (const frame of frames) {
    const whole = withFcs(frame);
    const kept = whole.subarray(0, keep);
    const original = frame.originalBytes + fcsBytes;
    encoder.bytes.set(kept, encoder.place(kept.length, original, frame.seconds, frame.nanoseconds));
  }
  encoder.flush();
  return joined(pieces);
}
