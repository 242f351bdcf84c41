/** The frames of a traffic spec in the order in which they would leave, with their scheduled times. */
import { ringMemory } from "../memory.js";
import type { FrameSize } from "../units.js";
import { Departures } from "./departures/departures.js";
import { type StreamLoad, timelinesOf } from "./departures/loads.js";
import { compileTraffic } from "./frames/compile.js";
import { fixedTrial, high16, low32, signatureHead, trialHighOf, writeSignature } from "./frames/signature.js";
import { StreamCursors } from "./frames/stream-cursors.js";
import type { EachFrame } from "./program/frame.js";
import type { TrafficSpec } from "./spec/traffic.js";

const trial = fixedTrial(1);

export interface DepartingFrame {
  readonly stream: number;
  /** Of its stream, from 0. */
  readonly index: number;
  /** Since the trial's start. */
  readonly timeNs: number;
  /** Without FCS; its own copy. */
  readonly bytes: Uint8Array;
}

/**
 * The frames of fixed captures' trial, each stamped with its scheduled time. Ends when all streams have ended, or
 * never.
 */
export function* departingFrames(
  spec: TrafficSpec,
  size: FrameSize,
  load: StreamLoad,
  programs: readonly (EachFrame | null)[] = [],
): Generator<DepartingFrame> {
  const compiled = compileTraffic(spec, size, programs);
  const departures = new Departures(timelinesOf(spec, size, load));
  const cursors = new StreamCursors(compiled, 0, 1);
  const longest = Math.max(...compiled.flatMap(({ variants }) => variants.map(({ bufferBytes }) => bufferBytes)));
  const memory = ringMemory(new ArrayBuffer(Math.ceil(longest / 8) * 8));
  while (departures.nextNs !== Number.POSITIVE_INFINITY) {
    const { stream, slot: index, nextNs: timeNs } = departures;
    const program = compiled[stream];
    const variant = program.pattern[index % program.pattern.length];
    const { bufferBytes } = program.variants[variant];
    program.render(memory, 0, variant);
    cursors.touch(memory, stream, 0, variant);
    if (program.signed) {
      const [high, head] = [trialHighOf(trial), signatureHead(trial, stream)];
      writeSignature(memory.view, bufferBytes, high, head, low32(index), low32(timeNs), high16(timeNs));
    }
    if (program.seals) program.seal(memory, 0, variant);
    yield { stream, index, timeNs, bytes: memory.u8.slice(0, bufferBytes) };
    departures.advance();
  }
}
