/** Gives each flow a number, so that code which spreads frames over queues can keep flows together. */
import type { Outline } from "./outline.js";

/**
 * A number from 0 to 65,535 that is the same for all frames of a flow, in both directions. It is made of the IP
 * addresses, the protocol and, except in fragments, the ports; without IP, of the MAC addresses. `outline` has been
 * filled from the frame at view[start …].
 */
export function flowNumber(view: DataView, start: number, outline: Outline): number {
  const { ipVersion, l3, l4, ipProtocol, fragment, bytes } = outline;
  if (ipVersion === 0) {
    if (bytes < 14) return 0;
    return mixed(halves(view, start, 3) ^ halves(view, start + 6, 3));
  }
  const [at, words] = ipVersion === 4 ? [start + l3 + 12, 2] : [start + l3 + 8, 8];
  // The sum of both ends is the same in both directions. Each end is a product.
  let ends = (mixed(halves(view, at, words)) + mixed(halves(view, at + 2 * words, words))) | 0;
  const hasPorts = (ipProtocol === 6 || ipProtocol === 17 || ipProtocol === 132) && !fragment;
  if (hasPorts && l4 >= 0 && bytes >= l4 + 4) {
    ends = (ends + mixed(view.getUint16(start + l4)) + mixed(view.getUint16(start + l4 + 2))) | 0;
  }
  return mixed(ends ^ Math.imul(ipProtocol, 0x01000193));
}

/** FNV-like, over `count` halfwords. */
function halves(view: DataView, at: number, count: number): number {
  let sum = 0x811c9dc5 | 0;
  for (let i = 0; i < count; i++) sum = Math.imul(sum ^ view.getUint16(at + 2 * i), 0x01000193);
  return sum;
}

/** Makes each bit depend on many (MurmurHash3's last step), then takes the upper half. */
function mixed(value: number): number {
  let x = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 16;
}
