/**
 * What every report of a run must do: the same result gives the same text, the result stays as it was, the text ends
 * with its line, holds no control character, and has every trial in it. A report is added by one case in report.test.ts.
 */
import { describe, expect, it } from "vitest";
import type { Report } from "../../src/report/index.js";
import type { RunResult } from "../../src/result/run-result.js";

export interface ReportCase {
  readonly name: string;
  readonly report: Report;
  /** How the report writes a count of frames. */
  readonly count: (frames: number) => string;
  /** What the case cannot do, and why: a test whose name begins so is left out, and said. */
  readonly except?: Readonly<Record<string, string>>;
}

const plain = { color: false, ascii: false };

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const each of Object.values(value)) frozen(each);
    Object.freeze(value);
  }
  return value;
}

/** Escape sequences and the like; line ends and tabs are none. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are looked for
const control = /[\x00-\x08\x0b-\x1f\x7f]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII
const beyondAscii = /[^\x00-\x7f]/;

export function reportContract(one: ReportCase, results: Readonly<Record<string, RunResult>>): void {
  const { report, except = {} } = one;
  const test = (title: string, body: (result: RunResult) => void): void => {
    const why = Object.entries(except).find(([start]) => title.startsWith(start))?.[1];
    if (why !== undefined) it.skip(`${title} (${why})`, () => {});
    else it.each(Object.keys(results))(`${title}: %s`, (name) => body(results[name]!));
  };

  describe(one.name, () => {
    test("says the same of the same result, and leaves it as it was", (result) => {
      const untouched = frozen(structuredClone(result));
      expect(report(untouched, plain)).toBe(report(result, plain));
    });

    test("ends with one line end", (result) => {
      expect(report(result, plain)).toMatch(/[^\n]\n$/);
    });

    test("has no control character", (result) => {
      expect(report(result, plain).replaceAll("\r\n", "\n")).not.toMatch(control);
    });

    test("keeps to ASCII where that is asked for", (result) => {
      expect(report(result, { color: false, ascii: true })).not.toMatch(beyondAscii);
    });

    test("has what each trial sent", (result) => {
      const text = report(result, plain);
      expect(result.trials.filter(({ sent }) => !text.includes(one.count(sent)))).toEqual([]);
    });
  });
}
