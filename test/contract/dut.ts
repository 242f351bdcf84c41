/**
 * What every device under test must do that this program starts: it says what it is, has ports that a generator can
 * open, counts from the beginning, starts anew at the same ports, and leaves nothing. A device is added by one case.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Dut, DutSetup } from "../../src/dut/index.js";
import { parsePortSpec } from "../../src/port/index.js";
import { describeLab, type Need } from "../support/probe.js";

export interface DutCase {
  readonly name: string;
  readonly needs: readonly Need[];
  readonly queues: number;
  readonly start: (setup: DutSetup) => Promise<Dut>;
}

const timeout = 60_000;

export function dutContract({ name, needs, queues, start }: DutCase): void {
  describeLab(`${name}, ${queues} queues`, needs, () => {
    let directory = "";
    beforeEach(() => {
      directory = mkdtempSync(join(tmpdir(), "dut-contract-"));
    });
    afterEach(() => rmSync(directory, { recursive: true, force: true }));
    const begin = (signal?: AbortSignal): Promise<Dut> =>
      start({ queues, maxFrameBytes: 1518, busy: false, directory, signal });

    it("says what it is, always the same", { timeout }, async () => {
      await using dut = await begin();
      const facts = dut.describe();
      expect(facts).toMatchObject({ kind: dut.kind, queues });
      expect(facts.topology).not.toBe("");
      expect(dut.describe()).toEqual(facts);
      expect(dut.settleNs).toBeGreaterThan(0);
      expect(dut.growthBytes).toBeGreaterThanOrEqual(0);
    });

    it("has one port or two for the generator, which can be opened as they are said", { timeout }, async () => {
      await using dut = await begin();
      expect([1, 2]).toContain(dut.generatorPorts.length);
      for (const text of dut.generatorPorts) expect(parsePortSpec(text)).toMatchObject({ queues });
    });

    it("lives, and has done nothing wrong on purpose before a trial", { timeout }, async () => {
      await using dut = await begin();
      await dut.resetForTrial(1);
      expect(dut.alive()).toBeNull();
      const injected = await dut.injected();
      if (injected !== null) expect(Object.values(injected).every((count) => count === 0)).toBe(true);
    });

    it("names its hops, or has none to count yet; a count never falls", { timeout }, async () => {
      await using dut = await begin();
      const [before, after] = [await dut.readHops(), await dut.readHops()];
      expect(after === null).toBe(before === null);
      if (before === null || after === null) return;
      expect(new Set(before.map((hop) => hop.name)).size).toBe(before.length);
      for (const [i, hop] of after.entries()) {
        expect(hop.queues.map(({ queue }) => queue)).toEqual(Array.from({ length: queues }, (_, queue) => queue));
        for (const [k, { rxPackets, txPackets }] of hop.queues.entries()) {
          expect(rxPackets).toBeGreaterThanOrEqual(before[i]!.queues[k]!.rxPackets);
          expect(txPackets).toBeGreaterThanOrEqual(before[i]!.queues[k]!.txPackets);
        }
      }
    });

    it("starts anew at the same ports, where it can", { timeout }, async () => {
      await using dut = await begin();
      const ports = [...dut.generatorPorts];
      await dut.restart?.();
      expect(dut.generatorPorts).toEqual(ports);
      expect(dut.alive()).toBeNull();
    });

    it("keeps evidence under names that are good for files, each once", { timeout }, async () => {
      await using dut = await begin();
      const names = dut.evidence().map((each) => each.name);
      expect(new Set(names).size).toBe(names.length);
      for (const each of names) expect(each).toMatch(/^[\w.-]+$/);
    });

    it("leaves nothing when it is closed, and may be closed twice", { timeout }, async () => {
      const dut = await begin();
      await dut[Symbol.asyncDispose]();
      await dut[Symbol.asyncDispose]();
      expect(readdirSync(directory)).toEqual([]);
    });
  });
}
