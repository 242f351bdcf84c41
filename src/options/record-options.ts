/** What every command that records takes: `--record-tx`, `--record-rx`, `--on-full`. */

import type { ResultFile } from "../cli/output/result-file.js";
import { usageError } from "../errors.js";
import type { RecordPlan } from "../measure/recorder.js";
import type { Row } from "./option-rows.js";

/** As commander hands them over. Absent: not given. */
export interface RecordOptions {
  readonly recordTx?: string;
  readonly recordRx?: string;
  readonly onFull?: string;
}

export const recordRows: readonly Row[] = [
  [
    "--record-tx <file>",
    "capture of what the trials send: pcap, or .pcapng, also .gz and .zst; costs 0.1 to 0.4 µs a frame",
  ],
  ["--record-rx <file>", "capture of what comes back"],
  ["--on-full <what>", "when the disk of a capture is full: stop or go-on (default: go-on)"],
];

/** To be looked at with the run's other files before anything is sent. */
export const recordFiles = ({ recordTx, recordRx }: RecordOptions): ResultFile[] => [
  ...(recordTx === undefined ? [] : [{ option: "--record-tx", path: recordTx }]),
  ...(recordRx === undefined ? [] : [{ option: "--record-rx", path: recordRx }]),
];

/** @throws PktgenError (2): another word for `--on-full`. */
export function recordOf({ recordTx, recordRx, onFull }: RecordOptions): RecordPlan {
  if (onFull !== undefined && onFull !== "stop" && onFull !== "go-on") {
    throw usageError(`"${onFull}" is not known`, { where: "--on-full", accepted: "stop, go-on" });
  }
  return { tx: recordTx ?? null, rx: recordRx ?? null, stopOnFull: onFull === "stop" };
}
