/** Frames of a flow that are told apart: by what was sent, by bits of what came, by port; and others beside it are not. */
import { expect, it } from "vitest";
import { compileFlow } from "../../../src/session/compile-flow.js";
import { splitCounters } from "../../../src/session/split-reader.js";
import type { FlowSpec, FlowSplit, SplitCounters } from "../../../src/session/types.js";
import { defaultPlainTraffic, layersOf } from "../../../src/stream/spec.js";
import { fixedSize } from "../../../src/units.js";
import { SessionSim, type SimDevice, simFlow, straight } from "../../support/session-sim.js";

const dscpByte = 15;
const dstPortByte = 36;
const dstPorts = { at: 8 * dstPortByte, bits: 16 };
const dscp = { at: 8 * dscpByte, bits: 6 };

const withPorts = (split: Partial<FlowSplit>, changes: Partial<FlowSpec> = {}): FlowSpec =>
  simFlow("f", 0, {
    frames: {
      kind: "stream",
      layers: layersOf(defaultPlainTraffic, 0),
      size: fixedSize(64),
      fields: [
        { target: { offset: dstPortByte, mask: 0xffff, bytes: 2 }, change: { kind: "list", values: [7, 8, 90, 8] } },
      ],
    },
    split: { sent: [], received: [], byPort: false, ...split },
    duration: { kind: "frames", frames: 1002 },
    ...changes,
  });

function rowsOf(sim: SessionSim, name = "f"): readonly SplitCounters[] {
  const ports = sim.wires.map((_, port) => ({ name: `p${port}` }));
  return splitCounters(sim.flows.get(name)!, sim.memory, ports, () => sim.counters(name).sent);
}

function ran(sim: SessionSim, device: SimDevice, ...specs: readonly FlowSpec[]): SessionSim {
  sim.add(...specs);
  sim.settleCommands(device);
  sim.command(
    "start",
    specs.map(({ name }) => name),
  );
  sim.run(30e6, device);
  sim.quiet(device);
  return sim;
}

const brief = (rows: readonly SplitCounters[]): unknown[] =>
  rows
    .map(({ sent, received, port, sentFrames, frames }) => [
      sent?.map(Number),
      received?.map(Number),
      port,
      sentFrames,
      frames,
    ])
    .toSorted((a, b) => String(a).localeCompare(String(b)));

it("by what was sent: frames, bytes and loss of each value, of a device that drops those of one value", () => {
  const drops: SimDevice = (frame, port) =>
    frame[dstPortByte + 1] === 90 && frame[dstPortByte] === 0 ? [] : [port ^ 1];
  const sim = ran(new SessionSim(), drops, withPorts({ sent: [{ ...dstPorts, period: 4 }] }), simFlow("other", 1));
  const rows = rowsOf(sim);
  expect(brief(rows)).toEqual([
    [[7], undefined, null, 251, 251],
    [[8], undefined, null, 501, 501],
    [[90], undefined, null, 250, 0],
  ]);
  expect(rows.map(({ sentBytes, bytes }) => [sentBytes, bytes])).toEqual([
    [251 * 64, 251 * 64],
    [501 * 64, 501 * 64],
    [250 * 64, 0],
  ]);
  const { received, receivedBytes, latencyNs } = sim.counters("f");
  expect([received, receivedBytes]).toEqual([752, 752 * 64]);
  const latencies = rows.flatMap((row) => row.latencyNs ?? []);
  expect(Math.min(...latencies.map(({ min }) => min))).toBe(latencyNs!.min);
  expect(Math.max(...latencies.map(({ max }) => max))).toBe(latencyNs!.max);
  expect(sim.counters("other").received).toBeGreaterThan(1000);
});

it("by what came: a device marks every third frame, and each number counts once", () => {
  let seen = 0;
  const marks: SimDevice = (frame, port) => {
    if (port !== 0) return [];
    frame[dscpByte] = seen++ % 3 === 0 ? 46 << 2 : 0;
    return [1, 1];
  };
  const sim = ran(new SessionSim(), marks, withPorts({ received: [dscp] }));
  expect(brief(rowsOf(sim))).toEqual([
    [undefined, [0], null, null, 668],
    [undefined, [46], null, null, 334],
  ]);
  expect(sim.counters("f").duplicate).toBe(1002);
});

it("by port, and by all three together", () => {
  const turns: SimDevice = (frame, port) => {
    if (port !== 0) return [];
    frame[dscpByte] = 4 << 2;
    return [frame[dstPortByte + 1] === 7 ? 2 : 1];
  };
  const split = { sent: [{ ...dstPorts, period: 4 }], received: [dscp, { at: 0, bits: 48 - 6 }], byPort: true };
  const sim = ran(new SessionSim(4), turns, withPorts(split, { to: ["p1", "p2"] }));
  const mac = Number(BigInt(`0x${Buffer.from(sim.taken[0]!.frame.subarray(0, 6)).toString("hex")}`) >> 6n);
  expect(brief(rowsOf(sim))).toEqual([
    [[7], [4, mac], "p2", null, 251],
    [[8], [4, mac], "p1", null, 501],
    [[90], [4, mac], "p1", null, 250],
  ]);
});

it("a start begins with nothing, and a flow that gets the slot of another has no rows of it", () => {
  const sim = ran(new SessionSim(2, 1), straight, withPorts({ received: [dscp] }));
  expect(rowsOf(sim).map(({ frames }) => frames)).toEqual([1002]);
  sim.command("start", ["f"]);
  sim.settleCommands();
  expect(rowsOf(sim).reduce((sum, { frames }) => sum + frames, 0)).toBeLessThan(1002);
  sim.remove("f");
  sim.settleCommands();
  ran(sim, straight, simFlow("g", 1, { duration: { kind: "frames", frames: 10 } }));
  expect(rowsOf(sim, "g")).toEqual([]);
  expect(sim.counters("g").received).toBe(10);
});

it("kinds beyond the table's room are counted together", () => {
  let seen = 0;
  const counts: SimDevice = (frame, port) => {
    new DataView(frame.buffer, frame.byteOffset).setUint16(2, seen++);
    return port === 0 ? [1] : [];
  };
  const duration = { kind: "frames", frames: 3000 } as const;
  const sim = ran(new SessionSim(), counts, withPorts({ received: [{ at: 0, bits: 32 }] }, { duration }));
  const rows = rowsOf(sim);
  expect(rows.length).toBe(2049);
  expect(rows.filter(({ isOther }) => isOther).map(({ frames }) => frames)).toEqual([3000 - 2048]);
});

it.each([
  [
    "no signature",
    withPorts({ received: [dscp] }, { frames: { kind: "bytes", bytes: new Uint8Array(60), signed: false } }),
    "no room for the signature",
  ],
  ["too many bits", withPorts({ received: [{ at: 0, bits: 48 }, dscp] }), "54 bits of frames that came are too many"],
  ["too wide a field", withPorts({ received: [{ at: 4, bits: 48 }] }), "48 bits from bit 4 on are too many"],
  ["a period too long", withPorts({ sent: [{ ...dstPorts, period: 65_537 }] }), "come again after 65537 frames"],
])("what cannot be told apart is refused: %s", (_, spec, message) => {
  expect(() => compileFlow(spec)).toThrow(message);
});

it("are of one start, also where the flow is started anew while they are read", () => {
  const sim = ran(new SessionSim(), straight, withPorts({ sent: [{ ...dstPorts, period: 4 }] }));
  const ports = sim.wires.map((_, port) => ({ name: `p${port}` }));
  let reads = 0;
  const rows = splitCounters(sim.flows.get("f")!, sim.memory, ports, () => {
    if (reads++ === 0) {
      sim.command("start", ["f"]);
      sim.settleCommands();
    }
    return sim.counters("f").sent;
  });
  expect(reads).toBe(2);
  expect(rows.map(({ frames }) => frames)).toEqual([0, 0, 0]);
});

it("are none of an earlier start where another part has not seen the new one yet", () => {
  const sim = ran(new SessionSim(2, 16, 256, 1, [0, 1]), straight, withPorts({ byPort: true }));
  expect(rowsOf(sim).map(({ frames }) => frames)).toEqual([1002]);
  let reads = 0;
  const names = ["p0", "p1"].map((name) => ({
    get name(): string {
      if (reads++ === 0) {
        sim.stalled.add(1);
        sim.command("start", ["f"]);
        sim.run(50_000);
      }
      return name;
    },
  }));
  expect(splitCounters(sim.flows.get("f")!, sim.memory, names, () => 0)).toEqual([]);
  expect(reads).toBe(1);
});
