/**
 * Every method on every kind of device: testpmd, two directions, two queues, a profile of several streams. Short, and
 * at loads that a busy machine offers. How well it does decides whether trials can be used; whether the numbers add up,
 * it does not.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EmbeddedPart, startEmbeddedPart } from "../../src/dut/index.js";
import { resultSchema } from "../../src/result/run-schema.js";
import { checkEquations } from "../../src/stats/index.js";
import { describeLab } from "../support/probe.js";
import { runCli } from "../support/run-cli.js";
import { type MethodName, methodCommand, methodNames, verdictCodes } from "./method-commands.js";

const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-methods-lab-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const trialMs = 300;
const short = ["--settle", "300ms"];
/** Where pollers that never give way share CPUs, frames take their time: RFC 2544 §23. */
const patient = ["--settle", "2s"];

interface Expected {
  readonly queues: number;
  readonly directions: number;
}

async function measure(name: MethodName, device: readonly string[], expected: Expected): Promise<void> {
  const file = join(folder, `${name}.json`);
  const args = [...methodCommand(name, trialMs), ...short, ...device, "--json", file];
  const { code, stderr } = await runCli(args, { timeoutMs: 90_000 });
  expect([0, 1, 4], stderr).toContain(code);
  const result = resultSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  expect(code).toBe(verdictCodes[result.verdict]);
  expect(result.trials.length).toBeGreaterThanOrEqual(expected.directions);
  for (const trial of result.trials) {
    expect(checkEquations(trial)).toEqual([]);
    expect(trial.unaccounted ?? 0, trial.ledger.join("; ")).toBe(0);
    expect(trial.queuesSeen).toHaveLength(expected.queues);
    expect(trial.accepted, trial.phase).toBeGreaterThan(0);
  }
  const directions = new Set(result.trials.map(({ direction }) => direction ?? "forward"));
  expect(directions.size).toBe(expected.directions);
}

describeLab("a method on real testpmd", ["testpmd"], () => {
  it.each(methodNames)(
    "%s",
    (name) => measure(name, ["--dut", "testpmd,container=none", ...patient], { queues: 1, directions: 1 }),
    120_000,
  );
});

describe("a method in two directions", () => {
  let host: EmbeddedPart;
  const socket = (side: string): string => join(folder, `${side}.sock`);

  beforeAll(async () => {
    const ports = [`vhost:${socket("a")}`, `vhost:${socket("b")}`];
    const common = { mode: "io" as const, faults: null, maxFrameBytes: 1518, seed: 1, cpu: null, busy: false };
    host = await startEmbeddedPart({ part: "host", ports, ...common });
  });
  afterAll(() => host[Symbol.asyncDispose]());

  it.each(methodNames)(
    "%s",
    (name) => {
      const ports = ["--tx", `virtio-user:${socket("a")}`, "--rx", `virtio-user:${socket("b")}`];
      return measure(name, ["--dut", "external", ...ports, "--bidirectional"], { queues: 1, directions: 2 });
    },
    120_000,
  );
});

describe("a method over two queues with a profile of several streams", () => {
  it.each(methodNames)(
    "%s",
    (name) => {
      const profile = join(import.meta.dirname, "../../profiles/ip-in-ip.yaml");
      return measure(name, ["--queues", "2", "--profile", profile], { queues: 2, directions: 1 });
    },
    120_000,
  );
});
