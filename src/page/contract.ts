/**
 * What the server says to its page, as types alone, until the server is here. Counts are frames, times are nanoseconds (`t` and
 * `…Ms`: milliseconds), rates are per second. What is not known is null, never 0. A reader ignores what it does not know.
 */

export interface ErrorDetail {
  readonly message: string;
  /** The field, or `file:line:column` of a profile. */
  readonly where?: string;
  readonly accepted?: string;
  readonly hint?: string;
}

interface PortHolder {
  readonly kind: "run" | "session" | "exchange";
  readonly id: string;
}

export interface ErrorAnswer {
  readonly error: ErrorDetail & {
    readonly code: string;
    readonly holder?: PortHolder & { readonly port: string };
    readonly mistakes?: readonly ErrorDetail[];
  };
}

export interface PortsAnswer {
  readonly ports: readonly {
    readonly name: string;
    readonly spec: string;
    readonly kind: string;
    readonly owner: PortHolder | null;
    readonly interface?: string;
  }[];
}

export type CommandName = "run" | "ndr" | "rfc2544" | "latency" | "soak" | "y1564" | "burst";

interface CommandOption {
  readonly key: string;
  readonly flag: string;
  readonly argument: string | null;
  readonly heading: string;
  readonly means: string;
  readonly kind: "text" | "flag" | "optional" | "texts";
}

export interface CommandInfo {
  readonly name: CommandName;
  readonly summary: string;
  readonly options: readonly CommandOption[];
}

export interface ProfileInfo {
  readonly name: string;
  readonly description: string;
  readonly streams: number | null;
  readonly bytes: number;
}

export interface ProfileText {
  readonly name: string;
  readonly text: string;
  readonly description: string;
  readonly parameters: readonly { readonly name: string; readonly value: string }[];
}

export interface ProfileChecked {
  readonly ok: boolean;
  readonly mistakes: readonly ErrorDetail[];
  readonly notes: readonly string[];
  readonly traffic: TrafficInfo | null;
}

export interface TrafficInfo {
  readonly name: string;
  readonly description: string;
  readonly sizes: readonly (number | string)[];
  readonly streamCount: number;
  /** The first 16. */
  readonly streams: readonly StreamInfo[];
}

export interface StreamInfo {
  readonly name: string;
  readonly protocols: readonly string[];
  readonly rate: string | null;
  readonly weight: number;
  readonly schedule: string;
  readonly size: string | null;
  readonly changes: readonly string[];
  readonly payload: string;
  readonly signed: boolean;
  readonly firstFrame: FrameMap;
}

/** The byte map of frame 0 at the first size. Offsets count bytes, or bits, of `hex`, which has no FCS. */
export interface FrameMap {
  /** With FCS. */
  readonly frameBytes: number;
  readonly hex: string;
  readonly fields: readonly {
    readonly offset: number;
    readonly bitOffset: number;
    readonly bits: number;
    readonly path: string;
    readonly text: string;
  }[];
  readonly payload: { readonly offset: number; readonly bytes: number } | null;
  readonly signature: { readonly offset: number; readonly bytes: number } | null;
  readonly faults: readonly {
    readonly offset: number;
    readonly protocol: string;
    readonly field: string;
    readonly what: string;
  }[];
}

export type OptionValues = Readonly<
  Record<string, string | number | boolean | readonly (string | number)[] | undefined>
>;

export type RunState = "opening" | "warming" | "running" | "settling" | "stopping" | "done" | "failed";
export type LiveFigures = Readonly<Record<string, number | null>>;

export interface RunInfo {
  readonly id: string;
  readonly name: string;
  readonly command: CommandName;
  readonly options: OptionValues;
  readonly commandLine: string;
  readonly state: RunState;
  readonly started: string;
  readonly ended: string | null;
  readonly elapsedMs: number;
  readonly ports: readonly string[];
  readonly verdict: "pass" | "fail" | "invalid" | null;
  readonly reasons: readonly string[];
  readonly stopped: boolean;
  readonly error: ErrorDetail | null;
  readonly trials: number;
  readonly trialsExpected: number | null;
  readonly live: LiveFigures | null;
  readonly can: { readonly stop: boolean; readonly rate: boolean; readonly pause: boolean; readonly extend: boolean };
}

export interface RunPlanned {
  readonly command: CommandName;
  readonly commandLine: string;
  readonly ports: readonly string[];
  readonly free: boolean;
  readonly sizes: readonly (number | string)[];
  readonly trials: readonly {
    readonly frameBytes: number | string;
    readonly phase: string;
    readonly rate: string;
    readonly durationNs: number | null;
    readonly count: number | null;
  }[];
  readonly trialsExpected: number | null;
  readonly method: object | null;
  readonly notes: readonly string[];
  readonly traffic: TrafficInfo;
}

export interface RunComparison {
  readonly a: RunInfo;
  readonly b: RunInfo;
  readonly setup: readonly string[];
  readonly differences: readonly {
    readonly name: string;
    readonly unit: "pps" | "ns" | "ratio" | "frames";
    readonly a: number | null;
    readonly b: number | null;
    readonly is: string;
    readonly chance: number | null;
    readonly cells: readonly string[];
  }[];
}

export interface EventConfig {
  readonly format: "pktgen-ts events 1";
  readonly kind: "run" | "session";
  readonly id: string;
  readonly name: string;
  readonly started: string;
  readonly commandLine: string;
  readonly command: CommandName | null;
  readonly options: OptionValues;
  readonly everyMs: number;
  /** The order of a sample's values. */
  readonly names: readonly string[];
  readonly units: Readonly<Record<string, "frames" | "pps" | "bps" | "ns" | "ratio" | "index">>;
  readonly ports: readonly string[];
  readonly portNames: readonly string[];
  readonly flowNames: readonly string[];
  readonly version: string;
  readonly host: { readonly cpu: string; readonly cores: number; readonly kernel: string };
  readonly plan: RunPlanned | null;
  readonly thresholds: readonly string[];
}

type Values = readonly (number | null)[];

interface StateEvent {
  readonly t: number;
  readonly state: RunState | LiveState;
  readonly trial?: number;
  readonly text?: string;
}

interface SampleEvent {
  readonly t: number;
  readonly v: Values;
}

interface PortsEvent {
  readonly t: number;
  /** `v[figure][port]` */
  readonly v: readonly Values[];
}

interface FlowListEvent {
  readonly t: number;
  readonly flows: readonly {
    readonly index: number;
    readonly name: string;
    readonly tx: string;
    readonly rx: readonly string[];
  }[];
  readonly removed: readonly number[];
}

interface FlowsEvent {
  readonly t: number;
  /** null: all flows, by growing index. */
  readonly rows: readonly number[] | null;
  /** `v[figure][k]` is of flow `rows[k]`. */
  readonly v: readonly Values[];
}

interface LedgerEvent {
  readonly t: number;
  readonly settled: boolean;
  readonly sent: number;
  readonly received: number;
  readonly inFlight: number | null;
  readonly hops: readonly LedgerHop[];
  /** It means something only where `settled`. */
  readonly unaccounted: number | null;
}

interface LedgerHop {
  readonly name: string;
  readonly rx: number;
  readonly tx: number;
  readonly dropped: number;
}

interface HistogramEvent {
  readonly t: number;
  readonly what: "latency" | "gap";
  readonly flow: number | null;
  readonly buckets: readonly (readonly [upToNs: number, frames: number])[];
}

export interface TrialRow {
  readonly t: number;
  readonly index: number;
  readonly frameBytes: number | string;
  readonly phase: string;
  readonly direction?: "forward" | "reverse";
  readonly requested: {
    readonly rate: string;
    readonly pps: number | null;
    readonly durationNs: number | null;
    readonly count: number | null;
  };
  readonly durationNs: number;
  readonly intended: number;
  readonly sent: number;
  readonly received: number;
  readonly accepted: number;
  readonly lost: number;
  readonly lossRatio: number;
  readonly duplicate: number;
  readonly reordered: number;
  readonly corrupt: number;
  readonly late: number;
  readonly missed: number;
  readonly blocked: number;
  readonly txPps: number;
  readonly rxPps: number;
  readonly txBpsL1: number;
  readonly txBpsL2: number;
  readonly rxBpsL1: number;
  readonly rxBpsL2: number;
  readonly latencyNs: Readonly<
    Record<"min" | "mean" | "p50" | "p90" | "p99" | "p99_9" | "p99_99" | "max", number>
  > | null;
  readonly inFlightFrames: number | null;
  readonly hops: readonly LedgerHop[];
  readonly unaccounted: number | null;
  readonly ledger: readonly string[];
  readonly verdict: "pass" | "fail" | "invalid";
  readonly reasons: readonly string[];
  readonly causes: readonly string[];
  readonly notes: readonly string[];
  readonly untimely?: string;
}

/** Somebody changed something. */
interface MarkerEvent {
  readonly t: number;
  readonly what: "rate" | "pause" | "resume" | "extend" | "start" | "stop" | "link" | "flow" | "note";
  readonly text: string;
  readonly flow?: string;
  readonly port?: string;
}

interface TroubleEvent {
  readonly t: number;
  readonly text: string;
}

interface DoneEvent {
  readonly t: number;
  readonly state: "done" | "failed";
  readonly verdict: "pass" | "fail" | "invalid" | null;
  readonly reasons: readonly string[];
  readonly causes: readonly string[];
  readonly stopped: boolean;
  readonly error: ErrorDetail | null;
  readonly result: string | null;
}

interface EventDataByKind {
  readonly config: EventConfig;
  readonly state: StateEvent;
  readonly sample: SampleEvent;
  readonly ports: PortsEvent;
  readonly flowlist: FlowListEvent;
  readonly flows: FlowsEvent;
  readonly ledger: LedgerEvent;
  readonly histogram: HistogramEvent;
  readonly trial: TrialRow;
  readonly marker: MarkerEvent;
  readonly trouble: TroubleEvent;
  readonly done: DoneEvent;
}
export type EventKind = keyof EventDataByKind;
export type EventData<Kind extends EventKind> = EventDataByKind[Kind];

type LiveState = "opening" | "open" | "closing" | "done" | "failed";
