/** The folder of the embedded device's sockets goes with its process, whatever ends that. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const built = join(import.meta.dirname, "../../dist/dut/index.js");

/** A program that starts the embedded device, says so, and waits. */
const program = (more: string): string => `
  const { parseEmbeddedOptions, startEmbeddedDut } = await import(${JSON.stringify(built)});
  const directory = process.env.TEST_DIRECTORY;
  await startEmbeddedDut(parseEmbeddedOptions(""), { queues: 1, maxFrameBytes: 1518, busy: false, directory });
  ${more}
  console.log("started");
  setInterval(() => {}, 1000);
`;

let root: string;
/** Where the device makes its own. */
let directory: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "dut-test-"));
  directory = join(root, "run");
  mkdirSync(directory);
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

/** Runs it until it has started, then does this to it; resolves with how it ended and what its directory held meanwhile. */
function ended(
  text: string,
  end: (pid: number) => void,
): Promise<{ code: number | null; signal: string | null; held: number }> {
  return new Promise((resolve, reject) => {
    const file = join(root, "program.mjs");
    writeFileSync(file, text);
    const child = spawn(process.execPath, [file], {
      env: { ...process.env, TEST_DIRECTORY: directory },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let held = 0;
    child.stdout.once("data", () => {
      held = readdirSync(directory).length;
      end(child.pid!);
    });
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve({ code, signal, held }));
  });
}

describe("the sockets' directory goes with the process", () => {
  it("was built", () => {
    expect(existsSync(built)).toBe(true);
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("that %s ends, which is seen as ended by it", async (signal) => {
    expect(await ended(program(""), (pid) => process.kill(pid, signal))).toEqual({ code: null, signal, held: 1 });
    expect(readdirSync(directory)).toEqual([]);
  });

  it("that exits without disposing it", async () => {
    const exits = "process.on('SIGUSR2', () => process.exit(7));";
    expect(await ended(program(exits), (pid) => process.kill(pid, "SIGUSR2"))).toEqual({
      code: 7,
      signal: null,
      held: 1,
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  it("that ends by an uncaught error", async () => {
    const fails =
      "process.on('uncaughtException', () => process.exit(9)); process.on('SIGUSR2', () => { throw new Error('x'); });";
    expect(await ended(program(fails), (pid) => process.kill(pid, "SIGUSR2"))).toMatchObject({ code: 9, held: 1 });
    expect(readdirSync(directory)).toEqual([]);
  });

  it("but a program's own handler decides when it ends", async () => {
    const own = "process.on('SIGTERM', () => setTimeout(() => process.exit(5), 50));";
    expect(await ended(program(own), (pid) => process.kill(pid, "SIGTERM"))).toMatchObject({ code: 5, signal: null });
    expect(readdirSync(directory)).toEqual([]);
  });
});
