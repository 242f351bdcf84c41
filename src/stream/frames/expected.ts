/**
 * The bytes that a returned frame must hold, for comparing payloads byte by byte. The frame's number tells what its
 * fields and its program wrote, so a receiver works it out again. Checksums and the signature are not included.
 */
import { programFrame } from "../program/frame.js";
import { getBits, valueAt } from "../spec/modifier.js";
import { putPlace } from "./interpret.js";
import type { ResolvedStream } from "./resolve.js";

/** The bytes of frame `index`, of this size; overwritten by the next call. */
export type ExpectedFrame = (index: number, variant: number) => Uint8Array;

/** `templates`: per variant, all that does not change. */
export function expectedFrames(resolved: ResolvedStream, templates: readonly Uint8Array[]): ExpectedFrame {
  const { changes, eachFrame } = resolved;
  const scratch = templates.map((template) => new Uint8Array(template.length));
  let bytes = scratch[0];
  const frame =
    eachFrame === null
      ? null
      : programFrame(resolved, {
          get: ({ place }) => getBits(bytes, place.bitOffset, place.bits),
          set: ({ place }, value) => putPlace(bytes, place, value),
        });
  return (index, variant) => {
    bytes = scratch[variant];
    bytes.set(templates[variant]);
    for (const change of changes) {
      for (const place of change.places) putPlace(bytes, place, valueAt(change, index));
    }
    if (frame !== null && eachFrame !== null) eachFrame(frame, index);
    return bytes;
  };
}
