/** placeMany for rings whose slots are not known in advance: one place after the other. */
import type { TxRing } from "./ring.js";

export function placeEach(ring: TxRing, n: number, bytes: number, offsets: Uint32Array, slots: Int32Array): number {
  for (let k = 0; k < n; k++) {
    const at = ring.place(k, bytes);
    if (at <= 0) return k > 0 ? k : at;
    offsets[k] = at;
    slots[k] = ring.slotOf(k);
  }
  return n;
}
