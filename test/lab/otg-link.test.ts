/** A link that is lost while flows of the Open Traffic Generator server run, and comes back: real interfaces. */
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
const transmit = (state: string) => ({ traffic: { flow_transmit: { state } } });

function rowsOf(tester: Tester) {
  const flowRow = async () => ((await tester.getMetrics({ choice: "flow" }))["flow_metrics"] as readonly Row[])[0]!;
  const links = async () =>
    ((await tester.getMetrics({ choice: "port" }))["port_metrics"] as readonly Row[]).map((row) => row["link"]);
  return { flowRow, links };
}

async function until(is: () => Promise<boolean>): Promise<void> {
  while (!(await is())) await new Promise((resolve) => setTimeout(resolve, 20));
}

type Cut = (tester: Tester, pair: { readonly b: VethEnd }, state: "up" | "down") => Promise<unknown>;

const byRequest: Cut = (tester, _, state) =>
  tester.setControlState({ choice: "port", port: { choice: "link", link: { port_names: ["p2"], state } } });
const byOthers: Cut = async (_, { b }, state) => ip(b.netns, "link", "set", "dev", b.name, state);

describeLab("a link that is lost under flows", ["netns"], () => {
  it.each([
    ["by a request", byRequest],
    ["by somebody else", byOthers],
  ])("%s: all is answered, the flow goes on when it is back, and every frame is accounted for", async (_, cut) => {
    using pair = vethPair();
    const own = [
      { name: "p1", spec: spec(pair.a) },
      { name: "p2", spec: spec(pair.b) },
    ];
    const tester = new Tester({ ports: own, yesThisInterface: false, innerFcs: false });
    try {
      const { flowRow, links } = rowsOf(tester);
      await tester.setConfig({ ports, flows: [flow] });
      await tester.setControlState(transmit("start"));
      await until(async () => Number((await flowRow())["frames_rx"]) > 100);
      expect(await links()).toEqual(["up", "up"]);

      await cut(tester, pair, "down");
      await until(async () => (await links()).includes("down"));
      const { frames_rx: before, transmit: state } = await flowRow();
      expect(state).toBe("started");
      await new Promise((resolve) => setTimeout(resolve, 300));
      // What was on its way when the link went may have come since.
      expect(Number((await flowRow())["frames_rx"]) - Number(before)).toBeLessThan(20);

      await cut(tester, pair, "up");
      await until(async () => (await links()).every((link) => link === "up"));
      await until(async () => Number((await flowRow())["frames_rx"]) > Number(before) + 100);
      await tester.setControlState(transmit("stop"));
      await until(async () => {
        const { frames_tx: tx, frames_rx: rx, loss } = await flowRow();
        return Math.round((Number(tx) * Number(loss)) / 100) + Number(rx) === Number(tx);
      });
      expect((await flowRow())["transmit"]).toBe("stopped");
    } finally {
      await tester.close();
    }
  });
});
