/** Files that results go to: whole or as they were, and pipes that nobody reads. */
import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { reportChoice } from "../../src/cli/output/report-choice.js";
import { checkResultFiles, writeResultFile } from "../../src/cli/output/result-file.js";
import { ownerOf } from "../../src/sys/owner.js";
import { describeLab } from "../support/probe.js";
import { reportFiles } from "../support/report-files.js";
import { runCli } from "../support/run-cli.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "result-files-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
const write = (name: string, text: string): void => writeResultFile({ option: "--json", path: at(name) }, text);

describe("a result file", () => {
  it("is replaced with the rights it had, and nothing is left beside it", () => {
    writeFileSync(at("r.json"), "old");
    chmodSync(at("r.json"), 0o640);
    const before = statSync(at("r.json")).ino;
    write("r.json", "new");
    expect(readFileSync(at("r.json"), "utf8")).toBe("new");
    expect(statSync(at("r.json")).mode & 0o777).toBe(0o640);
    expect(statSync(at("r.json")).ino).not.toBe(before);
    expect(readdirSync(folder)).toEqual(["r.json"]);
  });

  it("behind a link is replaced, and the link stays; so does one that leads to nothing yet", () => {
    mkdirSync(at("there"));
    writeFileSync(at("there/r.json"), "old");
    symlinkSync("there/r.json", at("link"));
    symlinkSync("there/none.json", at("dangling"));
    write("link", "new");
    write("dangling", "fresh");
    expect(lstatSync(at("link")).isSymbolicLink()).toBe(true);
    expect(readFileSync(at("there/r.json"), "utf8")).toBe("new");
    expect(readFileSync(at("there/none.json"), "utf8")).toBe("fresh");
  });

  it("does not touch other names of the old file", () => {
    writeFileSync(at("r.json"), "old");
    linkSync(at("r.json"), at("kept"));
    write("r.json", "new");
    expect(readFileSync(at("kept"), "utf8")).toBe("old");
  });

  it("of a device is written to the device", () => {
    expect(() => writeResultFile({ option: "--json", path: "/dev/null" }, "x")).not.toThrow();
    expect(() => writeResultFile({ option: "--json", path: "/dev/full" }, "x")).toThrow(/no space left/);
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
  });

  it("that a killed run left half written is removed by the next, and one that lives keeps its own", async () => {
    const child = spawn("true");
    const dead = ownerOf(child.pid ?? 0);
    await new Promise((resolve) => child.once("exit", resolve));
    writeFileSync(at(`.r.json.pktgen-ts-${dead}`), "half");
    const parent = ownerOf(process.ppid);
    writeFileSync(at(`.r.json.pktgen-ts-${parent}`), "half");
    writeFileSync(at(".r.json.pktgen-ts-notes"), "somebody's");
    write("r.json", "new");
    expect(readdirSync(folder).sort()).toEqual(
      [`.r.json.pktgen-ts-${parent}`, ".r.json.pktgen-ts-notes", "r.json"].sort(),
    );
  });
});

describeLab("a disk that is full", ["root"], () => {
  it("leaves the old file as it was", () => {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=8k", "tmpfs", folder]);
    try {
      write("state.json", "old");
      expect(() => write("state.json", "x".repeat(20_000))).toThrow(/no space left on the device/);
      expect(readFileSync(at("state.json"), "utf8")).toBe("old");
      expect(readdirSync(folder)).toEqual(["state.json"]);
    } finally {
      execFileSync("umount", [folder]);
    }
  });

  it("does not end a soak, which says so once and gives its report", { timeout: 60_000 }, async () => {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4k", "tmpfs", folder]);
    const report = join(tmpdir(), `soak-${process.pid}.json`);
    try {
      writeFileSync(at("filler"), "x".repeat(4096));
      const args = ["soak", "--sizes", "64", "--load", "10kpps", "--for", "60ms", "--piece", "20ms", "--warmup", "1ms"];
      const { code, stderr } = await runCli([...args, "--state", at("state.json"), "--json", report], {
        timeoutMs: 55_000,
      });
      expect(stderr.match(/state\.json could not be written: no space left on the device/g)).toHaveLength(1);
      expect([0, 1, 4]).toContain(code);
      const { soak } = JSON.parse(readFileSync(report, "utf8")) as { soak: { intervals: unknown[] } };
      expect(soak.intervals.length).toBeGreaterThan(1);
      expect(existsSync(at("state.json"))).toBe(false);
    } finally {
      execFileSync("umount", [folder]);
      rmSync(report, { force: true });
    }
  });
});

it("a soak's state is taken up again on the same setup, and refused on another", { timeout: 120_000 }, async () => {
  const soak = (...more: string[]): ReturnType<typeof runCli> =>
    runCli(["soak", "--sizes", "64", "--load", "10kpps", "--piece", "20ms", "--warmup", "1ms", ...more], {
      timeoutMs: 50_000,
    });
  const resumed = (): number =>
    (JSON.parse(readFileSync(at("state.json"), "utf8")) as { soak: { resumed: number } }).soak.resumed;
  await soak("--for", "40ms", "--state", at("state.json"));
  expect(resumed()).toBe(0);
  await soak("--for", "80ms", "--state", at("state.json"), "--resume", at("state.json"));
  expect(resumed()).toBe(1);
  const other = await soak("--for", "80ms", "--flows", "7", "--resume", at("state.json"));
  expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining("is of other traffic") });
});

describe("a pipe for results", () => {
  it.each(reportFiles)("that nobody reads is refused before anything is sent: $option", ({ name }) => {
    execFileSync("mkfifo", [at("fifo")]);
    expect(() => reportChoice({ [name]: at("fifo") })).toThrow(/is a pipe that nobody reads/);
  });

  it.each([
    ["run", ["--record-tx"]],
    ["ndr", ["ndr", "--record-rx"]],
    ["send", ["send", "null:", "--count", "10", "--record-tx"]],
    ["receive", ["receive", "null:", "--record-rx"]],
    ["replay", ["replay", "no.pcap", "--tx", "null:", "--record-tx"]],
    ["plan", ["plan", "profiles/plans/virtio-user-no-huge.yaml", "--record-rx"]],
  ])("that nobody reads is refused for a capture, too: %s", async (_, args) => {
    execFileSync("mkfifo", [at("fifo")]);
    const { code, stdout, stderr } = await runCli([...args, at("fifo")]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^pktgen-ts: --record-[tr]x: \S+fifo is a pipe that nobody reads; accepted: [^\n]*\n$/);
  });

  it("of the command", async () => {
    execFileSync("mkfifo", [at("fifo")]);
    const { code, stdout, stderr } = await runCli(["--sizes", "64", "--count", "100", "--json", at("fifo")]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^pktgen-ts: --json: \S+fifo is a pipe that nobody reads; accepted: [^\n]*\n$/);
  });

  it("whose reader is there gets the whole document, whatever the pipe holds at once", async () => {
    execFileSync("mkfifo", [at("fifo")]);
    const reader = spawn("sh", ["-c", `wc -c < ${at("fifo")}`], { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    reader.stdout.on("data", (piece) => {
      text += piece;
    });
    const ended = new Promise((resolve) => reader.once("close", resolve));
    const file = { option: "--json", path: at("fifo") };
    while (!isTaken(file)) await new Promise((resolve) => setTimeout(resolve, 10));
    // More than the pipe takes (64 KiB): the reader is another process.
    writeResultFile(file, "x".repeat(1_000_000));
    await ended;
    expect(text.trim()).toBe("1000000");
  });
});

/** Its reader has opened it. */
function isTaken(file: { readonly option: string; readonly path: string }): boolean {
  try {
    checkResultFiles([file]);
    return true;
  } catch {
    return false;
  }
}

describe("input from a pipe that nobody writes into", () => {
  it.each([
    [["soak", "--resume"]],
    [["merge", "/dev/null"]],
    [["diff", "/dev/null"]],
    [["--sizes", "64", "--baseline"]],
  ])("%j ends at the first signal", async (args) => {
    execFileSync("mkfifo", [at("fifo")]);
    const result = await runCli([...args, at("fifo")], {
      timeoutMs: 20_000,
      during: (child) => {
        // Until it waits: it has nothing to say before.
        const timer = setInterval(() => child.kill("SIGINT"), 300);
        child.once("exit", () => clearInterval(timer));
      },
    });
    expect([130, "SIGINT"]).toContain(result.code ?? result.signal);
  });
});
