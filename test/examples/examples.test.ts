/** Every example is type-checked as its reader would have it, against the built package, and runs. */
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { builtMain } from "../support/run-cli.js";

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);
const timeoutMs = 120_000;

async function node(...args: readonly string[]): Promise<string> {
  builtMain();
  const { stdout } = await run(process.execPath, [...args], { cwd: root, timeout: timeoutMs });
  return stdout;
}

const programs = readdirSync(join(root, "examples")).filter((name) => /^[a-z]+\.ts$/.test(name));

/** A word that the example prints when it has done its work. */
const prints: Readonly<Record<string, string>> = {
  "captures.ts": "behind a router: pass",
  "ndr.ts": "64 bytes, NDR:",
  "streams.ts": "voice:",
};

it(
  "are of the right types",
  async () => {
    await node("node_modules/typescript/bin/tsc", "-p", "examples/tsconfig.json");
  },
  timeoutMs,
);

it.each(programs)(
  "%s runs",
  async (name) => {
    expect(await node("--import", "tsx", `examples/${name}`)).toContain(prints[name]);
  },
  timeoutMs,
);

it(
  "forwarding.test.ts passes",
  async () => {
    const reported = await node(
      "node_modules/vitest/vitest.mjs",
      ...["run", "--config", "examples/vitest.config.ts", "--reporter", "json"],
    );
    expect(JSON.parse(reported)).toMatchObject({ success: true, numPassedTests: 4 });
  },
  timeoutMs,
);
