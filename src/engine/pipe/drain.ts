/** From a frame pipe to a capture file, in the writer's thread, as long as the disk takes frames. */
import { PktgenError } from "../../errors.js";
import type { RingMemory } from "../../memory.js";
import { CaptureWriter, ethernetInterface } from "../../pcap/index.js";
import { type PipeLayout, PipeReader } from "./frame-pipe.js";

export interface DrainOptions {
  readonly path: string;
  /** Wall clock minus the monotonic clock of the pipe's times, in two parts: since 1970. */
  readonly epochSeconds: number;
  readonly epochNanoseconds: number;
  /** Names of the ports that frames may be of; in a pcapng file each is an interface. */
  readonly ports: readonly string[];
  readonly application: string;
  /** What is written at most; absent: all. What comes after that is dropped, and counted. */
  readonly most?: { readonly frames: number; readonly bytes: number };
}

export interface DrainReport {
  /** Frames in the file. */
  readonly written: number;
  /** Frames that came after writing had failed, or for which there was no room. */
  readonly dropped: number;
  readonly failure: string | null;
}

const mostFrames = 4096;

export class CaptureDrain {
  readonly #memory: RingMemory;
  readonly #reader: PipeReader;
  readonly #options: DrainOptions;
  readonly #onTrouble: (why: string) => void;
  #taken = 0;
  #bytes = 0;

  constructor(memory: RingMemory, layout: PipeLayout, options: DrainOptions, onTrouble: (why: string) => void) {
    this.#memory = memory;
    this.#reader = new PipeReader(memory, layout);
    this.#options = options;
    this.#onTrouble = onTrouble;
  }

  async run(): Promise<DrainReport> {
    const { path, ports, application } = this.#options;
    const interfaces = ports.map((name) => ({ ...ethernetInterface, name }));
    using writer = await CaptureWriter.create(path, { pcapng: { byteOrder: "little", interfaces, application } });
    const reader = this.#reader;
    for (;;) {
      const ended = reader.ended;
      const available = reader.available();
      if (available === 0) {
        if (ended) break;
        reader.wait(10);
        continue;
      }
      const n = Math.min(available, mostFrames);
      this.#write(writer, n);
      reader.release(n);
      this.#taken += n;
    }
    this.#try(writer, () => writer.close());
    const written = writer.framesWritten;
    return { written, dropped: this.#taken - written, failure: writer.failure?.toLine() ?? null };
  }

  #write(writer: CaptureWriter, n: number): void {
    if (writer.failure !== null) return;
    const { epochSeconds, epochNanoseconds, most } = this.#options;
    const reader = this.#reader;
    const { u8 } = this.#memory;
    this.#try(writer, () => {
      for (let i = 0; i < n; i++) {
        const frame = reader.at(i);
        const bytes = reader.bytes(frame);
        this.#bytes += bytes;
        if (most !== undefined && (this.#taken + i >= most.frames || this.#bytes > most.bytes)) continue;
        const ns = epochNanoseconds + reader.timeNs(frame);
        const carry = Math.floor(ns / 1e9);
        writer.frame(
          u8,
          reader.offset(frame),
          bytes,
          bytes,
          epochSeconds + carry,
          ns - carry * 1e9,
          reader.port(frame),
        );
      }
    });
  }

  /** A full disk ends the writing, not the reading: the loop that writes into the pipe must not notice. */
  #try(writer: CaptureWriter, write: () => void): void {
    try {
      write();
    } catch (error) {
      if (!(error instanceof PktgenError) || writer.failure === null) throw error;
      this.#onTrouble(error.toLine());
    }
  }
}
