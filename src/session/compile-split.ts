/** How frames of a flow are told apart, as plain data: which of the values sent each frame has, and what to look at when it comes. */
import { mostReceivedBits, type ReceivedBits } from "../engine/session/index.js";
import { ringMemory } from "../memory.js";
import { wideBitsAt } from "../packet/index.js";
import type { FrameProgram } from "../stream/frames/program.js";
import { SessionError } from "./session-error.js";
import type { FlowSpec, FlowSplit, FrameBits } from "./types.js";

/** Frames after which all values that were sent come again. */
const mostPeriod = 65_536;
const mostValues = 4096;
/** Kinds of frames that are told apart; further ones are counted together. */
const mostKinds = 2048;

export interface CompiledSplit {
  /** By number of a frame, modulo its length; null: what was sent is not told apart. */
  readonly places: Uint16Array | null;
  /** By place: the value of each field. */
  readonly values: readonly (readonly bigint[])[];
  readonly received: readonly ReceivedBits[];
  readonly byPort: boolean;
  /** Of the table: a power of two. */
  readonly rows: number;
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));

function periodOf({ sent }: FlowSplit, program: FrameProgram): number {
  let period = 1;
  for (const field of sent) {
    const own = field.period ?? program.pattern.length;
    period = (period / divisor(period, own)) * own;
  }
  return period;
}

/** The values of each frame of a period. */
function* sentValues({ sent }: FlowSplit, program: FrameProgram, period: number): Generator<readonly bigint[]> {
  const longest = program.variants.reduce((most, { bufferBytes }) => Math.max(most, bufferBytes), 0);
  const memory = ringMemory(new ArrayBuffer(Math.ceil(longest / 8) * 8));
  const cursor = program.changes ? program.cursor(0, 1) : null;
  for (let frame = 0; frame < period; frame++) {
    const variant = program.pattern[frame % program.pattern.length]!;
    program.render(memory, 0, variant);
    cursor?.touch(memory, Uint32Array.of(0), Uint16Array.of(variant), 1);
    yield sent.map((field) => wideBitsAt(memory.u8, field.at, field.bits));
  }
}

function refuse({ name }: FlowSpec, part: string, what: string, accepted: string): never {
  throw new SessionError("not-possible", what, { where: `flow "${name}" ${part}`, accepted });
}

function placesOf(spec: FlowSpec, split: FlowSplit, program: FrameProgram): Pick<CompiledSplit, "places" | "values"> {
  if (split.sent.length === 0) return { places: null, values: [] };
  const period = periodOf(split, program);
  if (!(period <= mostPeriod)) {
    refuse(spec, "split.sent", `values come again after ${period} frames`, `up to ${mostPeriod}`);
  }
  const known = new Map<string, number>();
  const values: (readonly bigint[])[] = [];
  const places = new Uint16Array(period);
  let frame = 0;
  for (const one of sentValues(split, program, period)) {
    const key = one.join();
    let place = known.get(key);
    if (place === undefined) {
      if (values.length === mostValues) refuse(spec, "split.sent", "there are too many values", `up to ${mostValues}`);
      place = values.length;
      known.set(key, place);
      values.push(one);
    }
    places[frame++] = place;
  }
  return { places, values };
}

function receivedOf(spec: FlowSpec, { at, bits }: FrameBits): ReceivedBits {
  const byte = at >> 3;
  const last = (at + bits - 1) >> 3;
  const bytes = last - byte + 1;
  if (bytes > mostReceivedBits / 8) {
    refuse(
      spec,
      "split.received",
      `${bits} bits from bit ${at} on are too many to look at`,
      `up to ${mostReceivedBits} in 6 bytes`,
    );
  }
  return { byte, bytes, behind: 8 * (last + 1) - at - bits, bits };
}

/** @throws SessionError not-possible */
export function compileSplit(spec: FlowSpec, program: FrameProgram): CompiledSplit | null {
  const { split } = spec;
  if (split === undefined) return null;
  if (!program.signed)
    refuse(spec, "size", "frames have no room for the signature that tells them apart", "longer frames");
  const bits = split.received.reduce((sum, field) => sum + field.bits, 0);
  if (bits > mostReceivedBits) {
    refuse(spec, "split.received", `${bits} bits of frames that came are too many`, `up to ${mostReceivedBits} in all`);
  }
  const { places, values } = placesOf(spec, split, program);
  const ports = split.byPort ? Math.max(1, spec.to.length) : 1;
  const kinds = Math.min(mostKinds, Math.max(1, values.length) * 2 ** bits * ports);
  return {
    ...{ places, values, byPort: split.byPort },
    received: split.received.map((field) => receivedOf(spec, field)),
    rows: 2 ** Math.ceil(Math.log2(2 * kinds)),
  };
}
