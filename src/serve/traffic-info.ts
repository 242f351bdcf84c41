/** What a plan or a profile sends, and the first frame of its first streams byte by byte. */
import { changeWords, firstFrame, payloadWords, scheduleWords, sizeWords } from "../report/profile-facts.js";
import type { TrafficSpec } from "../stream/index.js";
import type { EachFrame } from "../stream/program/frame.js";
import { fcsBytes, formatRate, frameSizeName } from "../units.js";
import type { StreamInfo, TrafficInfo } from "./contract.js";

/** `most`: streams that are shown. `programs`: of streams that are such, what they load to. */
export function trafficInfo(
  spec: TrafficSpec,
  description: string,
  most: number,
  programs: readonly (EachFrame | null)[] = [],
): TrafficInfo {
  return {
    name: spec.name,
    description: description.trim(),
    sizes: spec.sizes.map(frameSizeName),
    streamCount: spec.streams.length,
    streams: spec.streams.slice(0, most).map((_, index) => streamInfo(spec, index, programs[index] ?? null)),
  };
}

function streamInfo(spec: TrafficSpec, index: number, eachFrame: EachFrame | null): StreamInfo {
  const { name, layers, rate, weight, schedule, size, fields, payload } = spec.streams[index]!;
  const frame = firstFrame(spec, index, eachFrame);
  return {
    ...{ name, weight },
    protocols: layers.map(({ protocol }) => protocol),
    rate: rate === null ? null : formatRate(rate),
    schedule: scheduleWords(schedule),
    size: size === null ? null : sizeWords(size),
    changes: fields.map(changeWords),
    payload: payloadWords(payload),
    signed: frame.signature !== null,
    firstFrame: {
      frameBytes: frame.bytes.length + fcsBytes,
      hex: Buffer.from(frame.bytes).toString("hex"),
      fields: frame.fields.map(({ bitOffset, ...field }) => ({ offset: bitOffset >> 3, bitOffset, ...field })),
      payload: frame.payload,
      signature: frame.signature,
      faults: [...frame.faults],
    },
  };
}
