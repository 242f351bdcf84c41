/** What a profile sends, for people: its streams, what changes in them, and the first frame of each, field by field. */
import { headersBytes } from "../packet/index.js";
import type { TrafficSpec, TrafficStream } from "../stream/index.js";
import type { EachFrame } from "../stream/program/frame.js";
import { terminalText } from "../terminal-text.js";
import { fcsBytes, formatRate, frameSizeName } from "../units.js";
import { changeWords, firstFrame, payloadWords, scheduleWords, sizeWords } from "./profile-facts.js";

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

/** Frame 0 at the first size: offset, field, value. */
function frameLines(spec: TrafficSpec, index: number, eachFrame: EachFrame | null): readonly string[] {
  const { bytes, fields, payload, signature, faults } = firstFrame(spec, index, eachFrame);
  const width = Math.max(...fields.map(({ path }) => path.length));
  const line = (at: number, name: string, value: string): string =>
    `    ${String(at).padStart(4)}  ${name.padEnd(width)}  ${value}`;
  return [
    `  frame 0, ${bytes.length + fcsBytes} bytes with FCS`,
    ...fields.map(({ bitOffset, path, text }) => line(bitOffset >> 3, path, text)),
    ...(payload === null ? [] : [line(payload.offset, "payload", `${payload.bytes} bytes`)]),
    ...(signature === null ? [] : [line(signature.offset, "signature", `${signature.bytes} bytes`)]),
    ...faults.map(({ offset, protocol, field, what }) => line(offset, `wrong: ${protocol}.${field}`, what)),
  ];
}
