/** `dut embedded` as a process of its own, and `run --dut external` against it. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { builtMain, runCli } from "../support/run-cli.js";

const scratch = mkdtempSync(join(tmpdir(), "pktgen-ts-dut-"));
const running = new Set<ChildProcess>();

afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
  running.clear();
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface RunningDut {
  readonly introduction: string;
  /** Stands still from now on, or goes on. */
  standStill(still: boolean): void;
  /** Ctrl-C; resolves with what it printed after the introduction, and its exit code. */
  stop(): Promise<{ readonly text: string; readonly code: number | null }>;
}

/** Resolves once it has introduced itself. */
function startDut(args: readonly string[]): Promise<RunningDut> {
  const child = spawn(process.execPath, [builtMain(), "dut", "embedded", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  let text = "";
  const ended = new Promise<number | null>((resolve) => {
    child.on("close", resolve);
  });
  return new Promise((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (message: string) => reject(new Error(message)));
    child.stdout.setEncoding("utf8").on("data", (more: string) => {
      text += more;
      const end = text.indexOf("\n");
      if (end < 0) return;
      const stop: RunningDut["stop"] = async () => {
        child.kill("SIGINT");
        const code = await ended;
        return { text: text.slice(end + 1), code };
      };
      const standStill = (still: boolean): void => void child.kill(still ? "SIGSTOP" : "SIGCONT");
      resolve({ introduction: text.slice(0, end), stop, standStill });
    });
  });
}

const external = (tx: string, more: readonly string[] = []): Promise<Awaited<ReturnType<typeof runCli>>> => {
  const traffic = ["--sizes", "64,1518", "--count", "500", "--warmup", "0", "--settle", "300ms"];
  return runCli(["--dut", "external", "--tx", tx, ...traffic, ...more]);
};

describe("dut embedded", () => {
  it("serves a generator in another process, and shows its counters at the end", async () => {
    const dut = await startDut(["--directory", scratch]);
    const tx = /--tx (\S+)$/.exec(dut.introduction)?.[1] ?? "";
    const { code, stdout } = await external(tx);
    expect(stdout).toMatch(/^PASS: 2 sizes, 2 trials: 1,000 frames sent, 1,000 accepted, 0 lost/m);
    expect(code).toBe(0);
    const { text, code: dutCode } = await dut.stop();
    expect(text).toMatch(/^host> +queue 0 {2}rx 1,000 {2}tx 1,000 {2}dropped 0$/m);
    expect(text).toMatch(/^host< +queue 0 {2}rx 1,000 {2}tx 1,000 {2}dropped 0$/m);
    expect(dutCode).toBe(0);
  });

  it("stands still now and then: frames left in a ring are sent in no trial twice, and all counts add up", async () => {
    const [a, b] = ["left-a", "left-b"].map((name) => join(scratch, `${name}.sock`));
    const dut = await startDut(["--part", "host", "--port", `vhost:${a}`, "--port", `vhost:${b}`]);
    let still = false;
    const toggle = setInterval(() => {
      still = !still;
      dut.standStill(still);
    }, 700);
    const traffic = ["--sizes", "64,128,256", "--rate", "5kpps", "--duration", "600ms", "--warmup", "0", "--json", "-"];
    const ports = ["--tx", `virtio-user:${a}`, "--rx", `virtio-user:${b}`];
    const { stdout } = await runCli(["--dut", "external", ...ports, ...traffic]);
    clearInterval(toggle);
    dut.standStill(false);
    const { trials } = JSON.parse(stdout) as { trials: Record<string, number>[] };
    const sum = (name: string): number => trials.reduce((all, trial) => all + trial[name]!, 0);
    expect(trials).toHaveLength(3);
    for (const { intended, sent, missed, blocked, accepted, lost } of trials) {
      expect(sent! + missed! + blocked!).toBe(intended);
      expect(accepted! + lost!).toBe(sent);
    }
    // What was left in a ring at the end of a trial came in a later one, as stale, or after the last: the device had it.
    const taken = Number(/host> +queue 0 {2}rx ([\d,]+)/.exec((await dut.stop()).text)![1]!.replaceAll(",", ""));
    expect(taken).toBeGreaterThanOrEqual(Math.max(sum("sent"), sum("accepted") + sum("stale")));
    expect(taken).toBeLessThanOrEqual(sum("sent") + sum("blocked"));
  });

  it("runs a part alone, for a generator that is the device side", async () => {
    const path = join(scratch, "container.sock");
    const part = ["--part", "container", "--options", "mode=macswap"];
    const dut = await startDut([...part, "--port", `virtio-user:${path},server=on`]);
    const { code, stdout } = await external(`vhost:${path},server=off`);
    expect(stdout).toMatch(/^PASS: 2 sizes, 2 trials: 1,000 frames sent, 1,000 accepted/m);
    expect(code).toBe(0);
    expect((await dut.stop()).text).toMatch(/^container queue 0 {2}rx 1,000 {2}tx 1,000/m);
  });

  it("says why it ended a driver's connection", async () => {
    const [path, other] = ["gen", "net"].map((name) => join(scratch, `${name}-told.sock`));
    const dut = ["dut", "embedded", "--part", "host", "--port", `vhost:${path}`, "--port", `vhost:${other}`];
    const { code, stderr } = await runCli(dut, {
      during: (child) => {
        // It has introduced itself.
        child.stdout?.once("data", () => {
          const driver = connect(path!);
          driver.on("connect", () => driver.write("GET / HTTP/1.1\r\nHost: here\r\n\r\n"));
          driver.on("error", () => {});
          driver.on("close", () => child.kill("SIGINT"));
        });
      },
    });
    expect(stderr).toBe("vhost-user request 542393671: flags: 0x5448202f is not version 1 of vhost-user\n");
    expect(code).toBe(0);
  });

  it("ends by itself after --duration", async () => {
    const { code, stdout } = await runCli(["dut", "embedded", "--duration", "100ms"]);
    expect(stdout).toMatch(/^send to it with: .*\nhost> +queue 0 {2}rx 0/);
    expect(code).toBe(0);
  });
});

describe("a peer that is none", () => {
  const listening = async (name: string, onConnection: (write: (bytes: Buffer) => void, close: () => void) => void) => {
    const path = join(scratch, name);
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () =>
        onConnection(
          (bytes) => socket.write(bytes),
          () => socket.destroy(),
        ),
      );
    });
    await new Promise<void>((resolve) => {
      server.listen(path, resolve);
    });
    return { path, close: () => server.close() };
  };

  const oneSentence = /^pktgen-ts: [^\n]+\n$/;

  it("speaks nonsense: the message is named, exit code 3", async () => {
    const peer = await listening("nonsense", (write) => write(Buffer.alloc(64, 0xa5)));
    const { code, stdout, stderr } = await external(`virtio-user:${peer.path}`);
    peer.close();
    expect(stderr).toMatch(oneSentence);
    expect(stderr).toMatch(/vhost-user request 2779096485: size: /);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
  });

  it("closes in the middle of a message", async () => {
    const peer = await listening("half", (write, close) => {
      write(Buffer.from([1, 0, 0, 0, 5, 0, 0, 0, 8, 0]));
      setTimeout(close, 20);
    });
    const { code, stderr } = await external(`virtio-user:${peer.path}`);
    peer.close();
    expect(stderr).toMatch(oneSentence);
    expect(code).toBe(3);
  });

  it("offers too few queues", async () => {
    const path = join(scratch, "few.sock");
    const dut = await startDut([
      "--part",
      "host",
      "--port",
      `vhost:${path}`,
      "--port",
      `vhost:${join(scratch, "other.sock")}`,
    ]);
    const { code, stderr } = await external(`virtio-user:${path}`, ["--queues", "4"]);
    await dut.stop();
    expect(stderr).toMatch(oneSentence);
    expect(stderr).toMatch(/queue/);
    expect(code).toBe(3);
  });

  it("nobody listens on a socket that was left over", async () => {
    const path = join(scratch, "left");
    const owner = spawn(process.execPath, [
      "-e",
      `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`,
    ]);
    await new Promise((resolve) => {
      owner.on("close", resolve);
    });
    const { code, stderr } = await external(`virtio-user:${path}`);
    expect(stderr).toMatch(oneSentence);
    expect(stderr).toContain(path);
    expect(code).toBe(3);
  });

  it("is taken by another generator", async () => {
    const dut = await startDut(["--directory", scratch]);
    const tx = /--tx (\S+)$/.exec(dut.introduction)?.[1] ?? "";
    const args = [
      "--dut",
      "external",
      "--tx",
      tx,
      "--sizes",
      "64",
      "--duration",
      "forever",
      "--rate",
      "1kpps",
      "--verbose",
    ];
    let second: Promise<Awaited<ReturnType<typeof runCli>>> | null = null;
    const first = await runCli(args, {
      during: (child) => {
        child.stderr?.on("data", (text: string) => {
          if (second !== null || !text.includes("sent ")) return;
          second = external(tx);
          void second.then(() => child.kill("SIGINT"));
        });
      },
    });
    expect(first.code).toBe(130);
    const { code, stderr } = await second!;
    await dut.stop();
    expect(stderr).toMatch(oneSentence);
    expect(code).toBe(3);
  });

  it("dies in the middle of a trial: the trial is invalid, its results are shown, exit code 4", async () => {
    const path = join(scratch, "dies.sock");
    const dut = await startDut(["--part", "container", "--port", `virtio-user:${path},server=on`]);
    const args = [
      "--dut",
      "external",
      "--tx",
      `vhost:${path},server=off`,
      "--sizes",
      "64",
      "--duration",
      "10s",
      "--rate",
      "1kpps",
    ];
    let stopped = false;
    const { code, stdout } = await runCli([...args, "--warmup", "0", "--settle", "300ms", "--verbose"], {
      during: (child) => {
        child.stderr?.on("data", (text: string) => {
          if (stopped || !text.includes("sent ")) return;
          stopped = true;
          void dut.stop();
        });
      },
    });
    expect(stdout).toMatch(/INVALID/);
    expect(stdout).toMatch(/went away|closed the connection/);
    expect(code).toBe(4);
  });
});
