/** What came in of each lane: which numbers, when, and how long they took. It lies in shared memory. */
import { SequenceTable, sequenceCodes } from "../../stats/sequence-table.js";
import { SmallHistograms, smallBucketOf } from "../../stats/small-histograms.js";
import { arrivalsAt } from "./arrivals.js";
import { arrivedCell } from "./arrived.js";
import { SessionLanes } from "./lanes.js";
import { LaneOutages } from "./outages.js";
import { arrivalCell, flowCell, type SessionMemory } from "./session-memory.js";

const mostSamples = 16;
/** So many samples of one value are counted at once. Fewer wait in the lane's row. */
const directSamples = 8;

export class LaneBook {
  /** What `take` is told. */
  readonly seen = new Float64Array(arrivedCell.count);
  readonly #memory: SessionMemory;
  readonly #rows: SessionLanes;
  readonly #table: SequenceTable;
  readonly #histograms: SmallHistograms;
  readonly #samples = new Int32Array(mostSamples);
  readonly #severalPorts: boolean;
  readonly #splits: { restart(flow: number): void } | null;
  readonly #outages: LaneOutages;
  readonly #severalParts: boolean;
  /** By port: it is of this part. */
  readonly #isOwn: readonly boolean[];

  /** `splits`: what begins again with a flow's numbers. */
  constructor(memory: SessionMemory, splits: { restart(flow: number): void } | null = null) {
    const { lanes, ports } = memory.shape;
    this.#memory = memory;
    this.#splits = splits;
    this.#rows = new SessionLanes(memory.lanes);
    this.#table = new SequenceTable(lanes, { rows: this.#rows, cells: memory.sequences, countsRuns: false });
    this.#outages = new LaneOutages(memory, this.#table);
    this.#histograms = new SmallHistograms(lanes, memory.histograms);
    this.#severalPorts = ports > 1;
    this.#severalParts = memory.parts > 1;
    this.#isOwn = Array.from({ length: ports }, (_, port) => (memory.shape.partOf?.[port] ?? 0) === memory.part);
    if (memory.part === 0) for (let lane = 0; lane < lanes; lane++) this.#rows.reset(lane);
  }

  /** The flow's numbers begin again, at this part's ports. `generation` 0: it is no flow any more. */
  restart(flow: number, generation: number): void {
    const { arrivals, laneOf, receivedAt, shape } = this.#memory;
    const row = arrivalsAt(this.#memory, this.#memory.part, flow);
    arrivals.fill(0, row + 1, row + arrivalCell.doubles);
    this.#splits?.restart(flow);
    for (let port = 0; port < shape.ports; port++) {
      if (!this.#isOwn[port]) continue;
      const lane = laneOf[flow * shape.ports + port];
      receivedAt[flow * shape.ports + port] = 0;
      if (lane < 0) continue;
      if (this.#rows.lastNs(lane) >= 0) this.#histograms.reset(lane);
      this.#table.reset(lane);
      this.#outages.reset(lane);
      this.#rows.reset(lane);
    }
    arrivals[row + arrivalCell.generation] = generation;
  }

  /** Where this part's row of the flow begins. It is of the last start from now on. */
  rowOf(flow: number): number {
    const row = arrivalsAt(this.#memory, this.#memory.part, flow);
    if (this.#severalParts) {
      const generation = this.#memory.flows[flow * flowCell.doubles + flowCell.generation];
      if (this.#memory.arrivals[row + arrivalCell.generation] !== generation) this.restart(flow, generation);
    }
    return row;
  }

  /** Another part has begun to start it anew since `rowOf`: a frame that is here already is of an earlier start. */
  isOutdated(flow: number, row: number): boolean {
    if (!this.#severalParts) return false;
    const begun = this.#memory.flows[flow * flowCell.doubles + flowCell.begun];
    return this.#memory.arrivals[row + arrivalCell.generation] !== begun;
  }

  /**
   * Frames of a flow came in whole at this port, which they are to come to: `run` of them, each of `bytes`, that follow
   * each other and left together. `seen` has the first one's index, when they came, and how long they took. Returns how
   * many had not come before. Hot.
   */
  take(flow: number, port: number, lane: number, run: number, bytes: number): number {
    const rows = this.#rows;
    const index = this.seen[arrivedCell.index];
    let accepted = run;
    if (rows.next(lane) === index) rows.setNext(lane, index + run);
    else accepted = this.#acceptEach(flow, lane, index, run);
    if (accepted === 0) return 0;
    const latencyNs = this.seen[arrivedCell.latencyNs];
    rows.note(lane, accepted, latencyNs, this.seen[arrivedCell.atNs]);
    if (accepted >= directSamples) this.#histograms.countMany(lane, smallBucketOf(latencyNs), accepted);
    else this.#keepSamples(lane, smallBucketOf(latencyNs), accepted);
    rows.close(lane);
    const { sizeOf, arrivals, receivedAt, shape } = this.#memory;
    if (bytes !== sizeOf[flow]) {
      const row = arrivalsAt(this.#memory, this.#memory.part, flow);
      arrivals[row + arrivalCell.moreBytes] += (bytes - sizeOf[flow]) * accepted;
    }
    if (this.#severalPorts) receivedAt[flow * shape.ports + port] += accepted;
    return accepted;
  }

  /** Returns how many of them had not come before. */
  #acceptEach(flow: number, lane: number, index: number, run: number): number {
    const next = this.#table.next(lane);
    let accepted = 0;
    for (let k = 0; k < run; k++) {
      const code = this.#table.accept(lane, index + k);
      if (code <= sequenceCodes.reordered) accepted++;
      if (code === sequenceCodes.reordered) this.#outages.closed(lane, index + k);
    }
    if (index > next) this.#outages.jumped(flow, lane, next, index - next);
    return accepted;
  }

  /** What is found only by a look at many numbers. Every millisecond. */
  look(): void {
    this.#outages.look();
  }

  #keepSamples(lane: number, sample: number, frames: number): void {
    for (let k = 0; k < frames; k++) if (this.#rows.keepSample(lane, sample)) this.#count(lane);
  }

  #count(lane: number): void {
    const samples = this.#samples;
    const kept = this.#rows.takeSamples(lane, samples);
    for (let k = 0; k < kept; k++) this.#histograms.count(lane, samples[k]);
  }
}
