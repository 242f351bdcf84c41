/** Single frames of a compiled program, for captures and tests: rendered and signed as a transmit loop does it. */
import { ringMemory } from "../../memory.js";
import type { FrameProgram } from "./program.js";
import { high16, low32, type Stamp, signatureHead, trialHighOf, writeSignature } from "./signature.js";

const oneOffset = new Uint32Array(1);

/** The bytes of frame `index`, without FCS. */
export function frameAt(program: FrameProgram, index: number, stamp: Stamp): Uint8Array {
  const variant = program.pattern[index % program.pattern.length];
  const { bufferBytes } = program.variants[variant];
  // Ring memory is seen through views of up to 8 bytes.
  const memory = ringMemory(new ArrayBuffer(Math.ceil(bufferBytes / 8) * 8));
  program.render(memory, 0, variant);
  if (program.changes) program.cursor(index, 1).touch(memory, oneOffset, Uint16Array.of(variant), 1);
  if (program.signed) {
    const { trial, stream, sequence, timeNs } = stamp;
    const [high, head] = [trialHighOf(trial), signatureHead(trial, stream)];
    writeSignature(memory.view, bufferBytes, high, head, low32(sequence), low32(timeNs), high16(timeNs));
  }
  if (program.seals) program.seal(memory, 0, variant);
  return memory.u8.slice(0, bufferBytes);
}
