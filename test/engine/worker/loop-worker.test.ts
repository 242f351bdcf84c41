/** The worker thread runs trial after trial with a real peer. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EmbeddedPart } from "../../../src/dut/index.js";
import type { TrialSpec } from "../../../src/engine/loop/trial-spec.js";
import type { Generator } from "../../../src/engine/trial/generator.js";
import { startGenerator } from "../../../src/engine/trial/start-generator.js";
import { openPort, type Port, parsePortSpec } from "../../../src/port/index.js";
import { defaultPlainTraffic } from "../../../src/stream/spec.js";
import { fixedSize } from "../../../src/units.js";
import { defaultTraffic } from "../../support/plain.js";
import { startEcho } from "./echo-part.js";

/** Real threads, real sockets, real shared memory: the generator's worker against an embedded part. */

const spec: TrialSpec = {
  trial: 1,
  stream: defaultTraffic,
  size: fixedSize(64),
  queues: 1,
  startSequence: 0,
  load: { kind: "paced", pps: 20_000 },
  count: 2_000,
  durationNs: Number.POSITIVE_INFINITY,
  settleNs: 500e6,
  integrity: false,
  cooperative: true,
};

const never = new AbortController().signal;

describe("a loop worker", () => {
  let directory = "";
  const open: AsyncDisposable[] = [];
  const keep = <T extends AsyncDisposable>(part: T): T => {
    open.push(part);
    return part;
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "pktgen-test-"));
  });

  afterEach(async () => {
    for (const part of open.splice(0).toReversed()) await part[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true });
  });

  const keepEcho = async (): Promise<EmbeddedPart> => keep(await startEcho(`${directory}/echo.sock`));

  const startOn = async (text: string): Promise<{ port: Port; generator: Generator }> => {
    const port = keep(await openPort(parsePortSpec(text), { maxFrameBytes: 1518 }));
    await port.ready(5_000);
    const generator = keep(await startGenerator({ tx: port, rx: null, cpu: null, busy: false }));
    return { port, generator };
  };

  it("runs trial after trial on one thread, and its counters say so", async () => {
    const echo = await keepEcho();
    const { generator } = await startOn(`virtio-user:${directory}/echo.sock`);
    for (const trial of [1, 2, 3]) {
      const { receive } = await generator.runTrial({ ...spec, trial }, never);
      expect(receive.accepted).toBe(2_000);
      expect(generator.progress()?.accepted).toBe(2_000);
      expect(generator.progress()?.phase).toBe("done");
    }
    expect(echo.counters()[0]?.rxPackets).toBe(6_000);
  });

  it("ends an endless trial when it is told to", async () => {
    await keepEcho();
    const { generator } = await startOn(`virtio-user:${directory}/echo.sock`);
    const stop = new AbortController();
    const running = generator.runTrial({ ...spec, count: null }, stop.signal);
    while ((generator.progress()?.published ?? 0) < 100) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort();
    const { transmit, receive } = await running;
    expect(transmit.cutShort).toBe("stopped");
    expect(receive.accepted).toBe(transmit.queues[0]?.published);
  });

  it("survives its peer: the trial ends, and the next one runs with the peer that came back", async () => {
    const first = await keepEcho();
    const { port, generator } = await startOn(`virtio-user:${directory}/echo.sock`);
    const running = generator.runTrial({ ...spec, count: null }, never);
    while ((generator.progress()?.published ?? 0) < 100) await new Promise((resolve) => setTimeout(resolve, 5));
    await first[Symbol.asyncDispose]();
    expect((await running).transmit.cutShort).toBe("peer gone");
    await keepEcho();
    await port.ready(5_000);
    const { receive } = await generator.runTrial({ ...spec, trial: 2 }, never);
    expect(receive.accepted).toBe(2_000);
  });

  it("discards into a null port, and nothing comes back", async () => {
    const { generator } = await startOn("null:");
    const { transmit, receive } = await generator.runTrial(
      { ...spec, load: { kind: "max" }, count: 10_000, settleNs: 1e6 },
      never,
    );
    expect(transmit.queues[0]).toMatchObject({ published: 10_000, outstanding: 0 });
    expect(receive.received).toBe(0);
  });

  it("refuses a command that cannot be carried out, with the job's sentence, and goes on", async () => {
    const { generator } = await startOn("null:");
    const stream = { ...defaultTraffic, plain: { ...defaultPlainTraffic, srcMac: "nonsense" } };
    await expect(generator.runTrial({ ...spec, stream }, never)).rejects.toThrow(/nonsense/);
    const { transmit } = await generator.runTrial({ ...spec, load: { kind: "max" }, count: 10, settleNs: 1e6 }, never);
    expect(transmit.queues[0]?.published).toBe(10);
  });
});
