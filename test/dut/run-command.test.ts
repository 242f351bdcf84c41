/** Short commands of the user's and of ours: what they print, how they end, and what is left of them. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openCounterSource } from "../../src/dut/external/source.js";
import { executeCommand } from "../../src/dut/run-command.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pktgen-command-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const plenty = 60_000;
const shell = (command: string, timeoutMs = plenty) =>
  executeCommand("/bin/sh", ["-c", command], { env: process.env, timeoutMs });
const readCounter = (command: string): Promise<bigint> =>
  openCounterSource(
    { kind: "command", text: `command:${command}`, command, pattern: /(\d+)/ },
    "--dut-counters",
  ).read();

/** Of the process that wrote its number there; a zombie has ended. */
function isAlive(file: string): boolean {
  try {
    const stat = readFileSync(`/proc/${readFileSync(file, "utf8").trim()}/stat`, "utf8");
    return !/\) [ZX] /.test(stat);
  } catch {
    return false;
  }
}

describe("a command", () => {
  it("gives what it printed, and its code", async () => {
    expect(await shell("echo out; echo err >&2; exit 3")).toEqual({
      code: 3,
      stdout: "out\n",
      stderr: "err\n",
      isCut: false,
    });
  });

  it("that is not there is null", async () => {
    expect(await executeCommand("/no/such/program", [], { env: {}, timeoutMs: plenty })).toBeNull();
  });

  it("that a signal ended has a shell's code for it, and is not taken for one that ran too long", async () => {
    expect(await shell("kill -SEGV $$")).toMatchObject({ code: 139 });
  });

  it("that prints more than 1 MiB goes on to its end, and its result says that it is cut", async () => {
    const result = await shell(`head -c 3000000 /dev/zero | tr '\\0' x; touch ${folder}/end`);
    expect(result).toMatchObject({ code: 0, isCut: true });
    expect(result?.stdout).toHaveLength(1 << 20);
    expect(existsSync(join(folder, "end"))).toBe(true);
  });

  it("that prints 1 MiB exactly is not cut", async () => {
    const result = await shell("head -c 1048576 /dev/zero | tr '\\0' x");
    expect(result).toMatchObject({ code: 0, isCut: false });
    expect(result?.stdout).toHaveLength(1 << 20);
  });

  it("that does not end in time is killed with what it started", async () => {
    const child = join(folder, "child");
    const result = await shell(`sleep 600 & echo $! > ${child}.part; mv ${child}.part ${child}; wait`, 5_000);
    expect(result).toMatchObject({ code: null });
    expect(existsSync(child)).toBe(true);
    // The kernel ends it on its own processor.
    for (let looks = 0; looks < 200 && isAlive(child); looks++) await sleep(10);
    expect(isAlive(child)).toBe(false);
  });

  it("ends when its caller is interrupted", async () => {
    const stop = new AbortController();
    const options = { env: process.env, timeoutMs: plenty, signal: stop.signal };
    const running = executeCommand("/bin/sh", ["-c", "sleep 600; true"], options);
    stop.abort();
    expect(await running).toMatchObject({ code: null });
  });

  it("that has ended leaves alone what it left running", async () => {
    const child = join(folder, "child");
    expect(await shell(`sleep 600 & echo $! > ${child}`, 3_000)).toMatchObject({ code: 0 });
    expect(isAlive(child)).toBe(true);
    process.kill(Number(readFileSync(child, "utf8")), "SIGKILL");
  });
});

describe("a counter that a command prints", () => {
  it("is its number", async () => {
    expect(await readCounter("echo 12345")).toBe(12345n);
  });

  it("is refused, with the reason, where the command prints more than is kept", async () => {
    await expect(readCounter("yes 7 | head -c 2000000")).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining("it printed more than 1 MiB"),
    });
  });
});
