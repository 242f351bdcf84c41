/**
 * Internet checksums as arithmetic. A ones'-complement sum is a number modulo 65,535 (RFC 1071 §2), in which each bit
 * of the covered bytes has a weight. So increasing a value by one changes a checksum by a constant. Odd offsets,
 * pseudo-headers, or an inner checksum that changes as well do not matter. The constant is found by computing the slow
 * definition twice.
 */
import type { ChecksumPlace } from "../../packet/index.js";
import type { BitPlace } from "../spec/modifier.js";
import { makeChecksumsRight } from "./checksums.js";
import { putPlace } from "./interpret.js";

const modulus = 0xffff;

/** 1 … 0xffff. 0xffff stands for zero, as in the sum of any bytes that are not all zero. */
export function sumBehind(frame: Uint8Array, place: ChecksumPlace): number {
  return ((frame[place.at] << 8) | frame[place.at + 1]) ^ 0xffff || 0xffff;
}

/** For each place, what one of its value adds to each of the sums; `frame` has zeros at all places. */
export function factorsOf(
  frame: Uint8Array,
  sums: readonly ChecksumPlace[],
  all: readonly ChecksumPlace[],
  places: readonly BitPlace[],
): readonly (readonly number[])[] {
  const before = sums.map((sum) => sumBehind(frame, sum));
  const perPlace = places.map((place) => {
    const changed = frame.slice();
    putPlace(changed, { ...place, shift: 0 }, 1);
    makeChecksumsRight(changed, all);
    return sums.map((sum, k) => (sumBehind(changed, sum) - before[k] + 2 * modulus) % modulus);
  });
  return sums.map((_, k) => perPlace.map((factors) => factors[k]));
}
