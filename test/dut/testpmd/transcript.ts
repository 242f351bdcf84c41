/** Recorded sessions of real testpmds: `<version>-<queues>q-<side>.txt`, terminal bytes as they came. */
import { readFileSync } from "node:fs";

export const versions = ["19.11", "20.11", "21.11", "22.11", "23.11", "24.11", "25.11", "26.07"] as const;
export const sides = ["host", "container"] as const;

export const transcript = (version: string, queues: number, side: string): string =>
  readFileSync(new URL(`transcripts/${version}-${queues}q-${side}.txt`, import.meta.url), "utf8");

/** What the n-th `command` of a session printed, echo and prompts around it included. */
export function answer(text: string, command: string, nth = 1): string {
  const parts = text.split(new RegExp(`(?:^|testpmd> |\\n)${command}\\r?\\r?\\n`));
  const part = parts[nth];
  if (part === undefined) throw new Error(`the transcript has no ${nth}. "${command}"`);
  return part.split("testpmd> ")[0]!;
}
