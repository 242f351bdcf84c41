/** The state that all ports share: connected, lost, failed, closed. */
import { describe, expect, it } from "vitest";
import { environmentError } from "../../src/errors.js";
import type { PortRings } from "../../src/port/index.js";
import { noKick } from "../../src/port/port.js";
import { PortState } from "../../src/port/port-state.js";
import { arena } from "../../src/sys/arena.js";

const noQueue = { queue: 0, tx: null, rx: null, txKick: noKick, rxKick: noKick };
const late = (): ReturnType<typeof environmentError> => environmentError("late");

function observed(state: PortState, quiesce: () => void = () => {}): string[] {
  const log: string[] = [];
  state.observe({
    quiesce: () => {
      log.push("quiesce");
      quiesce();
    },
    resume: (rings: PortRings | null, why) =>
      void log.push(rings === null ? `gone: ${why}` : `rings ${rings.generation}`),
  });
  return log;
}

describe("PortState", () => {
  it("asks workers to stand once per change, and only if they have rings", () => {
    const state = new PortState(arena(), 1);
    const log = observed(state);
    state.quiesce();
    state.publish([noQueue]);
    state.quiesce();
    state.quiesce();
    state.publish([noQueue]);
    state.publish([noQueue]);
    state.lose("it went");
    state.lose("it went twice");
    expect(log).toEqual(["rings 1", "quiesce", "rings 2", "quiesce", "rings 3", "quiesce", "gone: it went"]);
  });

  it("lets a lost peer go even if a worker does not stand", () => {
    const state = new PortState(arena(), 1);
    state.publish([noQueue]);
    const log = observed(state, () => {
      throw environmentError("the worker does not stand");
    });
    state.lose("it went");
    expect(log).toEqual(["quiesce", "gone: it went"]);
    expect(state.rings).toBeNull();
  });

  it("wakes all who wait, once, with rings or with the failure", async () => {
    const state = new PortState(arena(), 1);
    const waiting = Promise.all([state.ready(1000, late), state.ready(1000, late)]);
    state.publish([noQueue]);
    const [first, second] = await waiting;
    expect(first).toBe(second);
    expect(await state.ready(0, late)).toBe(first);

    const failing = new PortState(arena(), 1);
    const failed = failing.ready(1000, late);
    failing.fail(environmentError("never"));
    await expect(failed).rejects.toThrow("never");
    await expect(failing.ready(1000, late)).rejects.toThrow("never");
    await expect(new PortState(arena(), 1).ready(1, late)).rejects.toThrow("late");
  });

  it("tells of troubles, also of those before anybody looked, and of none that nobody is to hear of", () => {
    const state = new PortState(arena(), 1);
    state.trouble("early", true);
    state.trouble("quiet", false);
    const told: string[] = [];
    state.observe({ quiesce: () => {}, resume: () => {}, trouble: (why) => void told.push(why) });
    state.trouble("late", true);
    expect(told).toEqual(["early", "late"]);
    expect(state.troubles()).toBe(" (first: early; the last one: late)");
  });

  it("leaves the positions of rings that have none", () => {
    const state = new PortState(arena(), 1);
    state.positions.set([5, 6]);
    const ring = {
      format: "null",
      direction: "tx",
      vring: 1,
      size: 4,
      buffers: 64,
      bufferStride: 64,
      bufferBytes: 64,
    } as const;
    state.publish([{ ...noQueue, tx: ring }]);
    expect([...state.positions]).toEqual([5, 6]);
    expect(new Int32Array(state.rings!.positions)).toEqual(state.positions);
  });
});
