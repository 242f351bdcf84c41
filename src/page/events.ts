/** Names of the shapes that the page gets, and those of its recording. */
import type { CommandInfo, ErrorDetail, EventData, EventKind, LiveFigures } from "./contract.js";

export type StateEvent = EventData<"state">;
export type PortsEvent = EventData<"ports">;
export type FlowListEvent = EventData<"flowlist">;
export type FlowsEvent = EventData<"flows">;
export type LedgerEvent = EventData<"ledger">;
export type HistogramEvent = EventData<"histogram">;
export type MarkerEvent = EventData<"marker">;
export type TroubleEvent = EventData<"trouble">;
export type DoneEvent = EventData<"done">;
export type CommandOption = CommandInfo["options"][number];

export type RecordedEvent = {
  readonly [Kind in EventKind]: { readonly id: number; readonly event: Kind; readonly data: EventData<Kind> };
}[EventKind];

/** What a page that is a file has in it. */
export interface PageRecording {
  readonly format: "pktgen-ts recording 1";
  readonly events: readonly RecordedEvent[];
  /** The result document. */
  readonly result: object | null;
}

/** A session as the server shows it. */
export interface ShownSession {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly started: string;
  readonly ports: readonly { readonly name: string; readonly up: boolean | null; readonly figures: LiveFigures }[];
  readonly flows: number;
  readonly running: number;
  readonly error: ErrorDetail | null;
}
