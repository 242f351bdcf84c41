/** What came in of each lane: which numbers, when, and how long they took. It lies in shared memory. */
import { SequenceTable, sequenceCodes } from "../../stats/sequence-table.js";
import { SmallHistograms, smallBucketOf } from "../../stats/small-histograms.js";
import { SessionLanes } from "./lanes.js";
import { flowCell, type SessionMemory } from "./session-memory.js";

const mostSamples = 16;

export class LaneBook {
  readonly #memory: SessionMemory;
  readonly #rows: SessionLanes;
  readonly #table: SequenceTable;
  readonly #histograms: SmallHistograms;
  readonly #samples = new Int32Array(mostSamples);
  readonly #severalPorts: boolean;

  constructor(memory: SessionMemory) {
    const { lanes, ports } = memory.shape;
    this.#memory = memory;
    this.#rows = new SessionLanes(memory.lanes);
    this.#table = new SequenceTable(lanes, { rows: this.#rows, cells: memory.sequences });
    this.#histograms = new SmallHistograms(lanes, memory.histograms);
    this.#severalPorts = ports > 1;
    for (let lane = 0; lane < lanes; lane++) this.#rows.reset(lane);
  }

  /** The flow's numbers begin again. */
  restart(flow: number): void {
    const { laneOf, receivedAt, shape } = this.#memory;
    for (let port = 0; port < shape.ports; port++) {
      const lane = laneOf[flow * shape.ports + port];
      receivedAt[flow * shape.ports + port] = 0;
      if (lane < 0) continue;
      if (this.#rows.lastNs(lane) >= 0) this.#histograms.reset(lane);
      this.#table.reset(lane);
      this.#rows.reset(lane);
    }
  }

  /** Frame `index` of a flow came in whole at this port, which it is to come to. Hot. */
  take(flow: number, port: number, lane: number, index: number, latencyNs: number, nowNs: number, bytes: number): void {
    const rows = this.#rows;
    if (rows.next(lane) === index) rows.setNext(lane, index + 1);
    else if (this.#table.accept(lane, index) > sequenceCodes.reordered) return;
    rows.note(lane, latencyNs, nowNs);
    if (rows.keepSample(lane, smallBucketOf(latencyNs))) this.#count(lane);
    const { sizeOf, flows, receivedAt, shape } = this.#memory;
    if (bytes !== sizeOf[flow]) flows[flow * flowCell.doubles + flowCell.moreBytes] += bytes - sizeOf[flow];
    if (this.#severalPorts) receivedAt[flow * shape.ports + port] += 1;
  }

  #count(lane: number): void {
    const samples = this.#samples;
    const kept = this.#rows.takeSamples(lane, samples);
    for (let k = 0; k < kept; k++) this.#histograms.count(lane, samples[k]);
  }
}
