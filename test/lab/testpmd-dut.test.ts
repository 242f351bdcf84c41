/** The whole device from inside: what the methods read of it before, in and after a trial. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { parseTestpmdOptions, startTestpmdDut } from "../../src/dut/index.js";
import { describeLab } from "../support/probe.js";

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "lab-"));
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

describeLab("the device of two testpmds", ["testpmd"], () => {
  it("has no counters before a generator is there, can be sampled, keeps evidence, and says who died", async () => {
    const setup = { queues: 2, maxFrameBytes: 1518, directory: scratch };
    await using dut = await startTestpmdDut(parseTestpmdOptions("container=none,ring=packed-mergeable"), setup);
    expect(dut.generatorPorts).toEqual([
      expect.stringMatching(/^virtio-user:.*gen\.sock,queues=2,ring=packed,size=1024$/),
    ]);
    expect(dut.describe()).toMatchObject({
      kind: "testpmd",
      queues: 2,
      options: ["container=none", "ring=packed-mergeable"],
    });
    expect(dut.alive()).toBeNull();
    expect(await dut.readHops()).toBeNull();
    expect(await dut.sample()).toMatchObject({ rxPackets: 0, txPackets: 0 });
    expect(dut.evidence().map(({ name }) => name)).toEqual(["host-testpmd", "container-testpmd"]);
    for (const { text } of dut.evidence()) expect(text).toMatch(/\$ start\n[\s\S]*io packet forwarding - ports=/);

    dut.container.kill("SIGKILL");
    await expect(dut.container.run("show port info 0")).rejects.toThrow();
    expect(dut.alive()).toMatch(/^the container's testpmd ended by SIGKILL/);
    expect(await dut.readHops()).toBeNull();
    expect(await dut.sample()).toBeNull();
  });

  it("leaves nothing behind when its start is interrupted, at whatever moment", { timeout: 60_000 }, async () => {
    for (const afterMs of [0, 50, 300, 450]) {
      const setup = { queues: 1, maxFrameBytes: 1518, directory: scratch, signal: AbortSignal.timeout(afterMs) };
      const started = await startTestpmdDut(parseTestpmdOptions("container=none"), setup).catch(() => null);
      await started?.[Symbol.asyncDispose]();
      expect(readdirSync(scratch)).toEqual([]);
    }
  });
});
