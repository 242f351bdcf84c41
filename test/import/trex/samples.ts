/** Small TRex profiles, and the frames that a profile made of one sends. */
import { importTrex, type TrexImportOptions } from "../../../src/import/trex/index.js";
import { parseProfile } from "../../../src/profile/index.js";
import { departingFrames } from "../../../src/stream/departing.js";

/** UDP over IPv4 from 198.18.0.1 to 198.19.0.1, 60 bytes, as scapy makes it. */
export const packet = "AgAAAAALAgAAAAAKCABFAAAuAAcAAEAR7pDGEgABxhMAAQQBAAwAGjNJeHh4eHh4eHh4eHh4eHh4eHh4";

export type Keys = Readonly<Record<string, unknown>>;

/** A stream as `to_json()` writes it. */
export const stream = (keys: Keys = {}, instructions: readonly Keys[] = []): Keys => ({
  action_count: 0,
  core_id: -1,
  enabled: true,
  flags: 3,
  flow_stats: { enabled: false },
  isg: 0,
  mode: { rate: { type: "pps", value: 10 }, type: "continuous" },
  packet: { binary: packet, meta: "" },
  self_start: true,
  start_paused: false,
  vm: { instructions },
  ...keys,
});

export const burst = (frames: number, pps = 10): Keys => ({
  mode: { rate: { type: "pps", value: pps }, type: "single_burst", total_pkts: frames },
});

export const imported = (streams: unknown, options: TrexImportOptions = {}, file = "p.json") =>
  importTrex(Buffer.from(JSON.stringify(streams, null, 1)), file, options);

export interface SentFrame {
  readonly name: string;
  readonly timeNs: number;
  readonly hex: string;
}

/** The first frames of the imported profile, each stream at its own rate. */
export function framesOf(text: string, count: number): readonly SentFrame[] {
  const { traffic } = parseProfile(text, "p.yaml");
  const frames: SentFrame[] = [];
  for (const frame of departingFrames(traffic!, traffic!.sizes[0], { kind: "own", lineRateBps: 10e9 })) {
    const { name } = traffic!.streams[frame.stream];
    frames.push({ name, timeNs: frame.timeNs, hex: Buffer.from(frame.bytes).toString("hex") });
    if (frames.length === count) break;
  }
  return frames;
}

export const flowVar = (name: string, keys: Keys): Keys => ({
  type: "flow_var",
  name,
  size: 2,
  op: "inc",
  min_value: 1,
  max_value: 3,
  init_value: 1,
  step: 1,
  ...keys,
});

export const write = (name: string, offset: number, keys: Keys = {}): Keys => ({
  type: "write_flow_var",
  name,
  pkt_offset: offset,
  add_value: 0,
  is_big_endian: true,
  ...keys,
});
