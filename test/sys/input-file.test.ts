/** Input files that are no ordinary files, and ones that never end. */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readInputFile, readInputText, readJsonDocument, unreadableBecause } from "../../src/sys/input-file.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "input-file-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bounds = { mostBytes: 100_000, patienceMs: 100 };

function fifo(name: string): string {
  const path = join(folder, name);
  execFileSync("mkfifo", [path]);
  return path;
}

/** Why it is refused. */
function reason(path: string, of = bounds): string {
  try {
    readInputFile(path, of);
  } catch (error) {
    return unreadableBecause(error);
  }
  return "it is read";
}

describe("an input file", () => {
  it("is read whole, up to the bound and not a byte more", () => {
    const path = join(folder, "plain");
    writeFileSync(path, Buffer.alloc(bounds.mostBytes, "x"));
    expect(readInputFile(path, bounds).length).toBe(bounds.mostBytes);
    expect(reason(path, { ...bounds, mostBytes: bounds.mostBytes - 1 })).toBe("is longer than 99,999 bytes");
  });

  it("of no bytes is empty", () => {
    const path = join(folder, "empty");
    writeFileSync(path, "");
    expect(readInputText(path, bounds)).toBe("");
  });

  it("of /proc, whose size is said to be 0, is read", () => {
    expect(readInputText("/proc/self/status", bounds)).toContain("Pid:");
  });

  it("without an end is refused at the bound", () => {
    expect(reason("/dev/zero")).toBe("is longer than 100,000 bytes");
  });

  it("that is not there, a folder, or a socket is refused in words", async () => {
    expect(reason(join(folder, "nowhere"))).toBe("does not exist");
    mkdirSync(join(folder, "folder"));
    expect(reason(join(folder, "folder"))).toBe("is a folder");
    const socket = join(folder, "socket");
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    expect(reason(socket)).toBe("is a socket");
    server.close();
  });
});

describe("a pipe", () => {
  it("that nobody writes into is refused after a while", () => {
    expect(reason(fifo("silent"))).toBe("is a pipe into which nobody wrote for 0.1 s");
  });

  it("is waited for, and read to its writer's end however slowly that writes", async () => {
    const path = fifo("slow");
    const writer = spawn("sh", ["-c", `sleep 0.2; (printf one; sleep 0.2; printf two) > ${path}`]);
    const ended = new Promise((resolve) => writer.once("exit", resolve));
    expect(readInputText(path, { ...bounds, patienceMs: 20_000 })).toBe("onetwo");
    await ended;
  });

  it("leaves the handlers of signals as they were", () => {
    const handler = (): void => {};
    process.on("SIGHUP", handler);
    expect(reason(fifo("handlers"))).toMatch(/nobody wrote/);
    expect(process.rawListeners("SIGHUP")).toContain(handler);
    process.off("SIGHUP", handler);
  });
});

describe("a JSON document", () => {
  it("is refused with where it was named and what is accepted", () => {
    const path = join(folder, "no.json");
    writeFileSync(path, "{");
    expect(() => readJsonDocument(path, "--resume", "a state")).toThrow(`${path} is no JSON`);
    expect(() => readJsonDocument(join(folder, "none"), "--resume", "a state")).toThrow("none does not exist");
  });
});
