/** Orders that are longer than a record: JSON in the heap, or a worker's command while its loop stands. */
import type { HeaderMarks } from "../../stream/frames/program.js";
import type { NeighbourEvent, ResponderSetup } from "../neighbour/index.js";
import type { RowGroup } from "./cursors.js";
import type { CaptureOrder } from "./port-capture.js";
import type { FlowSchedule } from "./schedule.js";
import type { SessionBuffers } from "./session-memory.js";
import type { SplitOrder } from "./split-table.js";

export type SessionHost = { readonly name: string } & ResponderSetup;

export type SessionOrder =
  | { readonly kind: "group"; readonly group: RowGroup }
  | { readonly kind: "ungroup"; readonly group: number }
  /** What flows send by from their next start on. */
  | { readonly kind: "schedule"; readonly flows: readonly number[]; readonly schedule: FlowSchedule }
  /** `bytes` and `mask` as arrays of numbers. */
  | { readonly kind: "marks"; readonly flow: number; readonly marks: PlainMarks | null }
  /** How frames of a flow that come in are told apart; null: they are not. */
  | { readonly kind: "split"; readonly flow: number; readonly split: SplitOrder | null }
  | { readonly kind: "hosts"; readonly port: number; readonly hosts: readonly SessionHost[] }
  | { readonly kind: "ask"; readonly port: number; readonly host: string; readonly address: string }
  | {
      readonly kind: "ping";
      readonly port: number;
      readonly host: string;
      readonly address: string;
      readonly mac: string;
      readonly id: number;
    }
  | { readonly kind: "capture"; readonly port: number; readonly capture: CaptureOrder }
  | { readonly kind: "captureEnd"; readonly port: number };

export interface PlainMarks {
  readonly bytes: readonly number[];
  readonly mask: readonly number[];
  readonly sizes: readonly number[];
}

export const marksFrom = ({ bytes, mask, sizes }: PlainMarks): HeaderMarks => ({
  bytes: Uint8Array.from(bytes),
  mask: Uint8Array.from(mask),
  sizes,
});

/** Commands of the job, while its loop stands. */
export type SessionCommand =
  /** Runs a session of these buffers through direct loops, so that V8 compiles its code: nothing is sent on a port. */
  | { readonly kind: "rehearse"; readonly buffers: SessionBuffers; readonly mostNs: number }
  /** Answers whether flows run, or commands wait. */
  | { readonly kind: "isRunning" }
  /**
   * The session begins, at this time of its own; or where another part did. Answers the clock that all threads share, at
   * its time 0.
   */
  | { readonly kind: "begin"; readonly atNs: number; readonly epochNs?: number };

export type SessionJobEvent = NeighbourEvent;
