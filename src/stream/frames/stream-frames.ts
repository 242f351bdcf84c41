/**
 * The frames of many streams on one queue. Sizes, templates and sequences of sizes of all streams lie next to each
 * other, so that a frame of one of thousands touches few cache lines (frame-maker.ts).
 */
import { type Share, walkOf } from "../share.js";
import { FrameMaker, type FrameTables, orderField } from "./frame-maker.js";
import type { FrameProgram } from "./program.js";
import { signatureHead, trialHighOf } from "./signature.js";
import { StreamCursors } from "./stream-cursors.js";

export interface StreamFramesStart {
  readonly programs: readonly FrameProgram[];
  readonly queue: number;
  readonly queues: number;
  /** Whose frames these are. */
  readonly share: Share;
  /** Its id. */
  readonly trial: number;
  /** In signatures, the number of the first stream. */
  readonly firstStream: number;
  readonly startSequence: number;
}

export class StreamFrames extends FrameMaker {
  constructor(start: StreamFramesStart) {
    const { programs, queue, queues, startSequence, trial, firstStream } = start;
    const walk = walkOf(queue, queues, start.share);
    const cursors = new StreamCursors(programs, walk.first, walk.step);
    const orders = new Int32Array(programs.length * orderField.words);
    const patterns = new Uint16Array(programs.reduce((sum, { pattern }) => sum + pattern.length, 0));
    let [patternEnd, sizes] = [0, 0];
    for (const [stream, { pattern, variants }] of programs.entries()) {
      patterns.set(pattern, patternEnd);
      const at = patternEnd + (walk.first % pattern.length);
      const end = patternEnd + pattern.length;
      const step = walk.step % pattern.length;
      const head = signatureHead(trial, firstStream + stream) | 0;
      const words = [at, patternEnd, end, step, sizes, (startSequence + queue) | 0, head];
      orders.set(words, stream * orderField.words);
      patternEnd = end;
      sizes += variants.length;
    }
    const { rows, templates } = templatesOf(programs, cursors);
    const seal: FrameTables["seal"] = (stream, memory, at, variant) => programs[stream].seal(memory, at, variant);
    const tables = { orders, patterns, sizes: Int32Array.from(rows.flat()), templates, cursors, seal };
    super(tables, trialHighOf(trial), queues);
  }
}

function templatesOf(programs: readonly FrameProgram[], cursors: StreamCursors) {
  const known = new Map<string, { readonly template: number; readonly start: number }>();
  const kept: { readonly start: number; readonly bytes: Uint8Array }[] = [];
  let end = 0;
  const rows = programs.flatMap((program, stream) =>
    program.variants.map(({ bufferBytes }, variant) => {
      const bytes = program.template(variant);
      const key = `${cursors.shapeOf(stream)}/${String.fromCharCode(...bytes)}`;
      let found = known.get(key);
      if (found === undefined) {
        found = { template: known.size + 1, start: end };
        known.set(key, found);
        kept.push({ start: end, bytes });
        end += Math.ceil(bytes.length / 4) * 4;
      }
      const { signed, seals } = program;
      return [bufferBytes, found.template, found.start, bytes.length, signed ? 1 : 0, seals ? 1 : 0, 0, 0];
    }),
  );
  const templates = new Uint8Array(end);
  for (const { start, bytes } of kept) templates.set(bytes, start);
  return { rows, templates };
}
