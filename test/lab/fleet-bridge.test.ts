/**
 * Four agents, each in a network namespace of its own, through two Linux bridges that one cable joins. Each agent has its
 * own addresses there, so that the bridges know where each frame belongs.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { type FleetHosts, fleetHosts } from "../support/fleet-hosts.js";
import { runIn } from "../support/fleet-processes.js";
import { natsPrograms } from "../support/nats.js";
import { inside, ip, makeVeth } from "../support/netns.js";
import { describeLab } from "../support/probe.js";

const [program] = natsPrograms;
const agents = [1, 2, 3, 4];
const ports = ["--dut", "external", "--tx", "packet:tx", "--rx", "packet:rx"];
const withFleet = (url: string): string[] => ["--fleet", url, "--start-within", "10s"];
const hasServer = program!.missing === null;

const policed = { pps: 4_000, lateShare: 0.05, trialSeconds: 0.5, width: 0.04 };
/** What the cable holds lets a burst through that is as long as the late frames that a trial may have. */
const heldFrames = policed.pps * policed.trialSeconds * policed.lateShare;
/** Of 64 bytes, without the FCS, as the kernel counts it. */
const bytesOfFrame = 60;

/** From now on the cable takes so many frames a second, and drops what it cannot hold. */
function policeCable(hub: string): void {
  const rate = `${policed.pps * bytesOfFrame * 8}bit`;
  const half = `${(heldFrames / 2) * bytesOfFrame}`;
  inside(hub, "tc", "qdisc", "add", "dev", "near-end", "root", "tbf", "rate", rate, "burst", half, "limit", half);
}

interface Found {
  readonly pps: number;
  readonly ppsUpper: number | null;
  readonly limitedBy: string;
}

async function limitFound(netns: string, more: readonly string[]): Promise<Found> {
  const { trialSeconds, width, lateShare } = policed;
  const goal = ["--quick", "--sizes", "64", "--trial", `${trialSeconds}s`, "--width", `${width}`, "--pdr", "1%"];
  const device = ["--dut-queue", `${heldFrames}`, "--line-rate", "5.376Mbps", "--settle", "100ms"];
  const how = ["--late-tolerance", `${lateShare}`, "--json", "-"];
  return JSON.parse(await runIn(netns, ["ndr", ...goal, ...device, ...ports, ...how, ...more])).results[0];
}

describeLab("four agents on two bridges", ["netns"], () => {
  let fleet: FleetHosts;
  beforeAll(async () => {
    if (!hasServer) return;
    fleet = await fleetHosts(program!, agents.length, { sends: "near", receives: "far" });
    makeVeth({ netns: fleet.hub, name: "near-end" }, { netns: fleet.hub, name: "far-end" });
    for (const side of ["near", "far"]) ip(fleet.hub, "link", "set", "dev", `${side}-end`, "master", side);
  }, 60_000);
  afterAll(async () => fleet?.[Symbol.asyncDispose]());

  it.skipIf(!hasServer)(
    "count to the frame what the ports of the bridges count",
    async () => {
      const framesEach = 100_000;
      const all = framesEach * agents.length;
      const sum = (port: string): string => agents.map((index) => `netdev:${port}${index}`).join(" + ");
      const near = ["--hop", `near,rx=${sum("tx")},tx=netdev:near-end`];
      const far = ["--hop", `far,rx=netdev:far-end,tx=${sum("rx")}`];
      const load = ["--sizes", "128", "--count", `${all}`, "--rate", "max", "--warmup", "0ms", "--json", "-"];
      const args = ["run", ...withFleet(fleet.url), ...ports, ...near, ...far, ...load];
      const result = JSON.parse(await runIn(fleet.hub, args));
      const [trial] = result.trials;
      expect(trial).toMatchObject({ sent: all, received: all, accepted: all, lost: 0, foreign: 0, stale: 0 });
      expect(trial).toMatchObject({ verdict: "pass", unaccounted: 0, ledger: [] });
      expect(trial.hops).toMatchObject(["near", "far"].map((name) => ({ name, rx: all, tx: all, dropped: 0 })));
      expect(trial.fleet).toMatchObject({ lost: [], left: [] });
      for (const [at, index] of agents.entries()) {
        expect(trial.fleet.agents[at]).toMatchObject({ name: `a${index}`, sent: framesEach, accepted: framesEach });
      }
      // From the receiving port of each agent, before the trial: the bridges know all addresses since.
      expect(result.besideTrials).toMatchObject({ learning: 2 * agents.length });
    },
    120_000,
  );

  it.skipIf(!hasServer)(
    "find with ndr, where the cable is policed, the limit that one generator finds",
    async () => {
      policeCable(fleet.hub);
      const alone = await limitFound(fleet.hosts[0]!, []);
      const together = await limitFound(fleet.hub, withFleet(fleet.url));
      const bound = 1 + policed.width;
      // What passed in a trial is what the cable takes in that time, and what it holds.
      const most = policed.pps * (1 + policed.lateShare) * bound;
      for (const { pps, ppsUpper, limitedBy } of [alone, together]) {
        expect(pps).toBeLessThanOrEqual(most);
        // A machine that was in the way is said, and no bound of the device.
        if (limitedBy === "dut") expect(ppsUpper! * bound).toBeGreaterThanOrEqual(policed.pps);
      }
    },
    240_000,
  );
});
