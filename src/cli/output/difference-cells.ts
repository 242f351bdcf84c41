/** A difference of two results as the cells of a row. */
import type { Difference } from "../../method/judge/baseline.js";
import { percentWord, rateWord, timeWord } from "../../stats/words.js";

const word = (unit: Difference["unit"], value: number | null): string =>
  value === null ? "-" : unit === "pps" ? rateWord(value) : timeWord(value);

/** Name, both figures, change, judgement, chance. */
export function cellsOf({ name, unit, a, b, is, chance }: Difference): string[] {
  const change = a === null || b === null || a === 0 ? "-" : `${b >= a ? "+" : ""}${percentWord(b / a - 1)}`;
  return [
    name,
    word(unit, a),
    word(unit, b),
    change,
    is,
    chance === null ? "-" : String(Number(chance.toPrecision(2))),
  ];
}
