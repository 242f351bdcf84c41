/** A loop's side of a recording: copies frames into a pipe, or counts those for which the disk is too slow. */

import type { RingMemory } from "../../memory.js";
import { copyFrame } from "../../ring/copy.js";
import { type PipeLayout, PipeWriter } from "./frame-pipe.js";

export class PipeRecorder {
  /** Frames that found no room. */
  missed = 0;
  readonly #writer: PipeWriter;

  constructor(memory: RingMemory, layout: PipeLayout) {
    this.#writer = new PipeWriter(memory, layout);
  }

  /** Allocates nothing, waits for nothing. `publish` once a burst. */
  record(memory: RingMemory, offset: number, bytes: number, timeNs: number, port: number): void {
    const at = this.#writer.place(bytes);
    if (at <= 0) {
      this.missed++;
      return;
    }
    copyFrame(memory, at, offset, bytes);
    this.#writer.commit(timeNs, bytes, port, 0);
  }

  /** Others wrote into the pipe meanwhile. */
  goOn(): void {
    this.#writer.goOn();
  }

  publish(): void {
    this.#writer.publish();
  }

  end(): void {
    this.#writer.end();
  }
}
