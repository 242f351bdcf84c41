/**
 * When streams start and stop. A chain becomes streams that come after each other. A chain that begins again becomes
 * bursts: each stream's gap is the time of the others.
 */
import { formatRate, type Rate } from "../../units.js";
import type { Notes } from "./item.js";
import { slotNs, type TrexStream } from "./stream.js";

export interface StreamTiming {
  readonly rate: string;
  readonly schedule: Readonly<Record<string, unknown>> | null;
}

const units = [
  [1e9, "s"],
  [1e6, "ms"],
  [1e3, "us"],
  [1, "ns"],
] as const;

/** The shortest text of whole nanoseconds. */
export function durationText(ns: number): string {
  const whole = Math.round(ns);
  const [factor, unit] = units.find(([each]) => whole % each === 0)!;
  return whole === 0 ? "0ms" : `${whole / factor}${unit}`;
}

/** By stream; those that are never sent are not in it. @throws PktgenError (2) */
export function timingsOf(streams: readonly TrexStream[], notes: Notes): ReadonlyMap<TrexStream, StreamTiming> {
  const byName = new Map(streams.map((stream) => [stream.name, stream]));
  const timings = new Map<TrexStream, StreamTiming>();
  const startedBy = new Set<TrexStream>();
  const heads = streams.filter(({ selfStart }) => selfStart);
  for (const head of heads) {
    const { path, loop } = chainFrom(head, byName, notes);
    for (const stream of path) {
      if (startedBy.has(stream))
        throw stream.item.error(`"${stream.name}" is started twice`, "one start of each stream");
      startedBy.add(stream);
    }
    if (loop < path.length) inLoop(path, loop, timings, notes);
    else inLine(path, heads.length > 1, timings);
  }
  for (const stream of streams) {
    if (!startedBy.has(stream)) notes.add(stream.item, `nothing starts "${stream.name}": it is left out`);
  }
  return timings;
}

interface Chain {
  readonly path: readonly TrexStream[];
  /** Where it begins again; the path's length: nowhere. */
  readonly loop: number;
}

function chainFrom(head: TrexStream, byName: ReadonlyMap<string, TrexStream>, notes: Notes): Chain {
  const path: TrexStream[] = [];
  const places = new Map<TrexStream, number>();
  for (let stream: TrexStream | undefined = head; stream !== undefined; ) {
    const place = places.get(stream);
    if (place !== undefined) return { path, loop: place };
    places.set(stream, path.length);
    path.push(stream);
    const { next, nextItem, mode, actionCount } = stream;
    if (next === null) break;
    if (mode.kind === "continuous" || (mode.kind === "bursts" && mode.bursts === null)) {
      throw nextItem.error(`"${stream.name}" never ends, so that nothing comes after it`, "a stream with an end");
    }
    const following: TrexStream | undefined = byName.get(next);
    if (following === undefined)
      throw nextItem.error(`"${next}" is not enabled, and cannot come next`, "enabled streams");
    if (actionCount === 1 && !places.has(following)) {
      notes.add(nextItem, `action_count 1 ends the chain behind "${stream.name}"`);
      break;
    }
    stream = following;
  }
  return { path, loop: path.length };
}

const framesIn = ({ mode }: TrexStream): number =>
  mode.kind === "continuous"
    ? Number.POSITIVE_INFINITY
    : mode.kind === "burst"
      ? mode.frames
      : mode.frames * (mode.bursts ?? 1);

const slotOf = ({ rate, packet }: TrexStream): number | null => slotNs(rate, packet.bytes.length);

/** From its first to its last frame. */
function lengthNs(stream: TrexStream): number {
  const { mode, rateItem, name } = stream;
  if (framesIn(stream) === 1) return 0;
  const slot = slotOf(stream);
  if (slot === null) {
    throw rateItem.error(
      `how long "${name}" lasts depends on a line that is not known`,
      "a rate in pps or bits a second",
    );
  }
  if (mode.kind !== "bursts") return (framesIn(stream) - 1) * slot;
  const { frames, bursts, gapNs } = mode;
  return (bursts ?? 1) * (frames - 1) * slot + ((bursts ?? 1) - 1) * gapNs;
}

function inLine(path: readonly TrexStream[], isOneOfMany: boolean, timings: Map<TrexStream, StreamTiming>): void {
  let before: TrexStream | null = null;
  let waitNs = 0;
  for (const stream of path) {
    waitNs += stream.waitNs;
    if (stream.isDelay) {
      waitNs += lengthNs(stream);
      continue;
    }
    // TRex counts from the last frame, and we from the end of its slot.
    const startNs = before === null ? waitNs : Math.max(0, waitNs - (slotOf(before) ?? 0));
    const says = before === null ? startNs > 0 || isOneOfMany : startNs > 0;
    const start = says ? { start: durationText(startNs) } : {};
    const after = before === null ? {} : { after: before.name };
    const schedule = { ...after, ...start, ...ownSchedule(stream) };
    timings.set(stream, {
      rate: formatRate(stream.rate),
      schedule: Object.keys(schedule).length === 0 ? null : schedule,
    });
    before = stream;
    waitNs = 0;
  }
}

function ownSchedule(stream: TrexStream): Readonly<Record<string, unknown>> {
  const { mode } = stream;
  if (mode.kind === "continuous") return {};
  if (mode.kind === "burst") return { frames: mode.frames };
  const { frames, bursts, gapNs } = mode;
  const gap = durationText(Math.max(0, gapNs - (slotOf(stream) ?? 0)));
  return { bursts: { frames, gap, ...(bursts === null ? {} : { count: bursts }) } };
}

function inLoop(path: readonly TrexStream[], loop: number, timings: Map<TrexStream, StreamTiming>, notes: Notes): void {
  const inside = path.slice(loop);
  const roundNs = inside.reduce((sum, stream) => sum + stream.waitNs + lengthNs(stream), 0);
  const [first] = inside;
  if (roundNs < 1) throw first!.nextItem.error("a chain that begins again without any time between", "an isg above 0");
  const most = Math.min(...inside.map(({ actionCount }) => actionCount || Number.POSITIVE_INFINITY));
  const last = inside.findIndex(({ actionCount }) => actionCount === most);
  let atNs = 0;
  for (const [i, stream] of path.entries()) {
    atNs += stream.waitNs;
    const rounds = i < loop ? 1 : Number.isFinite(most) ? most - (i - loop > last ? 1 : 0) : null;
    if (!stream.isDelay && rounds !== 0)
      timings.set(stream, looped(stream, atNs, i < loop ? null : roundNs, rounds, notes));
    atNs += lengthNs(stream);
  }
  if (inside.filter(({ isDelay }) => !isDelay).length > 1) {
    notes.add(
      path.at(-1)!.nextItem,
      "the chain begins again: its streams are bursts, timed for the rates in this file",
    );
  }
}

/** A stream that starts anew every `roundNs`; null: once. */
function looped(
  stream: TrexStream,
  startNs: number,
  roundNs: number | null,
  rounds: number | null,
  notes: Notes,
): StreamTiming {
  const { mode, rate, item, name } = stream;
  const start = durationText(startNs);
  if (roundNs === null) return { rate: formatRate(rate), schedule: { start, ...ownSchedule(stream) } };
  if (mode.kind === "bursts" && mode.bursts !== 1) {
    throw item.error(`"${name}" has bursts, and starts again and again`, "a single burst in a chain that begins again");
  }
  const frames = framesIn(stream);
  if (frames === 1) {
    const own: Rate = { kind: "pps", pps: Math.min(1e9, 1e9 / roundNs) };
    return { rate: formatRate(own), schedule: { start, ...(rounds === null ? {} : { frames: rounds }) } };
  }
  const gapNs = roundNs - frames * slotOf(stream)!;
  if (gapNs < 0) notes.add(item, `"${name}" starts again a frame's time after its last frame, not earlier`);
  const gap = durationText(Math.max(0, gapNs));
  return {
    rate: formatRate(rate),
    schedule: { start, bursts: { frames, gap, ...(rounds === null ? {} : { count: rounds }) } },
  };
}
