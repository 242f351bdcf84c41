/** Reads what the loop counted of a flow whose frames are told apart. */
import { flowCell, isCurrent, type SessionMemory, SplitTable, splitCell } from "../engine/session/index.js";
import { fcsBytes } from "../units.js";
import type { TableFlow } from "./flow-table.js";
import type { SplitCounters } from "./types.js";

/** A flow that is started meanwhile is read again at most so often. */
const mostPasses = 8;

/** How many of the first `frames` frames have each of the values. */
function sentOf(places: Uint16Array, values: number, frames: number): Float64Array {
  const counts = new Float64Array(values);
  for (const place of places) counts[place]! += 1;
  const [rounds, rest] = [Math.floor(frames / places.length), frames % places.length];
  for (let k = 0; k < values; k++) counts[k]! *= rounds;
  for (let frame = 0; frame < rest; frame++) counts[places[frame]!]! += 1;
  return counts;
}

/** The fields' values, of one number that has them all. */
function fieldValues(key: number, fields: readonly { readonly bits: number }[]): readonly bigint[] | null {
  if (key < 0) return null;
  let rest = BigInt(key);
  const values: bigint[] = [];
  for (const { bits } of fields.toReversed()) {
    values.unshift(BigInt.asUintN(bits, rest));
    rest >>= BigInt(bits);
  }
  return values;
}

type Row = Omit<SplitCounters, "sentFrames" | "sentBytes"> & { readonly place: number };

function rowAt(
  { compiled, spec }: TableFlow,
  cells: Float64Array,
  at: number,
  ports: readonly { readonly name: string }[],
): Row {
  const { received, values, places } = compiled.split!;
  const cell = (which: number): number => cells[at + which]!;
  const place = cell(splitCell.sent);
  const frames = cell(splitCell.frames);
  const port = cell(splitCell.port);
  return {
    place,
    isOther: place < 0,
    sent: place < 0 || places === null ? null : values[place]!,
    received: place < 0 || received.length === 0 ? null : fieldValues(cell(splitCell.received), received),
    port: place < 0 || !spec.split!.byPort ? null : (ports[port]?.name ?? null),
    frames,
    bytes: cell(splitCell.bytes) + fcsBytes * frames,
    latencyNs:
      frames === 0
        ? null
        : {
            min: cell(splitCell.latencyMin),
            mean: cell(splitCell.latencySum) / frames,
            max: cell(splitCell.latencyMax),
          },
    firstReceivedNs: frames === 0 ? null : cell(splitCell.firstNs),
    lastReceivedNs: frames === 0 ? null : cell(splitCell.lastNs),
  };
}

function receivedRows(
  flow: TableFlow,
  memory: SessionMemory,
  ports: readonly { readonly name: string }[],
): readonly Row[] {
  const { cells } = new SplitTable(memory.heap, flow.split!);
  // One part receives it. What it has of an earlier start counts for nothing.
  const isOfNow = (): boolean => flow.laneParts.every((part) => isCurrent(memory, part, flow.slot));
  if (!isOfNow()) return [];
  const rows: Row[] = [];
  for (let row = 0; row < cells.length; row += splitCell.doubles) {
    if (cells[row + splitCell.frames]! > 0) rows.push(rowAt(flow, cells, row, ports));
  }
  return isOfNow() ? rows : [];
}

/** `sent`: its frames that left, read after what came in. Both are of one start. */
export function splitCounters(
  flow: TableFlow,
  memory: SessionMemory,
  ports: readonly { readonly name: string }[],
  sent: () => number,
): readonly SplitCounters[] {
  if (flow.compiled.split === null) return [];
  const { flows } = memory;
  const at = flow.slot * flowCell.doubles;
  for (let pass = 1; ; pass++) {
    const generation = flows[at + flowCell.generation];
    const counters = countersNow(flow, memory, ports, sent);
    if (flows[at + flowCell.begun] === generation || pass === mostPasses) return counters;
  }
}

function countersNow(
  flow: TableFlow,
  memory: SessionMemory,
  ports: readonly { readonly name: string }[],
  sent: () => number,
): readonly SplitCounters[] {
  const { places, values, received, byPort } = flow.compiled.split!;
  const rows = receivedRows(flow, memory, ports);
  // Which frames came where, or how, is known of those that came alone.
  if (places === null || received.length > 0 || byPort) {
    return rows.map(({ place, ...row }) => ({ ...row, sentFrames: null, sentBytes: null }));
  }
  const { variants } = flow.compiled.program;
  const frameBytes = variants.length === 1 ? variants[0]!.frameBytes : null;
  const byPlace = new Map(rows.map((row) => [row.place, row]));
  const none = { isOther: false, received: null, port: null, frames: 0, bytes: 0, latencyNs: null };
  const noTimes = { firstReceivedNs: null, lastReceivedNs: null };
  return Array.from(sentOf(places, values.length, sent()), (frames, place) => {
    const { place: _, ...row } = byPlace.get(place) ?? { place, ...none, ...noTimes, sent: values[place]! };
    return { ...row, sentFrames: frames, sentBytes: frameBytes === null ? null : frames * frameBytes };
  });
}
