/** Who sends to whom, as people write it. */
import { describe, expect, it } from "vitest";
import { agentsOf, flowsOfPorts, withoutAgents } from "../../src/options/fleet-flows.js";

const end = (agent: string, port: string) => ({ agent, port });

describe("--tx and --rx with agents", () => {
  it("are one receiver for all senders, or one for each", () => {
    const one = flowsOfPorts({ tx: "a1/packet:eth1,a2/packet:eth1,timestamp=kernel", rx: "hub/packet:eth2" });
    expect(one).toEqual([
      { from: end("a1", "packet:eth1"), to: end("hub", "packet:eth2") },
      { from: end("a2", "packet:eth1,timestamp=kernel"), to: end("hub", "packet:eth2") },
    ]);
    const each = flowsOfPorts({ tx: "a1/packet:e,a2/packet:e", rx: "b1/packet:f,b2/packet:g" });
    expect(each!.map(({ to }) => `${to.agent}/${to.port}`)).toEqual(["b1/packet:f", "b2/packet:g"]);
    expect(agentsOf(one!)).toEqual(["a1", "a2", "hub"]);
    expect(withoutAgents({ tx: "a1/packet:eth1", rx: "hub/packet:eth2", sizes: "64" }, one!)).toEqual({
      ...{ dut: "external", tx: "packet:eth1", sizes: "64" },
    });
  });

  it("name no agents where ports are as ever", () => {
    for (const tx of ["packet:eth1", "virtio-user:/tmp/gen.sock", "null:"]) expect(flowsOfPorts({ tx })).toBeNull();
    expect(flowsOfPorts({})).toBeNull();
  });

  it.each([
    [{ tx: "a1/packet:e" }, "only one of --tx and --rx names agents"],
    [{ tx: "a1/packet:e", rx: "packet:f" }, "only one of --tx and --rx names agents"],
    [
      { tx: "a1/packet:e,a2/packet:e,a3/packet:e", rx: "b/packet:f,c/packet:f" },
      "3 senders and 2 receivers are no pairs",
    ],
    [{ tx: "a1/packet:e,a1/packet:f", rx: "b/packet:f" }, "a1 sends in 2 flows"],
    [{ tx: "a1/packet:e,a2/packet:e", rx: "b/packet:f,b/packet:g" }, "b receives on packet:f and packet:g"],
  ])("%j is refused", (ports, what) => {
    expect(() => flowsOfPorts(ports)).toThrow(what);
  });
});
