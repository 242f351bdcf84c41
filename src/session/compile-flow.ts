/** A flow's frames, compiled to plain data that a loop can send from. */
import { PktgenError } from "../errors.js";
import { checkSchedulable } from "../stream/departures/schedule.js";
import { compileStream } from "../stream/frames/compile.js";
import { givenFrame } from "../stream/frames/given-frame.js";
import type { FrameProgram, HeaderMarks } from "../stream/frames/program.js";
import { type RowCode, rowCode } from "../stream/frames/row-code.js";
import { incrementPayload, plainStream, type TrafficSpec } from "../stream/index.js";
import { fcsBytes, fixedSize, minFrameBytes, ratePps } from "../units.js";
import { type CompiledSplit, compileSplit } from "./compile-split.js";
import { SessionError } from "./session-error.js";
import type { FlowFrames, FlowRate, FlowSpec } from "./types.js";

export interface CompiledFlow {
  readonly spec: FlowSpec;
  readonly program: FrameProgram;
  /** null: nothing changes from frame to frame. */
  readonly row: RowCode | null;
  /** The same for the same sequence of sizes. */
  readonly patternKey: string;
  readonly templates: readonly Uint8Array[];
  /** With FCS. */
  readonly meanFrameBytes: number;
  /** null: its frames have signatures. */
  readonly marks: HeaderMarks | null;
  /** null: its frames are counted together. */
  readonly split: CompiledSplit | null;
}

function trafficOf({ name, frames }: FlowSpec): TrafficSpec {
  if (frames.kind === "stream") {
    const { layers, size, payload = incrementPayload, fields = [], seed = 1, signed } = frames;
    const stream = {
      ...plainStream(name, layers),
      size,
      payload,
      fields,
      ...(signed === false ? { signed: false as const } : {}),
    };
    return { name, streams: [stream], sizes: [], seed };
  }
  const { stream } = givenFrame(name, frames.bytes, `flow "${name}" frame`);
  const streams = [frames.signed === false ? { ...stream, signed: false as const } : stream];
  return { name, streams, sizes: [], seed: 1 };
}

const patternKeyOf = (frames: FlowFrames): string =>
  frames.kind === "bytes" ? "one" : `${frames.seed ?? 1}/${JSON.stringify(frames.size)}`;

function meanFrameBytesOf({ variants, pattern }: FrameProgram): number {
  let sum = 0;
  for (const variant of pattern) sum += variants[variant].frameBytes;
  return sum / pattern.length;
}

/** Errors of streams say `stream "a"`; here it is a flow. @throws SessionError bad-spec, not-possible */
export function compileFlow(spec: FlowSpec): CompiledFlow {
  try {
    const program = compileStream(trafficOf(spec), fixedSize(minFrameBytes));
    if (program.seals) {
      const what = "a checksum over the finished frame (SCTP's) cannot be made in a session";
      throw new SessionError("not-possible", what, { where: `flow "${spec.name}"` });
    }
    const model = program.changes ? program.model() : null;
    return {
      spec,
      program,
      row: model === null ? null : rowCode(model, 0, 1),
      patternKey: patternKeyOf(spec.frames),
      templates: program.variants.map((_, variant) => program.template(variant).slice()),
      meanFrameBytes: meanFrameBytesOf(program),
      marks: program.signed ? null : program.marks(),
      split: compileSplit(spec, program),
    };
  } catch (error) {
    throw asFlowError(error, spec.name);
  }
}

/** `mostBytes`: without FCS; 0: not known. @throws SessionError bad-spec: frames that the port's buffers have no room for */
export function checkFrameLength({ spec, program }: CompiledFlow, mostBytes: number): void {
  const longest = program.variants.reduce((most, { bufferBytes }) => Math.max(most, bufferBytes), 0);
  if (mostBytes === 0 || longest <= mostBytes) return;
  const what = `frames of ${longest + fcsBytes} bytes do not fit into the buffers of port "${spec.from}"`;
  throw new SessionError("bad-spec", what, {
    where: `flow "${spec.name}" size`,
    accepted: `up to ${mostBytes + fcsBytes} bytes with FCS`,
    hint: "open the ports anew for longer frames (maxFrame)",
  });
}

function asFlowError(error: unknown, name: string): unknown {
  if (!(error instanceof PktgenError) || error instanceof SessionError) return error;
  const where = error.where?.replace(/^stream "/, 'flow "') ?? `flow "${name}"`;
  return new SessionError("bad-spec", error.message, { ...error.details, where });
}

/** @throws SessionError bad-spec: no such rate, or percent of a line that nobody knows */
/** Infinity: max. */
export function flowPps(rate: FlowRate, meanFrameBytes: number, lineRateBps: number | null, name: string): number {
  const where = `flow "${name}" rate`;
  try {
    const pps = ratePps(rate, meanFrameBytes, lineRateBps, where);
    if (rate.kind !== "max") checkSchedulable(pps, where);
    return pps;
  } catch (error) {
    throw asFlowError(error, name);
  }
}
