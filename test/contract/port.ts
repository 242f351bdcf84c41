/**
 * What every port with its rings must do, whatever is below it: frames of every size arrive whole, in order and once,
 * counts are exact, a ring goes round, nothing of our own comes back, closing leaves nothing. A port kind is added by
 * one PortCase in port.test.ts.
 */
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { kicker } from "../../src/engine/loop/kick.js";
import type { Port } from "../../src/port/index.js";
import { moverOf } from "../../src/port/movers.js";
import { openRxRing, openTxRing, type RxRing, type TxRing } from "../../src/ring/index.js";
import { arena } from "../../src/sys/arena.js";
import { describeLab, type Need } from "../support/probe.js";
import { openDescriptors } from "../support/rings-cross.js";

/** Two ports, joined: what one sends the other receives. */
export interface PortEnds extends AsyncDisposable {
  readonly a: Port;
  readonly b: Port;
  /** The network interface of `a`, where it has one. */
  readonly link?: Link;
}

export interface Link {
  readonly name: string;
  readonly down: () => void;
  readonly up: () => void;
  readonly remove: () => void;
}

export interface PortCase {
  readonly name: string;
  readonly needs: readonly Need[];
  readonly open: (options: { readonly queues: number }) => Promise<PortEnds>;
  /** Queue pairs to try; the last one is what frames are spread over. */
  readonly queues: number;
  /** The longest frame that both take, without FCS. */
  readonly longest: number;
  /** Its ports are on network interfaces, and `open` says which. */
  readonly onLink?: boolean;
  /** It has rings that receive on while there is no link. */
  readonly receivesOn?: boolean;
  /** Tags that the way between the two leaves alone. */
  readonly vlan?: boolean;
  /** What the case cannot do, and why: a test whose name begins so is left out, and said. */
  readonly except?: Readonly<Record<string, string>>;
}

const readyMs = 5_000;
/** Nothing has come for so long: nothing will. */
const quietMs = 300;
const leastFrame = 60;
/** IEEE 802 local experimental EtherType 1: no stack answers to it. */
const experimental = [0x88, 0xb5];

/** One end, in this thread: all its rings. */
class End {
  readonly tx: readonly TxRing[];
  readonly rx: readonly RxRing[];
  readonly #kicks: readonly (() => void)[];
  readonly #rxKicks: readonly (() => void)[];

  constructor(port: Port) {
    const memory = arena().memory();
    const { queues } = port.rings()!;
    this.tx = queues.map(({ tx }) => openTxRing(memory, tx!, moverOf));
    this.rx = queues.map(({ rx }) => openRxRing(memory, rx!, moverOf));
    this.#kicks = queues.map(({ txKick }) => kicker(txKick));
    this.#rxKicks = queues.map(({ rxKick }) => kicker(rxKick));
  }

  /** As many of the frames as there is room for now; returns how many. */
  send(queue: number, frames: readonly Uint8Array[]): number {
    const ring = this.tx[queue]!;
    const { u8 } = arena().memory();
    const room = Math.min(ring.reclaim(), frames.length, 256);
    let placed = 0;
    for (; placed < room; placed++) {
      const at = ring.place(placed, frames[placed]!.length);
      if (at < 0) throw new Error(`a frame of ${frames[placed]!.length} bytes never fits`);
      if (at === 0) break;
      u8.set(frames[placed]!, at);
    }
    if (placed > 0) {
      ring.publish(placed);
      if (ring.notifyWanted()) this.#kicks[queue]!();
    } else if (ring.kickAgain?.()) this.#kicks[queue]!();
    return placed;
  }

  /** What has come in, by queue. */
  receive(): Uint8Array[][] {
    const { u8 } = arena().memory();
    return this.rx.map((ring, queue) => {
      const n = ring.poll(256);
      const frames = Array.from({ length: n }, (_, k) =>
        u8.slice(ring.offsets[k], ring.offsets[k]! + ring.lengths[k]!),
      );
      ring.release(n);
      if (ring.notifyWanted()) this.#rxKicks[queue]!();
      return frames;
    });
  }

  outstanding(queue: number): number {
    const ring = this.tx[queue]!;
    ring.reclaim();
    if (ring.kickAgain?.()) this.#kicks[queue]!();
    return ring.outstanding();
  }
}

const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Sends all frames from one end, in bursts of these sizes in turn, and takes what arrives at the other, by queue. */
async function cross(
  from: End,
  to: End,
  frames: readonly Uint8Array[],
  { queue = 0, bursts = [32] }: { readonly queue?: number; readonly bursts?: readonly number[] } = {},
): Promise<Uint8Array[][]> {
  const arrived: Uint8Array[][] = to.rx.map(() => []);
  let sent = 0;
  let quietSince = performance.now();
  for (let turn = 0; performance.now() - quietSince < quietMs; turn++) {
    const n = from.send(queue, frames.slice(sent, sent + bursts[turn % bursts.length]!));
    sent += n;
    let came = 0;
    for (const [q, more] of to.receive().entries()) {
      arrived[q]!.push(...more);
      came += more.length;
    }
    if (n > 0 || came > 0) quietSince = performance.now();
    else await pause();
    if (sent === frames.length && arrived.flat().length >= frames.length && from.outstanding(queue) === 0) break;
  }
  expect(from.outstanding(queue), "frames that were never taken").toBe(0);
  return arrived;
}

/** Sends more than the other port holds, until it has counted what it had no room for; returns how many. */
async function flood(from: End, to: Port): Promise<number> {
  const frames = Array.from({ length: 256 }, () => frame(leastFrame));
  await vi.waitFor(async () => {
    for (let burst = 0; burst < 20; burst++) from.send(0, frames);
    await pause();
    expect(to.receiveDrops!()).toBeGreaterThan(0);
  }, readyMs);
  return to.receiveDrops!();
}

/** Ethernet, `tags` behind the addresses, then bytes by chance. */
function frame(bytes: number, tags: readonly (readonly [tpid: number, tci: number])[] = []): Uint8Array {
  const made = new Uint8Array(randomBytes(bytes));
  made.set([0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1]);
  let at = 12;
  for (const [tpid, tci] of tags) {
    made.set([tpid >> 8, tpid & 0xff, tci >> 8, tci & 0xff], at);
    at += 4;
  }
  made.set(experimental, at);
  return made;
}

/** What came against what was sent, in short: a failure should not print thousands of frames. */
function compare(arrived: readonly Uint8Array[], sent: readonly Uint8Array[]): string {
  const at = sent.findIndex((one, i) => !Buffer.from(one).equals(arrived[i] ?? Buffer.of()));
  const whole = `${arrived.length} of ${sent.length} arrived`;
  if (at < 0) return arrived.length === sent.length ? "all, as sent" : whole;
  const hex = (frame: Uint8Array | undefined): string =>
    Buffer.from(frame ?? [])
      .toString("hex")
      .slice(0, 80);
  return `${whole}; frame ${at} (${sent[at]!.length} bytes) was ${hex(sent[at])}, is ${hex(arrived[at])}`;
}

const byBytes = (frames: readonly Uint8Array[]): Uint8Array[] => [...frames].sort(Buffer.compare);

/** The suite, for one kind of port. */
export function portContract(subject: PortCase): void {
  const test = (name: string, body: () => Promise<void>): void => {
    const why = Object.entries(subject.except ?? {}).find(([start]) => name.startsWith(start))?.[1];
    if (why === undefined) it(name, body, 30_000);
    else it.skip(`${name} (${why})`, body);
  };
  const open = async (queues = 1): Promise<PortEnds & { readonly left: End; readonly right: End }> => {
    const ends = await subject.open({ queues });
    await Promise.all([ends.a.ready(readyMs), ends.b.ready(readyMs)]);
    return {
      ...ends,
      left: new End(ends.a),
      right: new End(ends.b),
      [Symbol.asyncDispose]: () => ends[Symbol.asyncDispose](),
    };
  };
  const body = (): void => {
    test("carries frames of every size, byte for byte, in order, both ways", async () => {
      await using ends = await open();
      const sizes = Array.from({ length: subject.longest - leastFrame + 1 }, (_, i) => leastFrame + i);
      const frames = sizes.map((bytes) => frame(bytes));
      expect(compare((await cross(ends.left, ends.right, frames)).flat(), frames)).toBe("all, as sent");
      expect(compare((await cross(ends.right, ends.left, frames)).flat(), frames)).toBe("all, as sent");
    });

    test("goes round its rings in bursts of any size", async () => {
      await using ends = await open();
      const laps = 3 * Math.max(ends.left.tx[0]!.slots, ends.right.rx[0]!.slots);
      const frames = Array.from({ length: laps }, (_, i) => frame(leastFrame + (i % 7)));
      const arrived = (await cross(ends.left, ends.right, frames, { bursts: [1, 256, 3, 64, 31] })).flat();
      expect(arrived.length).toBe(frames.length);
      expect(compare(arrived, frames)).toBe("all, as sent");
    });

    test("carries what chance makes of sizes and bursts", async () => {
      await using ends = await open();
      const sizes = fc.array(fc.integer({ min: leastFrame, max: subject.longest }), { minLength: 1, maxLength: 80 });
      const bursts = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 5 });
      await fc.assert(
        fc.asyncProperty(sizes, bursts, async (lengths, by) => {
          const frames = lengths.map((bytes) => frame(bytes));
          expect(compare((await cross(ends.left, ends.right, frames, { bursts: by })).flat(), frames)).toBe(
            "all, as sent",
          );
        }),
        { numRuns: 25 },
      );
    });

    test("leaves VLAN tags where they are", async () => {
      await using ends = await open();
      const tagged = [
        frame(64, [[0x8100, 100]]),
        frame(64, [[0x8100, 0xefff]]),
        frame(64, [[0x8100, 0]]),
        frame(64, [[0x88a8, 0x2007]]),
        frame(68, [
          [0x88a8, 7],
          [0x8100, 8],
        ]),
        frame(subject.longest, [[0x8100, 4094]]),
      ];
      expect(compare((await cross(ends.left, ends.right, tagged)).flat(), tagged)).toBe("all, as sent");
    });

    test("shows nobody what it sent itself", async () => {
      await using ends = await open();
      const frames = Array.from({ length: 100 }, () => frame(64));
      expect((await cross(ends.left, ends.right, frames)).flat().length).toBe(100);
      expect(ends.left.receive().flat()).toEqual([]);
    });

    test("says of a frame that never fits that it does not", async () => {
      await using ends = await open();
      const [ring] = ends.left.tx;
      ring!.reclaim();
      expect(ring!.place(0, ring!.maxFrameBytes)).toBeGreaterThan(0);
      expect(ring!.place(0, 65_536)).toBe(-1);
    });

    test("uses all its queues, each frame once", async () => {
      await using ends = await open(subject.queues);
      for (let queue = 0; queue < subject.queues; queue++) {
        const frames = Array.from({ length: 200 }, (_, i) => frame(leastFrame + i));
        const arrived = await cross(ends.left, ends.right, frames, { queue });
        expect(compare(byBytes(arrived.flat()), byBytes(frames))).toBe("all, as sent");
      }
    });

    test("goes on where another user of its rings left off", async () => {
      await using ends = await open();
      const frames = Array.from({ length: 77 }, () => frame(64));
      await cross(ends.left, ends.right, frames);
      const [left, right] = [new End(ends.a), new End(ends.b)];
      expect(compare((await cross(left, right, frames)).flat(), frames)).toBe("all, as sent");
      expect(compare((await cross(right, left, frames)).flat(), frames)).toBe("all, as sent");
    });

    test("closes whole, twice without harm, and opens again", async () => {
      const before = openDescriptors();
      for (let round = 0; round < 3; round++) {
        await using ends = await open();
        const frames = [frame(64), frame(subject.longest)];
        expect(compare((await cross(ends.left, ends.right, frames)).flat(), frames)).toBe("all, as sent");
        await ends.a[Symbol.asyncDispose]();
        expect(ends.a.rings()).toBeNull();
        await ends.a[Symbol.asyncDispose]();
      }
      expect(openDescriptors()).toEqual(before);
    });

    test("ends once, whatever ends it", async () => {
      await using ends = await open();
      const { generation } = ends.a.rings()!;
      const log: string[] = [];
      ends.a.observe({
        quiesce: () => void log.push("quiesce"),
        resume: (rings, _why, receiving = null) =>
          void log.push(rings !== null ? "rings" : receiving === null ? "gone" : "only receives"),
      });
      ends.a.breakConnection("a test broke it");
      ends.a.breakConnection("and once more");
      expect(ends.a.rings()).toBeNull();
      expect(ends.a.whyLost(generation)).toContain("a test broke it");
      await ends.a[Symbol.asyncDispose]();
      await ends.a[Symbol.asyncDispose]();
      const first = subject.receivesOn === true ? ["quiesce", "only receives"] : [];
      expect(log).toEqual([...first, "quiesce", "gone"]);
      await expect(ends.a.ready(readyMs)).rejects.toThrow("the port was closed");
    });

    test("describes itself", async () => {
      await using ends = await open(subject.queues);
      const facts = ends.a.facts();
      expect(facts).toMatchObject({ spec: ends.a.spec.text, kind: ends.a.spec.kind, queues: subject.queues });
      expect(facts.ringSize).toBeGreaterThan(0);
      expect(facts.maxFrameBytes).toBeGreaterThanOrEqual(subject.longest);
    });
  };
  const onLink = (): void => {
    test("loses its rings with the interface, and has new ones when it is back", async () => {
      await using ends = await open();
      const link = ends.link!;
      const { generation } = ends.a.rings()!;
      const dropped = await flood(ends.right, ends.a);
      link.down();
      await vi.waitFor(() => expect(ends.a.rings()).toBeNull(), readyMs);
      expect(ends.a.whyLost(generation)).toBe(`interface ${link.name} went down`);
      expect(ends.a.receiveDrops!()).toBeGreaterThanOrEqual(dropped);
      link.up();
      // The other end may learn of its lost carrier only now.
      await vi.waitFor(async () => {
        await Promise.all([ends.a.ready(readyMs), ends.b.ready(readyMs)]);
        const [left, right] = [new End(ends.a), new End(ends.b)];
        // A tap's kernel still has some of the flood.
        while ([...left.receive(), ...right.receive()].flat().length > 0) await pause();
        const frames = Array.from({ length: 50 }, () => frame(64));
        expect(compare((await cross(left, right, frames)).flat(), frames)).toBe("all, as sent");
        expect(compare((await cross(right, left, frames)).flat(), frames)).toBe("all, as sent");
      }, 3 * readyMs);
      const { generation: again } = ends.a.rings()!;
      expect(again).toBeGreaterThan(generation);
      expect(ends.a.whyLost(again)).toBeNull();
      expect(ends.a.receiveDrops!()).toBeGreaterThanOrEqual(dropped);
    });

    test("does not wait for an interface that was removed", async () => {
      await using ends = await open();
      const { name, remove } = ends.link!;
      const { generation } = ends.a.rings()!;
      remove();
      const why = `interface ${name} was removed`;
      await vi.waitFor(() => expect(ends.a.whyLost(generation)).toBe(why), readyMs);
      await expect(ends.a.ready(10 * readyMs)).rejects.toThrow(why);
      expect(ends.a.receiveDrops?.()).toBeGreaterThanOrEqual(0);
    });
  };
  const all = (): void => {
    body();
    if (subject.onLink === true) onLink();
  };
  if (subject.needs.length === 0) describe(subject.name, all);
  else describeLab(subject.name, subject.needs, all);
}
