/** How the command ends where its environment lacks something, and that a second signal always ends it. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { describeFailure } from "../../src/cli/output/failure.js";
import { makePrivateDirectory } from "../../src/dut/embedded/directory.js";
import { ResultsFolder } from "../../src/labplan/evidence.js";
import { makeFolders } from "../../src/sys/folder.js";
import { ownerOf } from "../../src/sys/owner.js";
import { builtMain, type CliOptions, type CliResult, runCli } from "../support/run-cli.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ending-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const small = ["--sizes", "64", "--count", "100", "--rate", "10kpps", "--warmup", "1ms"];

/** Under what a shell sets first, e.g. a limit. */
function inShell(first: string, args: readonly string[]): CliResult {
  const script = `${first}; exec "$0" "$@" 2>&1`;
  try {
    const stdout = execFileSync("bash", ["-c", script, process.execPath, builtMain(), ...args], {
      encoding: "utf8",
      timeout: 60_000,
      killSignal: "SIGKILL",
      env: { ...process.env, NO_COLOR: "1", TMPDIR: folder },
    });
    return { code: 0, signal: null, stdout, stderr: "" };
  } catch (error) {
    const { status, signal, stdout } = error as { status: number; signal: NodeJS.Signals; stdout: string };
    return { code: status, signal, stdout, stderr: "" };
  }
}

describe("what the environment lacks is said, and is no bug", () => {
  it.each([
    [
      "files, from the start",
      "ulimit -n 24",
      /^pktgen-ts: this process may not open more files \(open: EMFILE\); ulimit -n/,
    ],
    ["files, later on", "ulimit -n 72", /^pktgen-ts: this process may not open more files \([^)]*EMFILE\); ulimit -n/],
    [
      "address space",
      "ulimit -v 5767168",
      /^pktgen-ts: this process may use 5\.5 GiB of address space, and 8 are needed; ulimit -v/,
    ],
  ])("%s", (_what, limit, sentence) => {
    const { code, stdout } = inShell(limit, small);
    expect(stdout).toMatch(sentence);
    expect(stdout.trim().split("\n")).toHaveLength(1);
    expect(code).toBe(3);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("the folder that it was started in", () => {
    const { code, stdout } = inShell(`mkdir ${folder}/gone && cd ${folder}/gone && rmdir ${folder}/gone`, small);
    expect(stdout).toMatch(/^pktgen-ts: the folder that this was started in is gone; cd to one that exists\n$/);
    expect(code).toBe(3);
  });

  it("a results folder in /proc", async () => {
    const args = ["plan", "profiles/plans/virtio-user-no-huge.yaml", "--results", "/proc/1/results"];
    const { code, stderr } = await runCli(args);
    expect(stderr).toMatch(/^pktgen-ts: --results: evidence cannot be kept in \/proc\/1\/results: ENOENT; accepted/);
    expect(code).toBe(3);
  });

  it.each([
    [{ code: "ERR_WORKER_INIT_FAILED" }, /no more threads can be made \(ERR_WORKER_INIT_FAILED\); raise ulimit -u/],
    [{ code: "EAGAIN", syscall: "spawn sh" }, /no more threads can be made \(spawn sh: EAGAIN\); raise ulimit -u/],
    [{ code: "ENFILE", syscall: "open" }, /this machine has no more files to open \(open: ENFILE\)/],
    [{ code: "ENOMEM", syscall: "spawn sh" }, /there is not enough memory \(spawn sh: ENOMEM\)/],
  ])("%j", (code, sentence) => {
    const failure = describeFailure(Object.assign(new Error("x"), code), false);
    expect(failure.text).toMatch(sentence);
    expect(failure.exitCode).toBe(3);
  });

  it("but an EAGAIN of something else is a bug", () => {
    const failure = describeFailure(Object.assign(new Error("x"), { code: "EAGAIN", syscall: "write" }), false);
    expect(failure).toMatchObject({ exitCode: 4, text: expect.stringContaining("this is a bug") });
  });
});

describe("makeFolders", () => {
  it("makes what is missing, and says where it began", () => {
    expect(makeFolders(join(folder, "a/b/c"))).toBe(join(folder, "a"));
    expect(makeFolders(join(folder, "a/b/c"))).toBeNull();
    expect(existsSync(join(folder, "a/b/c"))).toBe(true);
  });

  it("ends with the kernel's word where that refuses a folder below one that is there", () => {
    expect(() => makeFolders("/proc/1/x")).toThrow(/ENOENT/);
  });

  it("refuses what is a file", () => {
    writeFileSync(join(folder, "file"), "");
    expect(() => makeFolders(join(folder, "file"))).toThrow(/EEXIST/);
    expect(() => makeFolders(join(folder, "file/below"))).toThrow(/EEXIST|ENOTDIR/);
  });
});

/** A program that stops at the first signal, and whose thread is in a system call that nothing ends. */
const heldProgram = (main: string, held: string): string => `
  import { watchInterrupts } from ${JSON.stringify(join(main, "../output/interrupt.js"))};
  import { endOnSignals } from ${JSON.stringify(join(main, "../output/ending.js"))};
  import ${JSON.stringify(join(main, "../../sys/libc.js"))};
  import { Worker } from "node:worker_threads";
  import { writeFileSync } from "node:fs";
  endOnSignals(() => null);
  setInterval(() => {}, 1_000);
  const interrupt = watchInterrupts(new AbortController().signal, () => process.stdout.write("stopping\\n"));
  process.on("exit", () => { throw new Error("one that fails does not keep the others from running"); });
  process.on("exit", (code) => writeFileSync(process.env.MARK, String(code)));
  const thread = new Worker(${JSON.stringify(`require("node:fs").openSync(${JSON.stringify(held)})`)}, { eval: true });
  thread.on("online", () => process.stdout.write("held\\n"));
  interrupt.signal.addEventListener("abort", () => void thread.terminate());
`;

describe("a signal", () => {
  it.each([
    ["SIGINT", ["SIGINT", "SIGINT"], 130],
    ["SIGTERM after SIGINT", ["SIGINT", "SIGTERM"], 130],
    ["SIGQUIT alone", ["SIGQUIT"], 131],
  ] as const)(
    "%s ends a process whose thread is held by the kernel, and what has to be undone is",
    async (_name, signals, expected) => {
      const held = join(folder, "fifo");
      execFileSync("mkfifo", [held]);
      const program = join(folder, "program.mjs");
      writeFileSync(program, heldProgram(builtMain(), held));
      const child = spawn(process.execPath, [program], {
        env: { ...process.env, MARK: join(folder, "mark") },
        stdio: ["ignore", "pipe", "inherit"],
        timeout: 20_000,
        killSignal: "SIGKILL",
      });
      const left = [...signals];
      child.stdout.on("data", () => {
        const next = left.shift();
        if (next !== undefined) child.kill(next);
      });
      const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
        child.once("exit", (...how) => resolve(how));
      });
      expect([code, signal]).toEqual([expected, null]);
      expect(readdirSync(folder)).toContain("mark");
    },
  );

  const running: CliOptions = { timeoutMs: 60_000 };

  it("SIGQUIT leaves a run at once, with its folders and sockets removed", async () => {
    const temporary = join(folder, "tmp");
    mkdirSync(temporary);
    const { code, stdout } = await runCli(["dut", "embedded"], {
      ...running,
      env: { TMPDIR: temporary },
      during: (child) => {
        child.stdout?.once("data", () => {
          expect(readdirSync(temporary)).toHaveLength(1);
          child.kill("SIGQUIT");
        });
      },
    });
    expect(stdout).toContain("send to it with");
    expect(code).toBe(131);
    expect(readdirSync(temporary)).toEqual([]);
  });
});

it("send and receive take --set more than once", async () => {
  for (const command of ["send", "receive"]) {
    const args = [command, "null:", "--profile", "profiles/vxlan.yaml", "--set", "vnj=7", "--set", "vni=8"];
    const { code, stderr } = await runCli(args);
    expect(stderr).toMatch(/vnj.*did you mean vni\?/);
    expect(code).toBe(2);
  }
});

it("what has to be undone is, although one action of the way out fails", () => {
  const program = join(folder, "way-out.mjs");
  const wayOut = join(builtMain(), "../../dut/way-out.js");
  writeFileSync(
    program,
    `import { onWayOut } from ${JSON.stringify(wayOut)};
     onWayOut(() => process.stdout.write("first "));
     onWayOut(() => { throw new Error("EACCES"); });
     onWayOut(() => process.stdout.write("last "));
     if (process.argv[2] === "SIGQUIT") process.kill(process.pid, "SIGQUIT");
     setTimeout(() => {}, 5_000 * (process.argv[2] === "SIGQUIT"));`,
  );
  const said = (how: string): string => inShell(`ulimit -c 0; set -- ${program} ${how}`, []).stdout;
  expect(said("exit")).toBe("last first ");
  expect(said("SIGQUIT")).toBe("last first ");
});

describe("what a killed run left", () => {
  it("in the folder for temporary files is removed by the next one, and what others have there is not", async () => {
    const child = spawn("true");
    const dead = ownerOf(child.pid ?? 0);
    await new Promise((resolve) => child.once("exit", resolve));
    for (const [name, owner] of [
      ["pktgen-ts-aaaaaa", dead],
      ["pktgen-ts-bbbbbb", ownerOf(process.ppid)],
      ["pktgen-ts-cccccc", "nobody knows"],
      ["another-dddddd", dead],
    ] as const) {
      mkdirSync(join(folder, name, "dpdk"), { recursive: true });
      writeFileSync(join(folder, name, "gen.sock"), "");
      writeFileSync(join(folder, name, ".owner"), owner);
    }
    using directory = makePrivateDirectory(folder);
    const others = ["another-dddddd", "pktgen-ts-bbbbbb", "pktgen-ts-cccccc"];
    expect(readdirSync(folder).sort()).toEqual([...others, basename(directory.path)].sort());
  });

  it("SIGKILL leaves a folder that the next run removes", async () => {
    const killed = await runCli(["dut", "embedded"], {
      timeoutMs: 60_000,
      env: { TMPDIR: folder },
      during: (child) => child.stdout?.once("data", () => child.kill("SIGKILL")),
    });
    expect(killed.signal).toBe("SIGKILL");
    expect(readdirSync(folder)).toHaveLength(1);
    const next = await runCli(["dut", "embedded", "--duration", "10ms"], {
      timeoutMs: 60_000,
      env: { TMPDIR: folder },
    });
    expect(next.code).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("a results folder is one run's", () => {
    new ResultsFolder(join(folder, "results"));
    expect(() => new ResultsFolder(join(folder, "results"))).toThrow(/has the evidence of another run/);
  });
});
