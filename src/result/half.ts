/**
 * Half of a run: `send` writes one on one machine, `receive` one on another, and `merge` puts them together. It is one
 * JSON document with everything that this half of a trial knows. Histograms are pairs of slot and value, so that
 * merging loses nothing.
 */
import type { ReceiveReport, TransmitReport, TrialSpec } from "../engine/loop/index.js";
import type { Cause } from "../stats/cause.js";
import type { PlainTraffic, TrafficSpec } from "../stream/spec/traffic.js";
import type { RecordedFile } from "./replay-result.js";
import type { Disturbance, HostResult, Requested, RunResult } from "./run-result.js";

export const halfFormats = { send: "pktgen-ts send", receive: "pktgen-ts receive" } as const;
export type HalfKind = keyof typeof halfFormats;

/** What the trial was told. Plain traffic is written as what it was made of. */
export type HalfSpec = Omit<TrialSpec, "stream"> & { readonly stream: PlainTraffic | TrafficSpec };

/** Reasons why a half of a trial is already useless. */
export interface HalfFaults {
  /** In words. */
  readonly faults: readonly string[];
  /** One for each fault. Absent in documents of earlier versions. */
  readonly causes?: readonly Cause[] | undefined;
}

interface HalfTrial extends HalfFaults {
  readonly frameBytes: number | string;
  readonly meanFrameBytes: number;
  readonly phase: string;
  readonly requested: Requested;
  readonly signature: boolean;
  readonly order: HalfSpec;
  readonly disturbance: Disturbance;
}

export interface SentTrial extends HalfTrial {
  readonly transmit: TransmitReport;
}

export interface ReceivedTrial extends HalfTrial {
  readonly receive: ReceiveReport;
  /** By transmit queue: one more than the highest index seen. */
  readonly seenByQueue: readonly number[];
  /** Of the receiving port. */
  readonly receiveDrops: number;
  readonly slept: boolean;
}

interface Half<Kind extends HalfKind, T> {
  readonly format: (typeof halfFormats)[Kind];
  readonly tool: RunResult["tool"];
  readonly host: HostResult;
  /**
   * Boot id of the running kernel: two halves with the same one share a monotonic clock. null: the kernel does not say
   * it.
   */
  readonly bootId: string | null;
  /** The clock of departures and arrivals. realtime: the user says that it is synchronised with the other machine's. */
  readonly clock: "monotonic" | "realtime";
  readonly started: string;
  readonly command: string;
  readonly seed: number;
  /** The id of the first trial; null: it was not given, and no frame came. */
  readonly runId: number | null;
  readonly port: object;
  readonly trials: readonly T[];
  /** Captures that were made of it. */
  readonly recorded: readonly RecordedFile[];
}

export type SentHalf = Half<"send", SentTrial>;
export type ReceivedHalf = Half<"receive", ReceivedTrial>;

const infinities: Readonly<Record<string, number>> = {
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};

const plainNumber = (value: number): number | string => (Number.isFinite(value) ? value : String(value));

export function renderHalf(half: SentHalf | ReceivedHalf): string {
  const replace = (_: string, value: unknown): unknown => {
    if (value instanceof Float64Array) {
      const used = [...value].flatMap((slot, i) => (slot === 0 ? [] : [[i, plainNumber(slot)]]));
      return { slots: value.length, used };
    }
    return typeof value === "number" ? plainNumber(value) : value;
  };
  return `${JSON.stringify(half, replace)}\n`;
}

const mostSlots = 1_000_000;

const isHistogram = (
  value: object,
): value is { readonly slots: number; readonly used: readonly (readonly [number, number])[] } =>
  "slots" in value && "used" in value && typeof value.slots === "number" && Array.isArray(value.used);

/** JSON → the plain data that renderHalf had, not yet checked. Throws a SyntaxError. */
export function reviveHalf(text: string): unknown {
  return JSON.parse(text, (_, value: unknown) => {
    if (typeof value === "string" && Object.hasOwn(infinities, value)) return infinities[value];
    if (typeof value !== "object" || value === null || !isHistogram(value)) return value;
    const slots = new Float64Array(Math.min(Math.max(0, value.slots), mostSlots));
    for (const [i, slot] of value.used) if (i < slots.length) slots[i] = slot;
    return slots;
  });
}
