/** What a stream sends, as words, and its first frame as places and values. Pure. */
import { dissect, locatedFields } from "../packet/index.js";
import {
  type FieldModifier,
  isSigned,
  type Payload,
  referenceFrame,
  type StreamSchedule,
  type StreamSize,
  signatureBytes,
  type TrafficSpec,
} from "../stream/index.js";
import type { EachFrame } from "../stream/program/frame.js";
import { terminalText } from "../terminal-text.js";
import { formatNs, frameSizeName } from "../units.js";

export function sizeWords(size: StreamSize): string {
  if (size.kind === "list") return `${size.frameBytes.join(", ")} in turn`;
  if (size.kind === "range") return `${size.min} to ${size.max} in steps of ${size.step}`;
  return size.kind === "random" ? `${size.min} to ${size.max} by seed` : String(frameSizeName(size));
}

export function payloadWords(payload: Payload): string {
  if (payload.kind === "random") return `random by seed ${payload.seed}`;
  return payload.kind === "bytes" ? `${payload.bytes.length} bytes, repeated` : payload.kind;
}

export function scheduleWords(schedule: StreamSchedule): string {
  const from = "startNs" in schedule && schedule.startNs ? ` from ${formatNs(schedule.startNs)} on` : "";
  switch (schedule.kind) {
    case "continuous":
      return `${schedule.frames == null ? "continuous" : `${schedule.frames} frames`}${from}`;
    case "bursts": {
      const count = schedule.bursts === null ? "bursts" : `${schedule.bursts} bursts`;
      return `${count} of ${schedule.frames} frames, ${formatNs(schedule.gapNs)} apart${from}`;
    }
    case "ramp": {
      const [low, high] = [schedule.fromShare, schedule.toShare].map(
        (share) => `${Number((share * 100).toFixed(3))} %`,
      );
      return `from ${low} to ${high} within ${formatNs(schedule.rampNs)}${from}`;
    }
    case "poisson":
      return `Poisson arrivals${from}`;
    case "after":
      return `after "${terminalText(schedule.stream)}": ${scheduleWords(schedule.schedule)}`;
  }
}

export function changeWords({ target, change, after, period }: FieldModifier): string {
  const name =
    "field" in target
      ? target.field
      : `bits 0x${target.mask.toString(16)} of ${target.bytes} bytes at ${target.offset}`;
  const carried = after == null ? "" : `, when change ${after + 1} has gone round`;
  const again = period == null ? "" : `, again after ${period} frames`;
  return `${name}: ${valueWords(change)}${carried}${again}`;
}

function valueWords(change: FieldModifier["change"]): string {
  if (change.kind === "list") return `a list of ${change.values.length}`;
  if (change.kind !== "random") return `${change.kind} ${change.min} to ${change.max} by ${change.step}`;
  return `random ${change.min} to ${change.max}${change.limit === null ? "" : `, ${change.limit} values again and again`}`;
}

/** A part of a frame, in bytes. */
interface Place {
  readonly offset: number;
  readonly bytes: number;
}

export interface FirstFrame {
  /** Without FCS. */
  readonly bytes: Uint8Array;
  readonly fields: readonly {
    readonly bitOffset: number;
    readonly bits: number;
    readonly path: string;
    readonly text: string;
  }[];
  readonly payload: Place | null;
  readonly signature: Place | null;
  readonly faults: readonly {
    readonly offset: number;
    readonly protocol: string;
    readonly field: string;
    readonly what: string;
  }[];
}

/** Frame 0 of a stream at the first size. */
export function firstFrame(spec: TrafficSpec, index: number, eachFrame: EachFrame | null): FirstFrame {
  const size = spec.sizes[0];
  const stamp = { trial: 1, stream: index, sequence: 0, timeNs: 0 };
  const bytes = referenceFrame(spec, size, 0, stamp, { stream: index, eachFrame });
  const found = dissect(bytes, spec.streams[index].layers[0].protocol);
  const signed = isSigned({ ...spec, streams: [spec.streams[index]] }, size);
  const payloadEnd = bytes.length - (signed ? signatureBytes : 0);
  const { start } = found.payload;
  return {
    bytes,
    fields: locatedFields(bytes, found).map(({ frameBitOffset, bits, path, text }) => ({
      ...{ bitOffset: frameBitOffset, bits, path, text },
    })),
    payload: payloadEnd > start ? { offset: start, bytes: payloadEnd - start } : null,
    signature: signed ? { offset: payloadEnd, bytes: signatureBytes } : null,
    faults: found.faults.map(({ offset, protocol, field, what }) => ({ offset, protocol, field, what })),
  };
}
