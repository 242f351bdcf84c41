/** What a profile sends, for people: its streams, what changes in them, and the first frame of each, field by field. */
import { dissect, headersBytes, locatedFields } from "../packet/index.js";
import {
  type FieldModifier,
  isSigned,
  type Payload,
  referenceFrame,
  type StreamSchedule,
  type StreamSize,
  signatureBytes,
  type TrafficSpec,
  type TrafficStream,
} from "../stream/index.js";
import type { EachFrame } from "../stream/program/frame.js";
import { terminalText } from "../terminal-text.js";
import { fcsBytes, formatNs, formatRate, frameSizeName } from "../units.js";

/** Sizes in a line: up to this many by name. */
const mostSizes = 12;

/** `programs`: of streams that are such, what they load to. */
export function renderProfile(
  spec: TrafficSpec,
  description: string,
  programs: readonly (EachFrame | null)[] = [],
): string {
  const sizes = spec.sizes.map(frameSizeName);
  const shown =
    sizes.length <= mostSizes
      ? sizes.join(", ")
      : `${sizes.slice(0, mostSizes).join(", ")} and ${sizes.length - mostSizes} more`;
  const count = spec.streams.length === 1 ? "1 stream" : `${spec.streams.length} streams`;
  const text = description.trimEnd().split("\n").map(terminalText).join("\n    ");
  const head = `${terminalText(spec.name)}: ${text}\nsizes ${shown} bytes with FCS; ${count}\n`;
  return [head, ...spec.streams.map((stream, index) => streamText(spec, stream, index, programs[index] ?? null))].join(
    "\n",
  );
}

function streamText(spec: TrafficSpec, stream: TrafficStream, index: number, eachFrame: EachFrame | null): string {
  const stack = stream.layers.map(({ protocol }) => protocol).join(" / ");
  const rate = stream.rate === null ? `a share of the trial's rate, weight ${stream.weight}` : formatRate(stream.rate);
  const size = stream.size === null ? [] : [`  size      ${sizeWords(stream.size)}`];
  const changes = stream.fields.map((change) => `  changes   ${changeWords(change)}`);
  return [
    `${terminalText(stream.name)}: ${stack}, ${headersBytes(stream.layers) + fcsBytes} bytes with FCS`,
    `  rate      ${rate}, ${scheduleWords(stream.schedule)}`,
    `  payload   ${payloadWords(stream.payload)}`,
    ...size,
    ...changes,
    ...(eachFrame === null ? [] : ["  program   eachFrame"]),
    ...frameLines(spec, index, eachFrame),
    "",
  ].join("\n");
}

function sizeWords(size: StreamSize): string {
  if (size.kind === "list") return `${size.frameBytes.join(", ")} in turn`;
  if (size.kind === "range") return `${size.min} to ${size.max} in steps of ${size.step}`;
  return size.kind === "random" ? `${size.min} to ${size.max} by seed` : String(frameSizeName(size));
}

function payloadWords(payload: Payload): string {
  if (payload.kind === "random") return `random by seed ${payload.seed}`;
  return payload.kind === "bytes" ? `${payload.bytes.length} bytes, repeated` : payload.kind;
}

function scheduleWords(schedule: StreamSchedule): string {
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

function changeWords({ target, change, after, period }: FieldModifier): string {
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

/** Frame 0 at the first size: offset, field, value. */
function frameLines(spec: TrafficSpec, index: number, eachFrame: EachFrame | null): readonly string[] {
  const size = spec.sizes[0];
  const stamp = { trial: 1, stream: index, sequence: 0, timeNs: 0 };
  const bytes = referenceFrame(spec, size, 0, stamp, { stream: index, eachFrame });
  const found = dissect(bytes, spec.streams[index].layers[0].protocol);
  const signed = isSigned({ ...spec, streams: [spec.streams[index]] }, size);
  const payloadEnd = bytes.length - (signed ? signatureBytes : 0);
  const rows = locatedFields(bytes, found).map(
    ({ frameBitOffset, path, text }) => [frameBitOffset >> 3, path, text] as const,
  );
  const width = Math.max(...rows.map(([, path]) => path.length));
  const line = (at: number, name: string, value: string): string =>
    `    ${String(at).padStart(4)}  ${name.padEnd(width)}  ${value}`;
  const start = found.payload.start;
  return [
    `  frame 0, ${bytes.length + fcsBytes} bytes with FCS`,
    ...rows.map(([at, path, text]) => line(at, path, text)),
    ...(payloadEnd > start ? [line(start, "payload", `${payloadEnd - start} bytes`)] : []),
    ...(signed ? [line(payloadEnd, "signature", `${signatureBytes} bytes`)] : []),
    ...found.faults.map(({ offset, protocol, field, what }) => line(offset, `wrong: ${protocol}.${field}`, what)),
  ];
}
