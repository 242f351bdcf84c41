/** The ports of the optional packages cap and raw-socket, where these are installed. */

import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import type { TrialSpec } from "../../src/engine/loop/trial-spec.js";
import { startGenerator } from "../../src/engine/trial/start-generator.js";
import { openPort, type Port, parsePortSpec } from "../../src/port/index.js";
import type { TrialReport } from "../../src/stats/trial-report.js";
import { fixedSize } from "../../src/units.js";
import { ip, makeNetns, makeVeth, vethPair } from "../support/netns.js";
import { defaultTraffic } from "../support/plain.js";
import { missing, skips } from "../support/probe.js";
import { runCli } from "../support/run-cli.js";

/** Ports that need packages which nobody has to install. `NODE_PATH` may lead to them: they are no dependency. */

const require = createRequire(import.meta.url);
const lacks = (name: string): string | null => {
  try {
    require(name);
    return missing("netns");
  } catch {
    return `${name} is not installed: npm install --no-save ${name}`;
  }
};

const order: TrialSpec = {
  trial: 1,
  stream: defaultTraffic,
  size: fixedSize(64),
  queues: 1,
  startSequence: 0,
  load: { kind: "paced", pps: 2_000 },
  count: 2_000,
  durationNs: Number.POSITIVE_INFINITY,
  settleNs: 500e6,
  integrity: false,
  cooperative: true,
};

/** Trials from one port to the other; `first` judges the one that warms up. */
async function expectAll(tx: Port, rx: Port, first: (report: TrialReport) => void = () => {}): Promise<void> {
  await using generator = await startGenerator({ tx, rx, cpu: null, busy: false });
  for (const [index, bytes] of [64, 64, 1500].entries()) {
    const now = { ...order, trial: index + 1, size: fixedSize(bytes) };
    const report = await generator.runTrial(now, new AbortController().signal);
    expect(report.transmit.queues[0]).toMatchObject({ published: 2_000, outstanding: 0 });
    if (index === 0) first(report);
    else expect(report.receive).toMatchObject({ accepted: 2_000, duplicate: 0, corrupt: 0 });
  }
}

const withCap = lacks("cap");
describe.skipIf(skips(withCap))(`a libpcap port${withCap === null ? "" : ` (${withCap})`}`, () => {
  it("sends and receives as a packet socket at the other end sees it, and loses nothing unseen", async () => {
    using pair = vethPair();
    const port = (kind: string, end: { readonly name: string; readonly netns: string }) =>
      openPort(parsePortSpec(`${kind}:${end.name},netns=${end.netns}`));
    await using pcap = await port("libpcap", pair.a);
    await using packet = await port("packet", pair.b);
    await expectAll(pcap, packet);
    // The first frame libpcap shows nobody; it is missing from the interface's own count, and said to be.
    await expectAll(packet, pcap, ({ receive }) => {
      expect(receive.accepted + pcap.receiveDrops!()).toBe(2_000);
      expect(receive.accepted).toBeGreaterThanOrEqual(1_999);
    });
    expect(pcap.receiveDrops!()).toBeLessThanOrEqual(1);
  });
});

const withRaw = lacks("raw-socket");
describe.skipIf(skips(withRaw))(`a raw port${withRaw === null ? "" : ` (${withRaw})`}`, () => {
  it("sends packets that the kernel routes, and receives those for the machine", async () => {
    using one = makeNetns();
    using other = makeNetns();
    makeVeth({ netns: one.name, name: "a" }, { netns: other.name, name: "b" });
    ip(one.name, "addr", "add", "198.18.0.1/24", "dev", "a");
    ip(other.name, "addr", "add", "198.18.0.254/24", "dev", "b");
    ip(other.name, "addr", "add", "198.19.0.1/32", "dev", "b");
    ip(one.name, "route", "add", "198.19.0.0/16", "via", "198.18.0.254");
    await using tx = await openPort(parsePortSpec(`raw:,netns=${one.name}`));
    await using rx = await openPort(parsePortSpec(`raw:,netns=${other.name}`));
    await expectAll(tx, rx);
  });
});

describe("ports whose package is not installed", () => {
  it.each([
    ["libpcap:lo", "cap", withCap],
    ["raw:", "raw-socket", withRaw],
  ] as const)("%s says how to install it, exit code 3", async (port, name, lacking) => {
    const args = ["--dut", "external", "--tx", port, "--sizes", "64", "--yes-this-interface"];
    const { code, stderr } = await runCli(args, { env: { NODE_PATH: "" } });
    if (lacking === null && !stderr.includes("is not installed")) return; // it is, in this checkout
    expect(`${code}: ${stderr}`).toMatch(
      new RegExp(`^3: .*the npm package ${name} is not installed; npm install --no-save ${name}@[0-9.]+ \\(apt-get`),
    );
  });
});
