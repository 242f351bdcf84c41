/** Figures as the page shows them. What is not known is a dash, never 0. */
import { grouped, percentWord } from "../stats/words.js";
import { formatNs, formatPps } from "../units.js";

export type UnitName = "frames" | "pps" | "bps" | "ns" | "ratio" | "index";
export const unknownWord = "–";

const isKnown = (value: number | null | undefined): value is number =>
  value !== null && value !== undefined && !Number.isNaN(value);

/** `1.512 Gbps` */
function bitsWord(bps: number): string {
  return formatPps(bps).replace("pps", "bps");
}

/** A value with its unit; NaN stands for unknown in columns of numbers. */
export function valueWord(value: number | null | undefined, unit: UnitName): string {
  if (!isKnown(value)) return unknownWord;
  switch (unit) {
    case "frames":
    case "index":
      return grouped(Math.round(value));
    case "pps":
      return formatPps(value);
    case "bps":
      return bitsWord(value);
    case "ns":
      return formatNs(value);
    case "ratio":
      return percentWord(value);
  }
}

/** `1:02:03`, `12:07`, `9.3 s`: a length of time that people watch pass. */
export function clockWord(ms: number | null): string {
  if (ms === null) return unknownWord;
  if (ms < 60_000) return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1000);
  const two = (part: number): string => String(part).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** `2026-12-01 17:20:59 UTC` of an ISO time. */
export const momentWord = (iso: string): string => iso.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC");

/** Bytes of a size, or the name of a mix. */
export const sizeText = (frameBytes: number | string): string =>
  typeof frameBytes === "number" ? `${frameBytes} bytes` : frameBytes;

/** `1 of 2`. A search only guesses how many it takes: `9 of about 12`, and `14` once it took more, or is over. */
export function trialsWord({ ended, expected, isSearch, isOver }: TrialCount): string {
  if (expected === null || ended > expected || (isSearch && isOver)) return valueWord(ended, "frames");
  return `${valueWord(ended, "frames")} of ${isSearch ? "about " : ""}${valueWord(expected, "frames")}`;
}
interface TrialCount {
  readonly ended: number;
  readonly expected: number | null;
  readonly isSearch: boolean;
  readonly isOver: boolean;
}

/** `latencyP99Ns` → `latency p99`, `txBpsL2` → `tx L2`: names of figures as a person reads them. */
export function figureTitle(name: string): string {
  if (name === "firstNs" || name === "lastNs") return name === "firstNs" ? "first sent" : "last received";
  const words = name
    .replace(/(Ns|Pps|Frames)$/, "")
    .replace(/Bps(L[12])$/, " $1")
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .split(" ");
  return words
    .map((word) => (/^L[12]$/.test(word) ? word : word.toLowerCase()))
    .join(" ")
    .replace(/^(tx|rx|lost)$/, (one) => (/Pps$/.test(name) ? `${one} rate` : one));
}

/** A figure of a flow. What is offered is known unless it is whatever the port takes. */
export const flowValueWord = (value: number, name: string): string =>
  name === "offeredPps" && Number.isNaN(value) ? "max" : valueWord(value, unitOf(name));

/** The unit of a figure by its name, where nobody says it: of flows and ports. */
export function unitOf(name: string): UnitName {
  if (/Pps$/.test(name)) return "pps";
  if (/Bps(L[12])?$/.test(name)) return "bps";
  if (/Ns$/.test(name)) return "ns";
  if (/(Share|Ratio)$/.test(name)) return "ratio";
  return /^(state|up)$/.test(name) ? "index" : "frames";
}
