/**
 * The load of a profile's streams over time as lines of text. Each column is a slice of time. Its height is the part of
 * the stream's highest load that should leave in that time. Poisson arrivals are shown by their mean.
 */
import type { StreamSchedule, TrafficSpec, TrafficStream } from "../stream/index.js";
import { terminalText } from "../terminal-text.js";
import { formatNs, formatPps, formatRate } from "../units.js";

const columns = 60;
const heights = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const asciiHeights = [" ", ".", ":", "-", "=", "+", "*", "%", "#"];

/** Frames that are due by `ns`, at `perNs` frames a nanosecond where a stream sends. */
type Due = (ns: number) => number;

export interface GraphOptions {
  readonly ascii: boolean;
  /** Per stream, its rate in frames a second: its own, or its share of the trial's. */
  readonly pps: readonly number[];
}

export function renderProfileGraph(spec: TrafficSpec, { ascii, pps }: GraphOptions): string {
  const horizonNs = Math.max(...spec.streams.map((stream, i) => interesting(spec, stream, pps[i], pps)));
  const sliceNs = horizonNs / columns;
  const width = Math.max(...spec.streams.map(({ name }) => terminalText(name).length));
  const lines = spec.streams.map((stream, i) => {
    const due = dueOf(spec, stream, pps[i], pps);
    const loads = Array.from({ length: columns }, (_, k) => due((k + 1) * sliceNs) - due(k * sliceNs));
    const most = Math.max(...loads);
    const levels = ascii ? asciiHeights : heights;
    const bars = loads.map((load) => levels[most === 0 ? 0 : Math.ceil((load / most) * (levels.length - 1) - 1e-9)]);
    const own = stream.rate === null ? `weight ${stream.weight}` : formatRate(stream.rate);
    return `${terminalText(stream.name).padEnd(width)}  |${bars.join("")}|  ${own}, at most ${formatPps((most / sliceNs) * 1e9)}`;
  });
  const scale = `${"".padEnd(width)}  0${formatNs(horizonNs).padStart(columns + 1)}`;
  return `${terminalText(spec.name)}: frames due in each ${formatNs(sliceNs)}\n${lines.join("\n")}\n${scale}\n`;
}

/** The time that shows how a schedule works: a few bursts, a ramp and as much time again, or the end of a stream. */
function interesting(spec: TrafficSpec, stream: TrafficStream, pps: number, all: readonly number[]): number {
  const { schedule } = stream;
  const own = schedule.kind === "after" ? schedule.schedule : schedule;
  const start = startOf(spec, stream, all) + (own.startNs ?? 0);
  if (own.kind === "bursts") {
    const each = (own.frames / pps) * 1e9 + own.gapNs;
    return start + each * Math.min(own.bursts ?? 4, 4);
  }
  if (own.kind === "ramp") return start + own.rampNs * 1.5;
  if (own.kind === "continuous" && own.frames != null) return start + (own.frames / pps) * 1.2e9;
  return start === 0 ? 1e6 : start * 2;
}

/** When the stream before it has sent its last frame; 0 if there is none; Infinity if that stream never ends. */
function startOf(spec: TrafficSpec, { schedule }: TrafficStream, all: readonly number[]): number {
  if (schedule.kind !== "after") return 0;
  const index = spec.streams.findIndex(({ name }) => name === schedule.stream);
  const before = spec.streams[index];
  const own = before.schedule.kind === "after" ? before.schedule.schedule : before.schedule;
  const start = startOf(spec, before, all) + (own.startNs ?? 0);
  if (own.kind === "bursts" && own.bursts !== null) {
    return start + own.bursts * ((own.frames / all[index]) * 1e9 + own.gapNs) - own.gapNs;
  }
  return own.kind === "continuous" && own.frames != null
    ? start + (own.frames / all[index]) * 1e9
    : Number.POSITIVE_INFINITY;
}

function dueOf(spec: TrafficSpec, stream: TrafficStream, pps: number, all: readonly number[]): Due {
  const { schedule } = stream;
  const own = schedule.kind === "after" ? schedule.schedule : schedule;
  const start = startOf(spec, stream, all) + (own.startNs ?? 0);
  const perNs = pps / 1e9;
  return (ns) => (ns <= start ? 0 : dueAfter(own, ns - start, perNs));
}

function dueAfter(schedule: Exclude<StreamSchedule, { kind: "after" }>, ns: number, perNs: number): number {
  switch (schedule.kind) {
    case "continuous":
      return Math.min(ns * perNs, schedule.frames ?? Number.POSITIVE_INFINITY);
    case "poisson":
      return ns * perNs;
    case "bursts": {
      const burstNs = schedule.frames / perNs;
      const whole = Math.floor(ns / (burstNs + schedule.gapNs));
      const within = Math.min((ns - whole * (burstNs + schedule.gapNs)) * perNs, schedule.frames);
      return Math.min(
        whole * schedule.frames + within,
        (schedule.bursts ?? Number.POSITIVE_INFINITY) * schedule.frames,
      );
    }
    case "ramp": {
      const { fromShare, toShare, rampNs } = schedule;
      const t = Math.min(ns, rampNs);
      const rising = t * fromShare + ((toShare - fromShare) * t * t) / (2 * rampNs);
      return perNs * (rising + Math.max(0, ns - rampNs) * toShare);
    }
  }
}
