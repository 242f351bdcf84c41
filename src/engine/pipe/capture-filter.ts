/** Asks a display filter about frames of a capture, which are given batch by batch and in order. */
import type { FrameFacts, FrameFilter } from "../../packet/filter.js";
import { FoundHeaders } from "../../packet/found-headers.js";
import { walkHeaders } from "../../packet/header-walk.js";
import type { CaptureReader, FrameBatch } from "../../pcap/index.js";

export class CaptureFilter {
  readonly #filter: FrameFilter;
  readonly #facts: { -readonly [key in keyof FrameFacts]: FrameFacts[key] } = {
    view: new DataView(new ArrayBuffer(0)),
    headers: new FoundHeaders(),
    number: 0,
    wireBytes: 0,
    capturedBytes: 0,
    relativeNs: 0,
    interfaceId: 0,
  };
  /** Time of the file's first frame, whether it passes or not. */
  #firstSeconds = 0;
  #firstNanoseconds = 0;

  constructor(filter: FrameFilter) {
    this.#filter = filter;
  }

  /** The next batch. The first one of a file has the frame that relative times count from. */
  begin({ bytes, first, seconds, nanoseconds }: FrameBatch): void {
    const facts = this.#facts;
    if (first === 0) [this.#firstSeconds, this.#firstNanoseconds] = [seconds[0], nanoseconds[0]];
    if (facts.view.buffer !== bytes.buffer) facts.view = new DataView(bytes.buffer);
  }

  /** Does frame `i` of the batch pass? */
  passes(batch: FrameBatch, i: number, format: CaptureReader["format"]): boolean {
    const facts = this.#facts;
    facts.number = batch.first + i + 1;
    facts.wireBytes = batch.original[i];
    facts.capturedBytes = batch.captured[i];
    facts.interfaceId = format === "pcapng" ? batch.interfaces[i] : -1;
    facts.relativeNs = (batch.seconds[i] - this.#firstSeconds) * 1e9 + (batch.nanoseconds[i] - this.#firstNanoseconds);
    const start = batch.bytes.byteOffset + batch.starts[i];
    walkHeaders(facts.headers, facts.view, start, facts.capturedBytes, facts.wireBytes);
    return this.#filter(facts);
  }
}
