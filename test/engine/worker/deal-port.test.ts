/** One port for several loop workers: each has its queues, and no ring changes before all of them stand. */
import { expect, it } from "vitest";
import { dealPort } from "../../../src/engine/worker/deal-port.js";
import { openPort, parsePortSpec } from "../../../src/port/index.js";
import type { PortObserver, PortRings } from "../../../src/port/port.js";

const queuesOf = (rings: PortRings | null): number[] | null => rings?.queues.map(({ queue }) => queue) ?? null;

/** What a worker is told, in order. */
function observer(said: string[], name: string, change: Partial<PortObserver> = {}): PortObserver {
  return {
    quiesce: () => void said.push(`${name} stands`),
    resume: (rings) => void said.push(`${name} has ${queuesOf(rings)?.join(" ") ?? "none"}`),
    trouble: (why) => void said.push(`${name} is told: ${why}`),
    ...change,
  };
}

it("each worker has every n-th queue of it, with the positions of the whole port", async () => {
  await using port = await openPort(parsePortSpec("null:,queues=6"), {});
  const dealt = dealPort(port, 3);
  expect(dealt.map((each) => queuesOf(each.rings()))).toEqual([
    [0, 3],
    [1, 4],
    [2, 5],
  ]);
  const whole = port.rings()!;
  for (const each of dealt) {
    expect(each.rings()!.positions).toBe(whole.positions);
    for (const queue of each.rings()!.queues) expect(queue).toEqual(whole.queues[queue.queue]);
  }
});

it("all workers stand before its rings go, one that does not stand keeps no other from it, and all learn of the end", async () => {
  const port = await openPort(parsePortSpec("null:,queues=4"), {});
  const said: string[] = [];
  const [a, b] = dealPort(port, 2);
  const stuck = (): never => {
    throw new Error("the thread does not stop");
  };
  a!.observe(observer(said, "a", { quiesce: stuck }));
  b!.observe(observer(said, "b"));
  await expect(port[Symbol.asyncDispose]()).rejects.toThrow(/does not stop/);
  expect(said).toEqual(["b stands"]);

  const whole = await openPort(parsePortSpec("null:,queues=4"), {});
  said.length = 0;
  const [c, d] = dealPort(whole, 2);
  c!.observe(observer(said, "c"));
  d!.observe(observer(said, "d"));
  await whole[Symbol.asyncDispose]();
  expect(said).toEqual(["c stands", "d stands", "c has none", "d has none"]);
});
