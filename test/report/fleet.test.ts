/** The fleet's part of reports: every agent's row, who was lost, and how closely they began. */
import { describe, expect, it } from "vitest";
import { fleetSection } from "../../src/report/fleet-section.js";
import { reports } from "../../src/report/index.js";
import type { RunResult, Trial } from "../../src/result/run-result.js";
import { passed as sample } from "../support/sample.js";

const agent = (name: string, share: string, lost = 0): NonNullable<Trial["fleet"]>["agents"][number] => ({
  ...{ name, share, sent: 5_000, received: 5_000 - lost, accepted: 5_000 - lost, lost, txPps: 5e3, rxPps: 5e3 },
  ...{ verdict: lost > 0 ? "fail" : "pass", reasons: [], startLateNs: 12_000, clockBoundNs: 0 },
  latencyNs: { p50: 8_000, p99: 20_000, max: 50_000 },
});

const start = { agents: 2, appointedNs: 5e9, earliestNs: 0, latestNs: 12_000, spreadNs: 12_000, boundNs: 25_000 };

const fleet: NonNullable<Trial["fleet"]> = {
  ...{ start, agents: [agent("a1", "1 of 3"), agent("a2", "2 of 3", 7)] },
  lost: [{ agent: "a3", why: "its report did not come" }],
  ...{ left: [], silent: [], limitedBy: ["a1"], inexact: [] },
};

const clock = { way: "messages", offsetNs: 5e12, boundNs: 25_000, exchanges: 32, minRttNs: 80_000 } as const;
const result: RunResult = {
  ...sample,
  fleet: {
    ...{ address: "nats://hub:4222/default", run: "r1", startWithinNs: 1e6 },
    agents: ["a1", "a2", "a3"].map((name) => ({
      ...{
        name,
        host: name,
        version: "0.1.0",
        node: "v20",
        cpus: 4,
        ports: ["packet:eth1"],
        labels: {},
        maxPps: null,
        clock,
      },
    })),
  },
  trials: [{ ...sample.trials[0]!, fleet }, ...sample.trials.slice(1)],
};

describe("the fleet in reports", () => {
  it("has lost agents first, with no figure, then those in trouble, then the others", () => {
    const { rows, note } = fleetSection(result, 10);
    expect(rows.map((row) => [row[2], row[4], row[6], row.at(-1)])).toEqual([
      ["a3", "not known", "not known", "LOST"],
      ["a2", "5,000", "7", "FAIL"],
      ["a1", "5,000", "0", "the limit, PASS"],
    ]);
    expect(note).toBe("all began within 12 us of each other, give or take 25 us (allowed: 1 ms)");
  });

  it("shows so many agents, and says that there are more", () => {
    const { rows, note } = fleetSection(result, 1);
    expect(rows.map((row) => row[2])).toEqual(["a3", "a2"]);
    expect(note).toContain("the JSON document has all agents");
  });

  it("is absent without a fleet", () => expect(fleetSection(sample, 10).rows).toEqual([]));

  it("has the agents' figures as OpenMetrics, and none for one that was lost", () => {
    const text = reports.openmetrics(result, { color: false, ascii: false });
    expect(text).toContain('pktgen_agent_lost_frames{frame_bytes="64",phase="forwarding",trial="0",agent="a2"} 7');
    expect(text).toContain('pktgen_fleet_lost_agents{frame_bytes="64",phase="forwarding",trial="0"} 1');
    expect(text).not.toContain('agent="a3"');
  });

  it("has the agents as properties of JUnit's suite", () => {
    const text = reports.junit(result, { color: false, ascii: false });
    expect(text).toContain('<property name="agent" value="a3 on a3"/>');
  });

  for (const name of ["table", "markdown", "html"] as const) {
    it(`stands in the ${name}`, () => {
      const text = reports[name](result, { color: false, ascii: false });
      expect(text).toContain("agents of nats://hub:4222/default");
      for (const agent of ["a1", "a2", "a3"]) expect(text).toContain(agent);
      expect(reports[name](sample, { color: false, ascii: false })).not.toContain("agents of");
    });
  }
});
