/** A driver and a device side of each ring against each other, under random schedules. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openRxRing, openTxRing } from "../../src/ring/index.js";
import type { OpenPair, PairOptions } from "./harness.js";
import { combinations, openPair, receive, send } from "./harness.js";

const name = (o: PairOptions): string =>
  `${o.format} ${o.size}, ${o.sender} sends, ${o.headerBytes} bytes header, ` +
  `${o.inOrder ? "in order" : "any order"}${o.mergeable ? ", mergeable" : ""}, start ${o.start}`;

const rings: PairOptions[] = [
  ...combinations({
    format: ["split"] as const,
    sender: ["driver", "device"] as const,
    size: [4, 8, 256],
    inOrder: [false, true],
    mergeable: [false, true],
    headerBytes: [10, 12] as const,
    start: [0, 65_530],
  }),
  ...combinations({
    format: ["packed"] as const,
    sender: ["driver", "device"] as const,
    size: [4, 7, 8, 100, 256],
    inOrder: [false, true],
    mergeable: [false, true],
    headerBytes: [12] as const,
    start: [0x8000, 3, 0x8002],
  }),
].filter((o) => !(o.mergeable && o.headerBytes === 10));

/** Mergeable rings get frames of up to four buffers. */
const bufferBytes = (o: PairOptions): number => (o.mergeable && o.sender === "device" ? 64 : 256);
const longest = (o: PairOptions): number =>
  o.mergeable && o.sender === "device" ? Math.min(o.size, 4) * 64 - 12 : 256 - (o.headerBytes ?? 12);

const schedule = (o: PairOptions) =>
  fc.record({
    lengths: fc.array(fc.integer({ min: 1, max: longest(o) }), { minLength: 1, maxLength: 60 }),
    steps: fc.array(
      fc.record({ send: fc.nat({ max: 40 }), poll: fc.nat({ max: 40 }), release: fc.integer({ min: 1, max: 40 }) }),
      { minLength: 1, maxLength: 12 },
    ),
  });

/** Repeats the schedule until `frames` are through; returns how many came out. */
function exchange(
  ring: OpenPair,
  plan: { lengths: number[]; steps: { send: number; poll: number; release: number }[] },
  frames: number,
): number {
  const lengths = Array.from({ length: frames }, (_, i) => plan.lengths[i % plan.lengths.length]);
  let sent = 0;
  let received = 0;
  for (let turn = 0; received < frames && turn < 20 * frames; turn++) {
    const step = plan.steps[turn % plan.steps.length];
    sent += send(ring, sent, lengths.slice(sent, sent + step.send + (turn % 3 === 0 ? 1 : 0)));
    received += receive(ring, received, lengths, step.poll + (turn % 3 === 0 ? 1 : 0), step.release);
  }
  return received;
}

describe.each(rings.map((o) => [name(o), o] as const))("%s", (_name, o) => {
  it("brings every frame once, in order, intact", () => {
    fc.assert(
      fc.property(schedule(o), (plan) => {
        const ring = openPair({ ...o, bufferBytes: bufferBytes(o) });
        const frames = Math.min(12 * o.size, 400);
        expect(exchange(ring, plan, frames)).toBe(frames);
        expect(ring.rx.pending()).toBe(0);
        ring.tx.reclaim();
        expect(ring.tx.outstanding()).toBe(0);
      }),
      { numRuns: 8 },
    );
  });

  it("goes on where it stands when both sides are opened anew in the middle", () => {
    const first = openPair({ ...o, bufferBytes: bufferBytes(o) });
    const lengths = Array.from({ length: 300 }, (_, i) => 1 + ((i * 37) % longest(o)));
    let ring = first;
    let sent = 0;
    let received = 0;
    for (let turn = 0; received < 300 && turn < 3000; turn++) {
      sent += send(ring, sent, lengths.slice(sent, sent + 1 + (turn % 5)));
      received += receive(ring, received, lengths, turn % 4);
      if (turn % 7 !== 6) continue;
      const txLayout = o.sender === "driver" ? ring.driver : ring.device;
      const rxLayout = o.sender === "driver" ? ring.device : ring.driver;
      ring.tx.reclaim();
      const start = ring.tx.position();
      // The peer goes on between the end of the one user and the start of the next.
      const taken = receive(ring, received, lengths, 2);
      received += taken;
      const outstanding = o.sender === "driver" ? ring.tx.outstanding() - taken : 0;
      const tx = openTxRing(ring.memory, { ...txLayout, start });
      const rx = openRxRing(ring.memory, { ...rxLayout, start: ring.rx.position() });
      ring = { ...ring, tx, rx };
      tx.reclaim();
      expect(tx.outstanding()).toBe(outstanding);
    }
    expect(received).toBe(300);
  });
});

describe("16-bit indices", () => {
  it.each(
    combinations({
      format: ["split", "packed"] as const,
      sender: ["driver", "device"] as const,
      inOrder: [false, true],
    }),
  )("$format, $sender sends, in order $inOrder: 140,000 frames wrap them twice", (o) => {
    const ring = openPair({ ...o, size: 256 });
    let sent = 0;
    let received = 0;
    const burst = Array.from({ length: 200 }, (_, i) => 1 + (i % 3));
    const lengths = Array.from({ length: 140_000 }, () => 0);
    while (received < 140_000) {
      const n = send(ring, sent, burst.slice(0, Math.min(200, 140_000 - sent)));
      for (let k = 0; k < n; k++) lengths[sent + k] = burst[k];
      sent += n;
      received += receive(ring, received, lengths, 256);
    }
    expect(received).toBe(140_000);
  });
});
