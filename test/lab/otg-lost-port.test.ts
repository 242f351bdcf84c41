/** A port that vanishes under flows of the Open Traffic Generator server: a real interface. */
import { expect, it, vi } from "vitest";
import { Tester } from "../../src/otg/tester.js";
import { parsePortSpec } from "../../src/port/index.js";
import { ip, type VethEnd, vethPair } from "../support/netns.js";
import { describeLab } from "../support/probe.js";

vi.setConfig({ testTimeout: 120_000 });

type Row = Readonly<Record<string, unknown>>;

const spec = ({ name, netns }: VethEnd) => parsePortSpec(`packet:${name},netns=${netns}`);
const ports = ["p1", "p2"].map((name) => ({ name, location: name }));
const flow = {
  ...{ name: "f1", tx_rx: { port: { tx_name: "p1", rx_names: ["p2"] } }, size: { fixed: 128 }, rate: { pps: 500 } },
  metrics: { enable: true, loss: true },
};

async function configured(a: VethEnd, b: VethEnd) {
  const own = [
    { name: "p1", spec: spec(a) },
    { name: "p2", spec: spec(b) },
  ];
  const tester = new Tester({ ports: own, yesThisInterface: false, innerFcs: false });
  await tester.setConfig({ ports, flows: [flow] });
  await tester.setControlState({ traffic: { flow_transmit: { state: "start" } } });
  const rows = async () => (await tester.getMetrics({ choice: "flow" }))["flow_metrics"] as readonly Row[];
  while (Number((await rows())[0]!["frames_rx"]) === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  return { tester };
}

describeLab("a server of the Open Traffic Generator's API", ["netns"], () => {
  it("answers when a port is gone, and says what is missing to the next configuration", async () => {
    using pair = vethPair();
    const { tester } = await configured(pair.a, pair.b);
    try {
      ip(pair.a.netns, "link", "del", "dev", pair.a.name);
      const answered = await tester.setConfig({ ports, flows: [{ ...flow, name: "f2", size: { fixed: 2000 } }] }).then(
        () => null,
        (error: unknown) => error,
      );
      expect(answered).toMatchObject({ kind: "internal", errors: [expect.stringMatching(/^ports: /)] });
      expect(await tester.setConfig({})).toEqual({ warnings: [] });
    } finally {
      await tester.close();
    }
  });
});
