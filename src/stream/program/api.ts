/**
 * A profile as a module: `export default stream({ packet: [ethernet(…), ipv4(…), udp(…)], size: 64, eachFrame })`. The
 * generator's loop calls eachFrame for every frame. What it sets becomes plain stores at constant offsets, and
 * checksums stay right.
 */
import { usageError } from "../../errors.js";
import { type Header, headerOf } from "../../packet/index.js";
import { fixedSize, parseRate } from "../../units.js";
import { type Pin, pinStream } from "../spec/pin.js";
import {
  continuous,
  type FieldModifier,
  incrementPayload,
  type Payload,
  type StreamSchedule,
  type StreamSize,
  type TrafficStream,
} from "../spec/traffic.js";
import type { EachFrame } from "./frame.js";

export interface StreamProgram {
  /** Unique among the module's streams; default: `program`. */
  readonly name?: string;
  /** Headers, outermost first: constructors of this package, e.g. udp4(). */
  readonly packet: readonly Header[];
  /** With FCS; absent: the trial's. */
  readonly size?: number | StreamSize;
  readonly payload?: Payload;
  readonly fields?: readonly FieldModifier[];
  /** E.g. `10kpps`, `1Gbps`. */
  readonly rate?: string;
  readonly weight?: number;
  /**
   * Chooses source ports so that receive-side scaling puts the stream on this queue. It cannot be combined with
   * eachFrame, whose changes are not known in advance.
   */
  readonly pin?: Pin;
  readonly schedule?: StreamSchedule;
  /**
   * Called with each frame, as the rest of the stream has it, and its number from 0. What it does must follow from
   * `index` alone: it may be called again for a frame, and each queue calls it for its own frames.
   */
  readonly eachFrame?: EachFrame;
}

const mark = "pktgen-ts program";

/** What a module exports: plain data, except for the functions. */
export interface ProgramModule {
  readonly kind: typeof mark;
  readonly streams: readonly StreamProgram[];
}

/** One stream, or several that leave together. */
export const stream = (...streams: readonly StreamProgram[]): ProgramModule => ({ kind: mark, streams });

/** Ethernet, IPv4, UDP; fields that are not given are as in the plan's frame. */
export const udp4 = (
  fields: {
    readonly ethernet?: Readonly<Record<string, unknown>>;
    readonly ipv4?: Readonly<Record<string, unknown>>;
    readonly udp?: Readonly<Record<string, unknown>>;
  } = {},
): readonly Header[] => [
  headerOf("ethernet", fields.ethernet ?? {}),
  headerOf("ipv4", fields.ipv4 ?? {}),
  headerOf("udp", fields.udp ?? {}),
];

/** The streams of a module that was imported from `url`; a usage error where it is none. */
export function programStreams(exported: unknown, url: string): readonly TrafficStream[] {
  const { kind, streams } = (exported ?? {}) as Partial<ProgramModule>;
  if (kind !== mark || streams === undefined || streams.length === 0) {
    const accepted = 'export default stream({ packet: udp4(), eachFrame(frame, index) { … } }) from "pktgen-ts"';
    throw usageError("the module exports no stream", { where: url, accepted });
  }
  return streams.map((program, k) => {
    const made: TrafficStream = {
      name: program.name ?? (streams.length === 1 ? "program" : `program ${k + 1}`),
      layers: program.packet,
      payload: program.payload ?? incrementPayload,
      size: typeof program.size === "number" ? fixedSize(program.size) : (program.size ?? null),
      fields: program.fields ?? [],
      rate: program.rate === undefined ? null : parseRate(program.rate, `${url} rate`),
      weight: program.weight ?? 1,
      schedule: program.schedule ?? continuous,
      program: program.eachFrame === undefined ? null : { url, stream: k },
    };
    return program.pin === undefined ? made : pinStream(made, program.pin);
  });
}

/** The functions of a module's streams. */
export const programFunctions = (exported: unknown): readonly (EachFrame | null)[] =>
  ((exported ?? {}) as Partial<ProgramModule>).streams?.map(({ eachFrame }) => eachFrame ?? null) ?? [];
