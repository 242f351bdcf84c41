/** Sessions through what they meet in a lab: two taps on a bridge of the kernel, and the built-in device. */
import { expect, it } from "vitest";
import { parseEmbeddedOptions } from "../../src/dut/embedded/index.js";
import { startEmbeddedDut } from "../../src/dut/index.js";
import { parsePortSpec } from "../../src/port/index.js";
import { type FlowCounters, type FlowSpec, openSession, type Session } from "../../src/session/index.js";
import { ip, makeNetns } from "../support/netns.js";
import { describeLab } from "../support/probe.js";
import { simFlow } from "../support/session-sim.js";

const settleNs = 300e6;

async function allSettled(session: Session): Promise<void> {
  while (!session.sample().flows.every(({ settled, generation }) => settled && generation > 0)) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const count = { kind: "frames", frames: 300 } as const;
const given = { kind: "bytes", bytes: Uint8Array.from({ length: 80 }, (_, k) => (k < 12 ? 2 : k)) } as const;
/** One by chance, one of a given frame, one in bursts. */
const flows = (to: string): FlowSpec[] => [
  simFlow("chance", 1, {
    to: [to],
    rate: { kind: "pps", pps: 2_000 },
    law: { kind: "poisson", key: 3 },
    duration: count,
  }),
  simFlow("given", 2, { to: [to], rate: { kind: "pps", pps: 2_000 }, frames: given, duration: count }),
  simFlow("bursts", 3, { to: [to], duration: { kind: "bursts", frames: 10, bursts: 5, gapNs: 10e6 } }),
];

/** Slots, without missed ones where the flow ends by a count of frames. */
const tried = ({ name, intended, missed }: FlowCounters): number => (name === "bursts" ? intended : intended - missed);

describeLab("a session on taps", ["netns", "tun"], () => {
  it("counts what a bridge brings from one to the other", async () => {
    using netns = makeNetns();
    const ports = ["t0", "t1"].map((name) => ({
      name,
      port: parsePortSpec(`tap:${name},netns=${netns.name}`),
    }));
    await using session = await openSession({ ports, settleNs });
    ip(netns.name, "link", "add", "bridge", "type", "bridge", "mcast_snooping", "0");
    for (const name of ["t0", "t1"]) ip(netns.name, "link", "set", "dev", name, "master", "bridge");
    ip(netns.name, "link", "set", "dev", "bridge", "up");
    const specs = flows("t1").map((flow) => ({ ...flow, from: "t0" }));
    await session.addFlows(specs);
    await session.start("all");
    await allSettled(session);
    const { flows: ended } = session.sample();
    // Where the machine is busy, slots are missed; a count is of frames that left.
    expect(ended.map(tried)).toEqual([300, 300, 50]);
    for (const { sent, received, lost, corrupt, duplicate } of ended)
      expect({ received: received + lost, corrupt, duplicate }).toEqual({ received: sent, corrupt: 0, duplicate: 0 });
    expect(ended.reduce((sum, { received }) => sum + received, 0)).toBeGreaterThan(0);
  });
});

it("counts what the built-in device gives back", async () => {
  const options = parseEmbeddedOptions("");
  await using device = await startEmbeddedDut(options, { queues: 2, maxFrameBytes: 1518, busy: false });
  const port = parsePortSpec(device.generatorPorts[0]!);
  await using session = await openSession({ ports: [{ name: "p0", port }], settleNs });
  await session.addFlows([...flows("p0"), simFlow("max", 4, { to: ["p0"], rate: { kind: "max" }, duration: count })]);
  await session.start("all");
  await allSettled(session);
  const { flows: ended, ports } = session.sample();
  expect(ended.map(tried)).toEqual([300, 300, 50, 300]);
  for (const { sent, received, lost, corrupt, duplicate } of ended)
    expect({ received: received + lost, corrupt, duplicate }).toEqual({ received: sent, corrupt: 0, duplicate: 0 });
  expect(ports[0]!.test).toBe(ended.reduce((sum, { received }) => sum + received, 0));
  expect(ports[0]!.rxFrames).toBeGreaterThan(500);
});
