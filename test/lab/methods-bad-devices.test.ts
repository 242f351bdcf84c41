/**
 * Every method behind a device from which nothing comes back whole: never a pass. The trials are shorter than those
 * behind a device that forwards, as nothing has to arrive in time.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { resultSchema } from "../../src/result/run-schema.js";
import { checkEquations } from "../../src/stats/index.js";
import { runCli } from "../support/run-cli.js";
import { methodCommand, methodNames, verdictCodes } from "./method-commands.js";

const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-methods-bad-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each([
  ["damages every frame", "embedded,corrupt=100%"],
  ["loses every frame", "embedded,loss=100%"],
] as const)("behind a device that %s", (_, device) => {
  it.each(methodNames)(
    "%s is no pass, and its JUnit file is not green",
    async (name) => {
      const [file, junit] = [join(folder, `${name}-bad.json`), join(folder, `${name}-bad.xml`)];
      const outputs = ["--json", file, "--junit", junit];
      const { code, stderr } = await runCli(
        [...methodCommand(name, 100), "--settle", "50ms", "--dut", device, ...outputs],
        { timeoutMs: 90_000 },
      );
      const result = resultSchema.parse(JSON.parse(readFileSync(file, "utf8")));
      expect(result.verdict, stderr).not.toBe("pass");
      expect(code).toBe(verdictCodes[result.verdict]);
      for (const trial of result.trials) expect(checkEquations(trial)).toEqual([]);
      const [, failures, errors] = /<testsuites[^>]* failures="(\d+)" errors="(\d+)"/.exec(
        readFileSync(junit, "utf8"),
      )!;
      expect(Number(failures) + Number(errors)).toBeGreaterThan(0);
    },
    120_000,
  );
});
