/** The null port takes everything and brings nothing. */
import { describe, expect, it } from "vitest";
import { openPort, parsePortSpec } from "../../src/port/index.js";
import { openRx, openTx } from "../support/rings-cross.js";

describe("null port", () => {
  it("takes everything and brings nothing, on all queues", async () => {
    await using port = await openPort(parsePortSpec("null:,queues=2,size=64"), { maxFrameBytes: 9018 });
    const rings = await port.ready(0);
    expect(port.facts()).toMatchObject({ kind: "null", queues: 2, ringFormat: "none", maxFrameBytes: 9014 });
    for (const queue of [0, 1]) {
      const tx = openTx(rings, queue);
      expect(tx.reclaim()).toBe(64);
      expect(tx.place(0, 9014)).toBeGreaterThan(0);
      expect(tx.place(1, 9015)).toBe(-1);
      tx.publish(1);
      expect(tx.outstanding()).toBe(0);
      expect(openRx(rings, queue).poll(256)).toBe(0);
    }
  });

  it("gives its queues memory of their own", async () => {
    await using port = await openPort(parsePortSpec("null:,queues=2,size=64"));
    const { queues } = await port.ready(0);
    const ranges = queues.flatMap(({ tx, rx }) =>
      [tx, rx].map((ring) => {
        if (ring?.format !== "null") throw new Error("no null ring");
        return { from: ring.buffers, to: ring.buffers + ring.size * ring.bufferStride };
      }),
    );
    ranges.sort((a, b) => a.from - b.from);
    for (let i = 1; i < ranges.length; i++) expect(ranges[i]!.from).toBeGreaterThanOrEqual(ranges[i - 1]!.to);
  });
});
