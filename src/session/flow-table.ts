/**
 * The flows of a session in the memory that its loops read: a slot each, with all that a loop needs to send its frames.
 * Slots and memory are given back when flows are removed. What a slot says is written while no flow in it can run.
 */
import {
  arrivalCell,
  type Command,
  commandKind,
  flowCell,
  flowState,
  type HeapPiece,
  type RowGroup,
  type SessionMemory,
  type SessionOrder,
  type SplitOrder,
  SplitTable,
  splitBytes,
} from "../engine/session/index.js";
import { orderField, sizeField } from "../stream/frames/frame-maker.js";
import type { CompiledFlow } from "./compile-flow.js";
import { isEndless, scheduleOrders } from "./flow-schedule.js";
import { FreeSlots } from "./free-slots.js";
import { Heap } from "./heap.js";
import { SessionError } from "./session-error.js";
import type { FlowSpec } from "./types.js";

export interface TableFlow {
  readonly slot: number;
  readonly name: string;
  spec: FlowSpec;
  readonly compiled: CompiledFlow;
  /** What every sample asks of the program. `bufferBytes` 0: there are several sizes. */
  readonly signed: boolean;
  readonly bufferBytes: number;
  pps: number;
  /** Of the port that sends it: what percent is of. */
  readonly lineRateBps: number | null;
  /** Another session sends it. */
  readonly isAwaited: boolean;
  /** Ports of `to`, and the lane of each: all the same one, or one each. */
  readonly toPorts: readonly number[];
  readonly lanes: readonly number[];
  /** Each lane once, and its part. */
  readonly ownLanes: readonly number[];
  readonly laneParts: readonly number[];
  /** How often each frame is expected. */
  readonly copies: number;
  readonly pieces: readonly number[];
  readonly shares: readonly Shared[];
  readonly group: Group | null;
  /** Where what came in of it is told apart. */
  readonly split: SplitOrder | null;
}

/** Memory that several flows use. */
interface Shared {
  readonly key: string;
  readonly at: number;
  readonly id: number;
  users: number;
}

interface Group {
  readonly number: number;
  readonly pieces: readonly number[];
  rows: number;
}

export interface FlowPlan {
  readonly compiled: CompiledFlow;
  readonly pps: number;
  /** Absent: nobody knows. */
  readonly lineRateBps?: number | null;
  /** −1: another session sends it. */
  readonly from: number;
  readonly to: readonly number[];
  /** Absent: whichever is free. */
  readonly slot?: number;
}

/** Commands that the loop must have done before the flows are theirs; and JSON pieces to give back afterwards. */
export interface Admitted {
  readonly flows: readonly TableFlow[];
  readonly orders: readonly SessionOrder[];
}

export class FlowTable {
  readonly memory: SessionMemory;
  readonly heap: Heap;
  readonly #freeSlots: FreeSlots;
  readonly #freeLanes: number[];
  readonly #shared = new Map<string, Shared>();
  readonly #heapWords: Int32Array;
  #templates = 0;
  #groups = 0;
  /** Numbers of groups that are gone: the loop keeps a place for each number. */
  readonly #freeGroups: number[] = [];

  constructor(memory: SessionMemory) {
    const { capacity, lanes, heapBytes } = memory.shape;
    this.memory = memory;
    this.heap = new Heap(heapBytes);
    this.#heapWords = new Int32Array(memory.heap);
    this.#freeSlots = new FreeSlots(capacity, memory.parts);
    this.#freeLanes = Array.from({ length: lanes - capacity }, (_, lane) => lanes - 1 - lane);
  }

  get free(): number {
    return this.#freeSlots.count;
  }

  /** All or none. @throws SessionError full */
  admit(plans: readonly FlowPlan[]): Admitted {
    const done: TableFlow[] = [];
    const groups = new Map<string, number[]>();
    for (const [index, { compiled }] of plans.entries()) {
      const { row } = compiled;
      if (row === null) continue;
      // Rows of one group are written by one thread.
      const key = `${this.#partOf(plans[index]!.from)} ${row.text}`;
      groups.set(key, [...(groups.get(key) ?? []), index]);
    }
    const orders: SessionOrder[] = [];
    const made = new Map<number, { readonly group: Group; readonly row: number }>();
    try {
      for (const members of groups.values()) {
        const { group, order: opened } = this.#makeGroup(members.map((index) => plans[index]!.compiled));
        orders.push({ kind: "group", group: opened });
        for (const [row, index] of members.entries()) made.set(index, { group, row });
      }
      for (const [index, plan] of plans.entries()) {
        const flow = this.#place(plan, made.get(index) ?? null);
        done.push(flow);
        if (flow.split !== null) orders.push({ kind: "split", flow: flow.slot, split: flow.split });
        const { marks } = plan.compiled;
        if (marks === null) continue;
        const plain = { bytes: [...marks.bytes], mask: [...marks.mask], sizes: marks.sizes };
        orders.push({ kind: "marks", flow: flow.slot, marks: plain });
      }
      orders.push(...scheduleOrders(done.filter(({ spec }) => !isEndless(spec))));
    } catch (error) {
      for (const flow of done) this.#release(flow);
      for (const { group } of made.values()) this.#dropGroup(group, group.rows);
      throw error;
    }
    return { flows: done, orders };
  }

  /** The loop has removed them. Returns what it has to be told then. */
  release(flows: readonly TableFlow[]): readonly SessionOrder[] {
    return flows.flatMap((flow) => this.#release(flow));
  }

  /** A JSON order in the heap: `done` gives its place back. */
  orderCommand(given: SessionOrder): { readonly command: Command; readonly done: () => void } {
    const bytes = new TextEncoder().encode(JSON.stringify(given));
    const at = this.heap.take(bytes.length);
    new Uint8Array(this.memory.heap, at, bytes.length).set(bytes);
    return { command: { kind: commandKind.order, at, length: bytes.length }, done: () => this.heap.give(at) };
  }

  #release(flow: TableFlow): SessionOrder[] {
    const orders: SessionOrder[] = [];
    for (const at of flow.pieces) this.heap.give(at);
    for (const shared of flow.shares) this.#leave(shared);
    for (const lane of flow.ownLanes) if (lane >= this.memory.shape.capacity) this.#freeLanes.push(lane);
    this.#freeSlots.give(flow.slot);
    if (flow.compiled.marks !== null) orders.push({ kind: "marks", flow: flow.slot, marks: null });
    if (flow.split !== null) orders.push({ kind: "split", flow: flow.slot, split: null });
    if (flow.group !== null && this.#dropGroup(flow.group, 1))
      orders.push({ kind: "ungroup", group: flow.group.number });
    return orders;
  }

  #dropGroup(group: Group, rows: number): boolean {
    group.rows -= rows;
    if (group.rows > 0) return false;
    for (const at of group.pieces) this.heap.give(at);
    this.#freeGroups.push(group.number);
    return true;
  }

  #place(
    { compiled, pps, lineRateBps = null, from, to, slot: given }: FlowPlan,
    row: { readonly group: Group; readonly row: number } | null,
  ): TableFlow {
    const slot = given === undefined ? this.#freeSlots.take(this.#partOf(from)) : this.#freeSlots.takeThis(given);
    if (slot === undefined) {
      const { capacity } = this.memory.shape;
      throw new SessionError("full", `the session has room for ${capacity} flows, and all of it is taken`, {
        hint: "remove flows that are no longer needed",
      });
    }
    const shares: Shared[] = [];
    const pieces: number[] = [];
    const lanes: number[] = [];
    let split: SplitOrder | null = null;
    try {
      lanes.push(...this.#lanesFor(compiled.spec, slot, to));
      this.#writeFrames(slot, compiled, shares, pieces);
      split = this.#makeSplit(compiled, to, pieces);
    } catch (error) {
      for (const lane of new Set(lanes)) if (lane >= this.memory.shape.capacity) this.#freeLanes.push(lane);
      for (const shared of shares) this.#leave(shared);
      for (const at of pieces) this.heap.give(at);
      this.#freeSlots.give(slot);
      throw error;
    }
    this.#writePorts(slot, to, lanes);
    this.memory.groupOf[slot] = row === null ? -1 : row.group.number;
    this.memory.rowOf[slot] = row?.row ?? 0;
    this.#writeCells(slot, compiled, pps, from);
    const { spec } = compiled;
    const ownLanes = [...new Set(lanes)];
    const laneParts = ownLanes.map((lane) => this.#partOf(to[lanes.indexOf(lane)]!));
    const copies = spec.delivery === "each" ? to.length : Math.min(1, to.length);
    const { signed, variants } = compiled.program;
    const frames = { compiled, signed, bufferBytes: variants.length === 1 ? variants[0]!.bufferBytes : 0 };
    const where = { slot, lineRateBps, isAwaited: from < 0, toPorts: to, lanes, ownLanes, laneParts, copies };
    const memory = { pieces, shares, group: row?.group ?? null, split };
    return { name: spec.name, spec, pps, ...where, ...frames, ...memory };
  }

  #partOf(port: number): number {
    return this.memory.shape.partOf?.[port] ?? 0;
  }

  #writeCells(slot: number, { spec, program }: CompiledFlow, pps: number, from: number): void {
    const { flows, sizeOf, arrivals, parts, shape } = this.memory;
    const at = slot * flowCell.doubles;
    flows.fill(0, at, at + flowCell.doubles);
    for (let part = 0; part < parts; part++) {
      const row = (part * shape.capacity + slot) * arrivalCell.doubles;
      arrivals.fill(0, row, row + arrivalCell.doubles);
    }
    for (const each of [flowCell.lastSentNs, flowCell.firstSentNs, flowCell.startedNs, flowCell.stoppedNs])
      flows[at + each] = -1;
    flows[at + flowCell.delayNs] = spec.delayNs ?? -1;
    flows[at + flowCell.pps] = pps;
    flows[at + flowCell.from] = from;
    flows[at + flowCell.tags] = program.tags;
    flows[at + flowCell.variants] = program.variants.length;
    flows[at + flowCell.state] = flowState.stopped;
    // Of a flow that is told apart, every frame is looked at.
    const isQuick = program.signed && program.variants.length === 1 && spec.split === undefined;
    sizeOf[slot] = isQuick ? program.variants[0]!.bufferBytes : 0;
  }

  /** @throws SessionError full; not-possible: its counts have one writer */
  #makeSplit({ spec, split }: CompiledFlow, to: readonly number[], pieces: number[]): SplitOrder | null {
    if (split === null) return null;
    if (new Set(to.map((port) => this.#partOf(port))).size > 1) {
      throw new SessionError("not-possible", "a flow whose frames are told apart comes to ports of several threads", {
        where: `flow "${spec.name}"`,
        accepted: "ports of one thread (workers)",
      });
    }
    const { places, received, byPort, rows } = split;
    const take = (bytes: number): number => {
      const at = this.heap.take(bytes);
      pieces.push(at);
      return at;
    };
    const at = take(splitBytes(rows));
    // The receiver clears it at each start. Where nobody receives, nobody does.
    new SplitTable(this.memory.heap, { at, rows }).reset();
    if (places === null) return { at, rows, places: null, received, byPort };
    const placesAt = take(places.byteLength);
    new Uint16Array(this.memory.heap, placesAt, places.length).set(places);
    return { at, rows, places: { at: placesAt, length: places.length }, received, byPort };
  }

  #writePorts(slot: number, to: readonly number[], lanes: readonly number[]): void {
    const { laneOf, shape } = this.memory;
    laneOf.fill(-1, slot * shape.ports, (slot + 1) * shape.ports);
    for (const [k, port] of to.entries()) laneOf[slot * shape.ports + port] = lanes[k]!;
  }

  /** A lane for each port, or for the ports of each part: it has one writer. @throws SessionError full */
  #lanesFor({ name, delivery }: FlowSpec, slot: number, to: readonly number[]): number[] {
    const keys = to.map((port) => (delivery === "each" ? port : this.#partOf(port)));
    const further = Math.max(0, new Set(keys).size - 1);
    if (this.#freeLanes.length < further) {
      throw new SessionError("full", "there are too many flows that are to come to several ports", {
        where: `flow "${name}"`,
        accepted: `${this.#freeLanes.length} further ports`,
      });
    }
    const lanes = new Map<number, number>();
    for (const key of keys) if (!lanes.has(key)) lanes.set(key, lanes.size === 0 ? slot : this.#freeLanes.pop()!);
    return keys.map((key) => lanes.get(key)!);
  }

  /** Sizes, sequence of sizes, templates. */
  #writeFrames(slot: number, compiled: CompiledFlow, shares: Shared[], pieces: number[]): void {
    const { program, row, templates, patternKey } = compiled;
    const { pattern, variants, signed } = program;
    const patternShared = this.#share(`pattern ${patternKey}`, 2 * pattern.length, (at) => {
      new Uint16Array(this.memory.heap, at, pattern.length).set(pattern);
    });
    shares.push(patternShared);
    const sizesAt = this.heap.take(4 * sizeField.words * variants.length);
    pieces.push(sizesAt);
    for (const [variant, { bufferBytes }] of variants.entries()) {
      const bytes = templates[variant]!;
      const key = `template ${row?.text ?? ""}/${Buffer.from(bytes).toString("latin1")}`;
      const shared = this.#share(key, bytes.length, (at) =>
        new Uint8Array(this.memory.heap, at, bytes.length).set(bytes),
      );
      shares.push(shared);
      const words = [bufferBytes, shared.id, shared.at, bytes.length, signed ? 1 : 0, 0, 0, 0];
      this.#heapWords.set(words, sizesAt / 4 + variant * sizeField.words);
    }
    const start = patternShared.at / 2;
    const first = sizesAt / (4 * sizeField.words);
    const step = 1 % pattern.length;
    this.memory.orders.set([start, start, start + pattern.length, step, first, 0, 0], slot * orderField.words);
  }

  #share(key: string, bytes: number, write: (at: number) => void): Shared {
    const known = this.#shared.get(key);
    if (known !== undefined) {
      known.users++;
      return known;
    }
    const at = this.heap.take(bytes);
    write(at);
    const shared = { key, at, id: ++this.#templates, users: 1 };
    this.#shared.set(key, shared);
    return shared;
  }

  #leave(shared: Shared): void {
    if (--shared.users > 0) return;
    this.#shared.delete(shared.key);
    this.heap.give(shared.at);
  }

  /** The rows of flows of one shape, as they begin, twice: the loop goes back to the second. */
  #makeGroup(members: readonly CompiledFlow[]): { readonly group: Group; readonly order: RowGroup } {
    const rows = members.map(({ row }) => row!);
    const [{ text, ints, doubles }] = rows as [(typeof rows)[number]];
    const listWords = rows.reduce((sum, { lists }) => sum + lists.reduce((n, { values }) => n + values.length, 0), 0);
    const { heap } = this.memory;
    const number = this.#freeGroups.pop() ?? this.#groups++;
    const pieces: number[] = [];
    const piece = (length: number, bytesEach: number): HeapPiece => {
      const at = this.heap.take(length * bytesEach);
      pieces.push(at);
      return { at, length };
    };
    try {
      const opened: RowGroup = {
        group: number,
        text,
        rows: rows.length,
        ints: piece(2 * rows.length * ints.length, 4),
        doubles: piece(rows.length * doubles.length, 8),
        tables: piece(listWords, 4),
        indices: piece(rows.length, 8),
      };
      const intView = new Int32Array(heap, opened.ints.at, opened.ints.length);
      const doubleView = new Float64Array(heap, opened.doubles.at, opened.doubles.length);
      const tables = new Int32Array(heap, opened.tables.at, opened.tables.length);
      new Float64Array(heap, opened.indices.at, opened.indices.length).fill(0);
      let end = 0;
      for (const [r, row] of rows.entries()) {
        intView.set(row.ints, r * ints.length);
        doubleView.set(row.doubles, r * doubles.length);
        for (const { at, values } of row.lists) {
          intView[r * ints.length + at] = end;
          tables.set(values, end);
          end += values.length;
        }
      }
      intView.copyWithin(intView.length / 2, 0, intView.length / 2);
      return { group: { number: opened.group, pieces, rows: rows.length }, order: opened };
    } catch (error) {
      for (const at of pieces) this.heap.give(at);
      this.#freeGroups.push(number);
      throw error;
    }
  }
}
