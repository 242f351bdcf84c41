/** The receiving half of a replay: empties every ring, counts what came, and records it where that is wanted. */
import type { JobContext, OpenPort, OpenQueue, TrialClock } from "../loop/index.js";
import type { PipeRecorder } from "../pipe/index.js";

const burstFrames = 64;

/** Doubles that stay where they are, see trial-clock.ts. For each port its frames and bytes follow. */
const cell = { received: 0, lastArrivalNs: 1, ports: 2 } as const;

export class ReplayReceiver {
  readonly #context: JobContext;
  /** The job's ports, as they are now. */
  readonly #ports: readonly (OpenPort | null)[];
  readonly #clock: TrialClock;
  readonly #recorder: PipeRecorder | null;
  readonly #cells: Float64Array;

  constructor(
    context: JobContext,
    ports: readonly (OpenPort | null)[],
    clock: TrialClock,
    recorder: PipeRecorder | null,
  ) {
    this.#context = context;
    this.#ports = ports;
    this.#clock = clock;
    this.#recorder = recorder;
    this.#cells = new Float64Array(cell.ports + 2 * ports.length);
  }

  get received(): number {
    return this.#cells[cell.received];
  }

  /** When the last frames came; 0: none did. */
  get lastArrivalNs(): number {
    return this.#cells[cell.lastArrivalNs];
  }

  /** One burst of each ring. Returns the frames received. */
  step(): number {
    let moved = 0;
    for (let port = 0; port < this.#ports.length; port++) {
      const open = this.#ports[port];
      if (open === null) continue;
      this.#context.inUse.port = port;
      for (let q = 0; q < open.queues.length; q++) moved += this.#receive(open.queues[q], port);
    }
    if (moved > 0) this.#cells[cell.lastArrivalNs] = this.#clock.nowNs;
    return moved;
  }

  /** Nothing is recorded any more. */
  end(): void {
    this.#recorder?.end();
  }

  /** Frames that the recorder had no room for. */
  get unrecorded(): number {
    return this.#recorder?.missed ?? 0;
  }

  reportOf(port: number): { readonly received: number; readonly receivedBytes: number } {
    const at = cell.ports + 2 * port;
    return { received: this.#cells[at], receivedBytes: this.#cells[at + 1] };
  }

  #receive(queue: OpenQueue, port: number): number {
    const ring = queue.rx;
    if (ring === null) return 0;
    const n = ring.poll(burstFrames);
    if (n === 0) return 0;
    const { memory } = this.#context;
    const recorder = this.#recorder;
    const arrivedNs = this.#clock.nowNs + this.#clock.epochNs;
    let bytes = 0;
    for (let k = 0; k < n; k++) {
      bytes += ring.lengths[k];
      recorder?.record(memory, ring.offsets[k], ring.lengths[k], arrivedNs, port);
    }
    recorder?.publish();
    ring.release(n);
    if (ring.notifyWanted()) queue.notifyRx();
    const at = cell.ports + 2 * port;
    this.#cells[cell.received] += n;
    this.#cells[at] += n;
    this.#cells[at + 1] += bytes;
    return n;
  }
}
