/** The other half of "parse∘emit is the identity": each header that was read, written at its place. */
import type { Dissection } from "../../src/packet/index.js";
import type { PseudoHeader } from "../../src/packet/protocol.js";
import { protocolNamed } from "../../src/packet/protocols.js";

export function emitAgain(frame: Uint8Array, { layers }: Dissection): Uint8Array {
  const pseudoHeaders: (PseudoHeader | null)[] = [null];
  for (const { header } of layers) {
    const outer = pseudoHeaders.at(-1) ?? null;
    pseudoHeaders.push(protocolNamed(header.protocol).pseudoHeader?.(header, outer) ?? null);
  }
  const bytes = frame.slice();
  const view = new DataView(bytes.buffer);
  for (let i = layers.length - 1; i >= 0; i--) {
    const { header, start, headerBytes, end } = layers[i];
    bytes.fill(0xa5, start, start + headerBytes);
    protocolNamed(header.protocol).emit(header, {
      bytes,
      view,
      start,
      end,
      next: null,
      nextSpace: null,
      pseudoHeader: pseudoHeaders[i],
    });
  }
  return bytes;
}
