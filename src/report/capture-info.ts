/** The content of a capture file, as data and as text. */
import { grouped } from "../stats/words.js";
import { terminalText } from "../terminal-text.js";

export interface Bin {
  /** From this, up to the next bin's. */
  readonly from: number;
  readonly frames: number;
}

export interface CaptureInfo {
  readonly file: string;
  readonly format: "pcap" | "pcapng";
  /** On the disk; null: a pipe. */
  readonly fileBytes: number | null;
  readonly interfaces: readonly {
    readonly linkType: string;
    readonly snapBytes: number;
    readonly ticksPerSecond: number;
    readonly name: string | null;
    readonly frames: number;
    /** As the file's statistics say; null: they do not. */
    readonly dropped: number | null;
  }[];
  readonly frames: number;
  /** Those of the frames that were cut at the snap length, and those that the file gives no time. */
  readonly cut: number;
  readonly untimed: number;
  /** Of which more was captured than, as the file says, there was; what was captured counts. */
  readonly contradictory: number;
  readonly comments: number;
  /** Without FCS, on the wire and in the file. */
  readonly wireBytes: number;
  readonly capturedBytes: number;
  readonly smallest: number;
  readonly largest: number;
  /** Of the first frame and of the last one in time, as text in UTC with nanoseconds; null: no frame has a time. */
  readonly first: string | null;
  readonly last: string | null;
  readonly durationNs: number;
  readonly pps: number | null;
  /** Layer 2, without FCS. */
  readonly bps: number | null;
  /** Steps back in time from one frame to the next. */
  readonly backwards: number;
  /** Innermost protocol → frames. */
  readonly protocols: Readonly<Record<string, number>>;
  readonly sizes: readonly Bin[];
  readonly gapsNs: readonly Bin[];
  readonly fault: string | null;
}

const width = 40;

function histogram(bins: readonly Bin[], label: (bin: Bin, next: Bin | undefined) => string): string[] {
  const most = Math.max(1, ...bins.map(({ frames }) => frames));
  return bins.map((bin, i) => {
    const bar = "#".repeat(Math.ceil((bin.frames / most) * width));
    return `  ${label(bin, bins[i + 1]).padStart(18)}  ${grouped(bin.frames).padStart(12)}  ${bar}`;
  });
}

function timeWord(ns: number): string {
  if (ns < 1e3) return `${ns} ns`;
  if (ns < 1e6) return `${+(ns / 1e3).toPrecision(3)} µs`;
  return ns < 1e9 ? `${+(ns / 1e6).toPrecision(3)} ms` : `${+(ns / 1e9).toFixed(ns < 1e14 ? 6 : 3)} s`;
}

const plural = (n: number, one: string, more = `${one}s`): string => `${grouped(n)} ${n === 1 ? one : more}`;

export function renderCaptureInfo(info: CaptureInfo): string {
  const resolution = (ticks: number): string =>
    ticks === 1e9 ? "nanoseconds" : ticks === 1e6 ? "microseconds" : `${ticks} ticks a second`;
  const rate =
    info.pps === null
      ? ""
      : `, ${grouped(Math.round(info.pps))} frames/s, ${grouped(Math.round(info.bps ?? 0))} bit/s on layer 2`;
  const odd = [
    ...(info.cut > 0 ? [`${plural(info.cut, "frame was", "frames were")} cut at the snap length`] : []),
    ...(info.untimed > 0 ? [`${plural(info.untimed, "frame has", "frames have")} no time of their own`] : []),
    ...(info.contradictory > 0
      ? [`${plural(info.contradictory, "frame has", "frames have")} more bytes captured than the file says there were`]
      : []),
    ...(info.backwards > 0 ? [`time goes back ${plural(info.backwards, "time")}`] : []),
    ...(info.comments > 0 ? [`${plural(info.comments, "frame has", "frames have")} comments`] : []),
    ...(info.fault === null ? [] : [`damaged: ${terminalText(info.fault)}`]),
  ];
  const size = info.fileBytes === null ? "" : `, ${grouped(info.fileBytes)} bytes`;
  const protocols = Object.entries(info.protocols).sort(([, a], [, b]) => b - a);
  return [
    `${terminalText(info.file)}: ${info.format}${size}`,
    ...info.interfaces.map(
      ({ name, linkType, ticksPerSecond, snapBytes, frames, dropped }, i) =>
        `  interface ${i}${name === null ? "" : ` ${terminalText(name)}`}: ${linkType}, ${resolution(ticksPerSecond)}, ${snapBytes === 0 ? "no snap length" : `snap length ${grouped(snapBytes)}`}, ${plural(frames, "frame")}${dropped === null ? "" : `, ${grouped(dropped)} dropped`}`,
    ),
    `${plural(info.frames, "frame")}, ${grouped(info.wireBytes)} bytes without FCS${info.capturedBytes === info.wireBytes ? "" : `, ${grouped(info.capturedBytes)} of them captured`}`,
    ...(info.frames === 0
      ? []
      : [
          `sizes ${grouped(info.smallest)} to ${grouped(info.largest)} bytes without FCS, mean ${(info.wireBytes / info.frames).toFixed(1)}`,
          ...(info.first === null ? [] : [`${info.first} to ${info.last}: ${timeWord(info.durationNs)}${rate}`]),
        ]),
    ...odd.map((line) => `! ${line}`),
    ...(protocols.length === 0 ? [] : ["protocols"]),
    ...protocols.map(([name, frames]) => `  ${name.padStart(18)}  ${grouped(frames).padStart(12)}`),
    ...(info.sizes.length === 0 ? [] : ["sizes, bytes without FCS"]),
    ...histogram(info.sizes, ({ from }, next) => (next === undefined ? `from ${from}` : `${from} to ${next.from - 1}`)),
    ...(info.gapsNs.length === 0 ? [] : ["gaps"]),
    ...histogram(info.gapsNs, ({ from }) => `from ${timeWord(from)}`),
    "",
  ].join("\n");
}
