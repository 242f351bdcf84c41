/** What every command that records takes. */
import type { RecordPlan } from "../measure/recorder.js";
import {
  captureFile,
  type OptionTable,
  option,
  type ResultFile,
  readOptions,
  resultFiles,
  type TextsOf,
  wordOf,
} from "./option.js";

export const recordOptions = {
  recordTx: option(
    "--record-tx <file>",
    "capture of what the trials send: pcap, or .pcapng, also .gz and .zst; costs 0.1 to 0.4 µs a frame",
    captureFile,
  ),
  recordRx: option("--record-rx <file>", "capture of what comes back", captureFile),
  onFull: option(
    "--on-full <what>",
    "when the disk of a capture is full: stop or go-on (default: go-on)",
    wordOf(["stop", "go-on"]),
  ),
} as const satisfies OptionTable;

export type RecordOptions = TextsOf<typeof recordOptions>;

/** Checked with the files of results before anything is sent. */
export const captureFiles = (options: RecordOptions): ResultFile[] => resultFiles(recordOptions, options, captureFile);

/** @throws PktgenError (2): another word for `--on-full`. */
export function recordOf(options: RecordOptions): RecordPlan {
  const { recordTx = null, recordRx = null, onFull } = readOptions(recordOptions, options);
  return { tx: recordTx, rx: recordRx, stopOnFull: onFull === "stop" };
}
