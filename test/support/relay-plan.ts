/**
 * What a relay does to the frames that it forwards, as plain data: the same plan is carried out on a wire by
 * test/lab/relay.py and, where only the clock moves, by `relayDevice`. And what an honest receiver must then count,
 * worked out from the relay's log by a model that is as slow and as obvious as can be.
 */
import type { Device } from "./generator-sim.js";

/** `at`: the number of a frame in the order in which frames came in, from 0. Bytes below 0 count from the frame's end. */
export type RelayStep = { readonly at: number } & (
  | { readonly do: "drop" | "double" }
  /** Forwarded behind the `by` frames that come after it. */
  | { readonly do: "hold"; readonly by: number }
  /** `copyDamaged`: the whole frame goes first, then a damaged copy. */
  | { readonly do: "damage" | "copyDamaged"; readonly byte: number; readonly xor: number }
  | { readonly do: "cut" | "pad"; readonly bytes: number }
  /** Sent behind it: frame `kept` of an earlier run. */
  | { readonly do: "insert"; readonly kept: number }
  /** Sent behind it: a frame of somebody else. */
  | { readonly do: "inject"; readonly hex: string }
);

export interface RelayPlan {
  readonly steps: readonly RelayStep[];
  readonly delayMs?: number;
  /** A token bucket: what finds no token is dropped. */
  readonly police?: { readonly pps: number; readonly burst: number };
}

export type RelayWhat = "whole" | "damaged" | "cut" | "padded" | "inserted" | "injected";

/** What the relay did, by its own account. */
export interface RelayLog {
  readonly in: number;
  /** Each frame sent, in order: the number of the one that came in, and what was made of it. */
  readonly out: readonly (readonly [number: number, what: RelayWhat])[];
  readonly policed: readonly number[];
}

/** What a receiver must say of what the log has. Numbers are frame numbers of one queue, from 0. */
export interface RelayAccount {
  readonly sent: number;
  readonly accepted: number;
  /** Frames that came back whole no time: lost or damaged. */
  readonly notAccepted: readonly number[];
  readonly duplicate: number;
  /** Damaged, cut or padded frames that came back. */
  readonly damaged: number;
  readonly inserted: number;
  readonly injected: number;
  /** RFC 4737 §3.3: accepted frames that came after one with a greater number. */
  readonly reordered: number;
  /** RFC 4737 §4.2.1: the largest and the mean number of frames between a reordered one and the first greater one. */
  readonly extent: { readonly max: number; readonly mean: number } | null;
}

export function accountOf(log: RelayLog): RelayAccount {
  const accepted: number[] = [];
  const seen = new Set<number>();
  let duplicate = 0;
  for (const [number, what] of log.out) {
    if (what !== "whole") continue;
    if (seen.has(number)) duplicate++;
    else {
      seen.add(number);
      accepted.push(number);
    }
  }
  const extents = accepted.flatMap((number, position) => {
    const first = accepted.findIndex((earlier) => earlier > number);
    return first >= 0 && first < position ? [position - first] : [];
  });
  const count = (wanted: readonly RelayWhat[]): number => log.out.filter(([, what]) => wanted.includes(what)).length;
  return {
    sent: log.in,
    accepted: accepted.length,
    notAccepted: Array.from({ length: log.in }, (_, number) => number).filter((number) => !seen.has(number)),
    duplicate,
    damaged: count(["damaged", "cut", "padded"]),
    inserted: count(["inserted"]),
    injected: count(["injected"]),
    reordered: extents.length,
    extent:
      extents.length === 0
        ? null
        : { max: Math.max(...extents), mean: extents.reduce((sum, extent) => sum + extent, 0) / extents.length },
  };
}

/** Numbers as ranges that hold both ends. */
export function rangesOf(numbers: readonly number[]): [from: number, to: number][] {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges;
}

/** Carries a plan out on frames of a simulated wire (one queue); delays and policing are the wire's, not this one's. */
export class RelayDevice {
  readonly out: [number: number, what: RelayWhat][] = [];
  readonly kept: Uint8Array[] = [];
  readonly #steps: readonly RelayStep[];
  readonly #inserted: readonly Uint8Array[];
  #held: { left: number; number: number; what: RelayWhat; frame: Uint8Array }[] = [];

  constructor(plan: RelayPlan, inserted: readonly Uint8Array[] = []) {
    this.#steps = plan.steps;
    this.#inserted = inserted;
  }

  readonly device: Device = (frames, queue) =>
    frames.flatMap((frame) => this.#take(frame)).map((frame) => ({ queue, frame }));

  log(): RelayLog {
    return { in: this.kept.length, out: this.out, policed: [] };
  }

  #take(whole: Uint8Array): Uint8Array[] {
    const number = this.kept.length;
    this.kept.push(Uint8Array.from(whole));
    const back: Uint8Array[] = [];
    const send = (what: RelayWhat, frame: Uint8Array, of = number): void => {
      this.out.push([of, what]);
      back.push(frame);
    };
    let frame: Uint8Array = Uint8Array.from(whole);
    let what: RelayWhat = "whole";
    let times = 1;
    let wait = 0;
    const behind: [RelayWhat, Uint8Array][] = [];
    for (const step of this.#steps.filter(({ at }) => at === number)) {
      if (step.do === "drop") times = 0;
      else if (step.do === "double") times = 2;
      else if (step.do === "hold") wait = step.by;
      else if (step.do === "damage") [frame, what] = [damaged(frame, step), "damaged"];
      else if (step.do === "copyDamaged") behind.push(["damaged", damaged(frame, step)]);
      else if (step.do === "cut") [frame, what] = [frame.slice(0, -step.bytes), "cut"];
      else if (step.do === "pad")
        [frame, what] = [Uint8Array.from([...frame, ...new Uint8Array(step.bytes)]), "padded"];
      else if (step.do === "insert") behind.push(["inserted", Uint8Array.from(this.#inserted[step.kept]!)]);
      else if (step.do === "inject") behind.push(["injected", Uint8Array.from(Buffer.from(step.hex, "hex"))]);
    }
    if (wait === 0) for (let copy = 0; copy < times; copy++) send(what, frame);
    for (const [kind, other] of behind) send(kind, other);
    for (const waiting of this.#held) waiting.left--;
    for (const { number: of, what: kind, frame: late } of this.#held.filter(({ left }) => left <= 0))
      send(kind, late, of);
    this.#held = this.#held.filter(({ left }) => left > 0);
    if (wait > 0 && times > 0) this.#held.push({ left: wait, number, what, frame });
    return back;
  }
}

function damaged(frame: Uint8Array, { byte, xor }: { readonly byte: number; readonly xor: number }): Uint8Array {
  const changed = Uint8Array.from(frame);
  changed[byte < 0 ? changed.length + byte : byte]! ^= xor;
  return changed;
}

/** Every tenth of `count` frames from 5 on, `times` of them. */
const some = (times: number, from = 5, every = 10): number[] =>
  Array.from({ length: times }, (_, i) => from + i * every);

/** A frame that no generator sends: an ARP question for an address of the benchmarking network, padded to 60 bytes. */
const arp = `ffffffffffff0200000000010806${"0001080006040001"}020000000001c6120001${"0".repeat(12)}c6120002${"0".repeat(36)}`;

export interface RelayCase extends RelayPlan {
  readonly name: string;
  /** Steps that insert frames of another run. */
  readonly inserts?: true;
}

/** Byte of the payload that is damaged: behind Ethernet, IPv4 and UDP, before the signature of a frame of 128 bytes. */
const payloadByte = 60;
const vlanTypeByte = 12;

/** The cases of both houses. All fit into 400 frames of 128 bytes. */
export const relayCases: readonly RelayCase[] = [
  { name: "forwards everything", steps: [] },
  { name: "drops", steps: some(25).map((at) => ({ at, do: "drop" })) },
  { name: "drops a run of frames", steps: some(30, 100, 1).map((at) => ({ at, do: "drop" })) },
  { name: "doubles", steps: some(20).map((at) => ({ at, do: "double" })) },
  { name: "swaps neighbours", steps: some(20).map((at) => ({ at, do: "hold", by: 1 })) },
  { name: "holds frames back", steps: some(12, 7, 30).map((at, i) => ({ at, do: "hold", by: 3 + 2 * i })) },
  { name: "damages signatures", steps: some(15).map((at) => ({ at, do: "damage", byte: -7, xor: 0x10 })) },
  { name: "damages payload", steps: some(15).map((at) => ({ at, do: "damage", byte: payloadByte, xor: 0xff })) },
  { name: "damages EtherTypes", steps: some(9).map((at) => ({ at, do: "damage", byte: vlanTypeByte, xor: 0x89 })) },
  {
    name: "adds damaged copies, and loses nothing",
    steps: some(20).map((at) => ({ at, do: "copyDamaged", byte: -7, xor: 1 })),
  },
  {
    name: "drops some, and adds damaged copies of others",
    steps: [
      ...some(20).map((at): RelayStep => ({ at, do: "drop" })),
      ...some(20, 6).map((at): RelayStep => ({ at, do: "copyDamaged", byte: -7, xor: 1 })),
    ],
  },
  { name: "cuts frames short", steps: some(10).map((at) => ({ at, do: "cut", bytes: 30 })) },
  { name: "makes frames longer", steps: some(10).map((at) => ({ at, do: "pad", bytes: 9 })) },
  { name: "adds frames of somebody else", steps: some(10).map((at) => ({ at, do: "inject", hex: arp })) },
  {
    name: "puts another run's frames in the place of 25 that it drops",
    inserts: true,
    steps: some(25).flatMap((at): RelayStep[] => [
      { at, do: "drop" },
      { at, do: "insert", kept: at },
    ]),
  },
  {
    name: "does all of it at once",
    inserts: true,
    steps: [
      ...some(9, 10, 40).map((at): RelayStep => ({ at, do: "drop" })),
      ...some(9, 13, 40).map((at): RelayStep => ({ at, do: "double" })),
      ...some(9, 16, 40).map((at): RelayStep => ({ at, do: "hold", by: 5 })),
      ...some(9, 24, 40).map((at): RelayStep => ({ at, do: "damage", byte: payloadByte, xor: 1 })),
      ...some(9, 27, 40).map((at): RelayStep => ({ at, do: "insert", kept: at })),
      ...some(9, 30, 40).map((at): RelayStep => ({ at, do: "inject", hex: arp })),
    ],
  },
];
