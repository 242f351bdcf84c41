/**
 * What is sent, as plain data. A traffic spec is a list of streams. A stream is a stack of headers, a payload, sizes,
 * fields that change from frame to frame, and when its frames leave. Frame i of a stream is a pure function of the spec
 * and i: its bytes depend on no run, machine or split over queues.
 *
 *     { name: "overlay", seed: 1, sizes: [64], streams: [
 *         { name: "a", layers: [ethernet(…), ipv4(…), udp(…)], payload: { kind: "increment" }, size: null,
 *           fields: [{ target: { field: "udp.srcPort" }, change: { kind: "increment", min: 1024, max: 2047, step: 1 } }],
 *           rate: { kind: "pps", pps: 1000 }, weight: 1, schedule: { kind: "continuous", startNs: null } } ] }
 *
 * Plain UDP, as options say it, becomes a traffic spec of one stream, too (spec.ts).
 */
import type { Header } from "../../packet/index.js";
import type { FrameSize, Rate } from "../../units.js";

export interface TrafficSpec {
  /** For reports, e.g. the profile's name. */
  readonly name: string;
  readonly streams: readonly TrafficStream[];
  /** Each size is one trial. Streams with a size ignore it. */
  readonly sizes: readonly FrameSize[];
  /** Decides everything random that has no separate seed. */
  readonly seed: number;
  /** The one stream is this plain traffic (spec.ts). Absent: the streams are a profile's. */
  readonly plain?: PlainTraffic;
}

/** The same with other streams, which are not plain any more. */
export function withStreams({ plain: _, ...spec }: TrafficSpec, streams: readonly TrafficStream[]): TrafficSpec {
  return { ...spec, streams };
}

/** One stream of UDP, in the words of options and plain profiles. */
export interface PlainTraffic {
  readonly ip: 4 | 6;
  readonly srcMac: string;
  readonly dstMac: string;
  /** Of flow 0; further flows count up its source port, then its last 32 bits. */
  readonly srcAddress: string;
  readonly dstAddress: string;
  /** Of flow 0. */
  readonly srcPort: number;
  readonly dstPort: number;
  /** VLAN id 0 … 4094, or null for no tag. */
  readonly vlan: number | null;
  /** 1 … 16,777,216. Frame i is of flow i mod flows. */
  readonly flows: number;
  /** Source ports are chosen so that receive-side scaling puts flow f on queue f mod this (pin.ts); null: counted up. */
  readonly pinQueues: number | null;
  /** Each size is one trial. */
  readonly sizes: readonly FrameSize[];
  /** Decides the sequence of sizes in a mix. */
  readonly seed: number;
}

export interface TrafficStream {
  /** Unique in its spec. */
  readonly name: string;
  /** Outermost first. */
  readonly layers: readonly Header[];
  readonly payload: Payload;
  /** null: the trial's size. */
  readonly size: StreamSize | null;
  /** In any order. No two may change the same bit. */
  readonly fields: readonly FieldModifier[];
  /** Its own rate; null: a share of the trial's rate, by weight. */
  readonly rate: Rate | null;
  /** Share of frames where the trial has one rate for all; ≥ 1. Streams with rates share in their proportion. */
  readonly weight: number;
  readonly schedule: StreamSchedule;
  /** The file of a module with a function that is called for each frame (program/frame.ts); null: none. */
  readonly program: ProgramSource | null;
  /** Its frames carry no signature, though they may have room for it. */
  readonly signed?: false;
  /** Its source ports were chosen for a receive queue; absent: they were not. */
  readonly pinned?: Pinned;
}

/** The queue, the number of queues, and the stream as it was before: other addresses need other ports. */
export interface Pinned {
  readonly pin: { readonly queue: number; readonly of: number };
  readonly before: Pick<TrafficStream, "layers" | "fields">;
}

/** The bytes behind the headers. Where there is room, the last 18 bytes are the signature. */
export type Payload =
  /** Byte i is i mod 256, so that any cut, shift or flip shows. */
  | { readonly kind: "increment" }
  | { readonly kind: "zero" }
  /** The same random bytes in every frame. */
  | { readonly kind: "random"; readonly seed: number }
  /** Repeated as often as it takes. */
  | { readonly kind: "bytes"; readonly bytes: Uint8Array };

/** Sizes with FCS. */
export type StreamSize =
  | FrameSize
  /** One after the other. */
  | { readonly kind: "list"; readonly frameBytes: readonly number[] }
  /** min, min + step … up to max, and again. */
  | { readonly kind: "range"; readonly min: number; readonly max: number; readonly step: number }
  /** Uniform, by seed; the sequence repeats after 65,536 frames. */
  | { readonly kind: "random"; readonly min: number; readonly max: number };

/** Numbers up to 2^53, or addresses as text. */
export type ModifierValue = number | string;

/** A field by its path (packet/layout.ts: `udp.srcPort`, `inner.ipv4.src`), or any bits: those of `mask`, up to 32. */
export type ModifierTarget =
  | { readonly field: string }
  | { readonly offset: number; readonly mask: number; readonly bytes: 1 | 2 | 4 };

export interface FieldModifier {
  readonly target: ModifierTarget;
  readonly change:
    | {
        readonly kind: "increment" | "decrement";
        readonly min: ModifierValue;
        readonly max: ModifierValue;
        readonly step: number;
        /** The value of the first frame, one of the steps; absent: `min`, or `max` downwards. */
        readonly start?: ModifierValue;
      }
    | { readonly kind: "list"; readonly values: readonly ModifierValue[] }
    /** Uniform in min … max by `seed` (null: the spec's seed). With `limit`, the values repeat after this many. */
    | {
        readonly kind: "random";
        readonly min: ModifierValue;
        readonly max: ModifierValue;
        readonly seed: number | null;
        readonly limit: number | null;
      };
  /**
   * Steps when the field with this index in `fields` has gone round, instead of on every frame: one carries into
   * the next.
   */
  readonly after?: number | null;
  /** The whole sequence starts again after this many frames. Changes that belong together have the same period. */
  readonly period?: number | null;
  /**
   * A count of values for each queue: queue q cycles through `counts[q]` values that no other queue has. The queue of
   * frame i is i mod counts.length, so that bytes stay the same whatever the real split is.
   */
  readonly perQueue?: readonly number[] | null;
}

/** When a stream's frames leave, relative to the trial's start, at its rate. */
export type StreamSchedule =
  /** `startNs` null: from the start; of many streams each at another moment of its first gap, so that they mix. */
  | { readonly kind: "continuous"; readonly startNs: number | null; readonly frames?: number | null }
  /** `bursts` (null: without end) of `frames` each, `gapNs` from the last frame's slot end to the next burst. */
  | {
      readonly kind: "bursts";
      readonly startNs: number;
      readonly frames: number;
      readonly bursts: number | null;
      readonly gapNs: number;
    }
  /** From `fromShare` × rate to `toShare` × rate within `rampNs`, linear; then it stays. */
  | {
      readonly kind: "ramp";
      readonly startNs: number;
      readonly fromShare: number;
      readonly toShare: number;
      readonly rampNs: number;
    }
  /** Exponential gaps by `seed` (null: the spec's), with the rate as their mean. */
  | { readonly kind: "poisson"; readonly startNs: number; readonly seed: number | null }
  /** A chain: `schedule` starts when stream `after` has sent its last frame. */
  | { readonly kind: "after"; readonly stream: string; readonly schedule: Exclude<StreamSchedule, { kind: "after" }> };

/** A module with an `eachFrame`: file URL, and which of its streams it is. */
export interface ProgramSource {
  readonly url: string;
  readonly stream: number;
}

export const continuous: StreamSchedule = { kind: "continuous", startNs: null };
export const incrementPayload: Payload = { kind: "increment" };

/** A stream of which nothing is said but its name and its headers. */
export const plainStream = (name: string, layers: readonly Header[]): TrafficStream => ({
  name,
  layers,
  payload: incrementPayload,
  size: null,
  fields: [],
  rate: null,
  weight: 1,
  schedule: continuous,
  program: null,
});
