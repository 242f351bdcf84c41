/** A loop that runs none of our code. A comparison divides by it, so that a machine that is slower now does not count. */
import { keep, type MicroCase } from "./case.js";

export const reference: MicroCase = {
  name: "reference: 1000 steps of xorshift, none of our code",
  run: () => {
    let word = 2_463_534_242;
    for (let step = 0; step < 1000; step++) {
      word ^= word << 13;
      word ^= word >>> 17;
      word ^= word << 5;
    }
    keep(word);
  },
};
