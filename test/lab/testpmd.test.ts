/** Real testpmds as the device under test, as plain processes: the way, the counters, and every way to fail. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { describeLab, processesWith } from "../support/probe.js";
import { builtMain } from "../support/run-cli.js";

/** Everything that a run makes lies in here, and its processes have it in their environment. */
let scratch: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "lab-"));
  chmodSync(scratch, 0o777);
});
afterEach(() => {
  for (const { pid } of processesWith(`TMPDIR=${scratch}`)) process.kill(pid, "SIGKILL");
  rmSync(scratch, { recursive: true, force: true });
});

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const asNobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"];

/** The command as a process; `onProgress` is called with each line that says how a trial stands. */
function run(
  args: readonly string[],
  onProgress: (child: ChildProcess, line: string) => void = () => {},
  before: readonly string[] = [],
): Promise<Run> {
  const [file = "", ...rest] = [...before, process.execPath, builtMain(), ...args];
  const child = spawn(file, rest, {
    env: { ...process.env, NO_COLOR: "1", TMPDIR: scratch, HOME: scratch, XDG_RUNTIME_DIR: "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    onProgress(child, text);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

const testpmd = (pattern: RegExp): number => {
  const found = processesWith(`TMPDIR=${scratch}`).find(
    ({ command }) => command.includes("dpdk-testpmd") && pattern.test(command),
  );
  if (found === undefined) throw new Error(`no testpmd like ${pattern} runs`);
  return found.pid;
};

function expectNothingLeft(): void {
  expect(processesWith(`TMPDIR=${scratch}`)).toEqual([]);
  expect(readdirSync(scratch)).toEqual([]);
}

interface Hop {
  readonly name: string;
  readonly rx: number;
  readonly tx: number;
  readonly dropped: number;
  readonly queues: readonly { readonly queue: number; readonly rx: number; readonly tx: number }[];
}
interface Trial {
  readonly phase: string;
  readonly sent: number;
  readonly accepted: number;
  readonly lost: number;
  readonly unaccounted: number | null;
  readonly verdict: string;
  readonly reasons: readonly string[];
  readonly hops: readonly Hop[];
}
interface Result {
  readonly dut: { readonly kind: string; readonly version: string; readonly commands: readonly string[] };
  readonly trials: readonly Trial[];
}

const plain = (more = ""): string[] => ["--dut", `testpmd,container=none${more}`, "--warmup", "200ms", "--json", "-"];
const resultOf = ({ stdout }: Run): Result => JSON.parse(stdout) as Result;

/** Exactly as many frames of each queue at each hop. */
function expectEveryHop(trial: Trial, queues: number): void {
  const each = { rx: trial.sent / queues, tx: trial.sent / queues };
  for (const name of ["host>", "container", "host<"]) {
    const hop = trial.hops.find((candidate) => candidate.name === name);
    expect(hop, name).toMatchObject({ rx: trial.sent, tx: trial.sent, dropped: 0 });
    expect(hop!.queues, name).toMatchObject(Array.from({ length: queues }, (_, queue) => ({ queue, ...each })));
  }
}

describeLab("testpmd forwards", ["testpmd"], () => {
  it.each([1, 2])(
    "10,000 frames at 10 kpps over %i queues, all of them, counted at every hop; and at max all that is lost is accounted for",
    { timeout: 60_000, retry: 2 },
    async (queues) => {
      const ended = await run(["--sizes", "64", "--queues", `${queues}`, ...plain()]);
      const { dut, trials } = resultOf(ended);
      expect(dut).toMatchObject({ kind: "testpmd", version: expect.stringMatching(/^DPDK \d\d\.\d\d/) });
      expect(dut.commands).toMatchObject(
        [/net_vhost0,iface=.*vhost-net/, /virtio_user0,mac=00:11:22:33:44:10,path=/].map((pattern) =>
          expect.stringMatching(pattern),
        ),
      );
      const [forwarding, max] = trials;
      expect(forwarding).toMatchObject({
        phase: "forwarding",
        sent: 10_000,
        accepted: 10_000,
        lost: 0,
        unaccounted: 0,
      });
      expect(forwarding!.verdict).toBe("pass");
      expectEveryHop(forwarding!, queues);
      expect(max).toMatchObject({ phase: "rate", unaccounted: 0 });
      expect(ended.code).toBe(0);
      expectNothingLeft();
    },
  );

  it("frames longer than a default buffer, and rewrites addresses", { timeout: 60_000, retry: 2 }, async () => {
    const traffic = ["--sizes", "9018", "--count", "300", "--rate", "3kpps", "--settle", "500ms", "--integrity"];
    const { trials } = resultOf(await run([...traffic, ...plain(",mode=macswap,ring=packed-mergeable")]));
    expect(trials[0]).toMatchObject({ sent: 300, accepted: 300, unaccounted: 0 });
    expectNothingLeft();
  });
});

describeLab("testpmd forwards for an ordinary user, without hugepages", ["testpmd", "root"], () => {
  it("over two queues", { timeout: 60_000, retry: 2 }, async () => {
    const traffic = ["--sizes", "64", "--queues", "2", "--count", "5000", "--rate", "10kpps"];
    const { trials } = resultOf(await run([...traffic, ...plain(",huge=off")], () => {}, asNobody));
    expect(trials[0]).toMatchObject({ sent: 5_000, accepted: 5_000, unaccounted: 0 });
    expectEveryHop(trials[0]!, 2);
    expectNothingLeft();
  });
});

describeLab("dut testpmd", ["testpmd"], () => {
  it("serves another process and shows testpmd's own sums at the end", { timeout: 60_000, retry: 2 }, async () => {
    const child = spawn(
      process.execPath,
      [builtMain(), "dut", "testpmd", "--queues", "2", "--options", "container=none,mode=mac"],
      { env: { ...process.env, TMPDIR: scratch }, stdio: ["ignore", "pipe", "inherit"] },
    );
    let text = "";
    const ended = new Promise<number | null>((resolve) => {
      child.on("close", resolve);
    });
    const tx = await new Promise<string>((resolve) => {
      child.stdout.setEncoding("utf8").on("data", (more: string) => {
        text += more;
        const port = /--tx (\S+)\n/.exec(text)?.[1];
        if (port !== undefined) resolve(port);
      });
      child.on("close", () => resolve("nothing"));
    });
    expect(text).toMatch(
      /^the host's testpmd: stdbuf -oL dpdk-testpmd .*\nthe container's testpmd: .*--forward-mode=mac/,
    );
    const traffic = ["--sizes", "64", "--queues", "2", "--count", "1000", "--rate", "5kpps", "--settle", "500ms"];
    const sent = await run(["--dut", "external", "--tx", tx, ...traffic, "--warmup", "0", "--json", "-"]);
    expect(resultOf(sent).trials[0]).toMatchObject({ sent: 1_000, accepted: 1_000 });
    child.kill("SIGINT");
    expect(await ended).toBe(0);
    const carried = text.split("\n").filter((line) => /^ +RX-packets: 500 +TX-packets: 500 /.test(line));
    expect(carried).toHaveLength(6);
    expectNothingLeft();
  });
});

/** Long enough for something to happen in the middle. */
const long = ["--sizes", "64,128", "--count", "30000", "--rate", "10kpps", "--verbose"];

const inTheMiddle = (action: (child: ChildProcess) => void): ((child: ChildProcess, line: string) => void) => {
  let done = false;
  return (child, line) => {
    if (done || !/sent/.test(line)) return;
    done = true;
    action(child);
  };
};

describeLab("a testpmd that dies", ["testpmd"], () => {
  it.each([
    ["the host's", /net_vhost0/],
    ["the container's", /virtio_user0/],
  ])(
    "%s, killed in the middle of a trial, spoils it, and the next run passes",
    { timeout: 90_000 },
    async (who, side) => {
      const ended = await run(
        [...long, ...plain()],
        inTheMiddle(() => process.kill(testpmd(side), "SIGKILL")),
      );
      const { trials } = resultOf(ended);
      expect(ended.code).toBe(4);
      expect(trials.at(-1)).toMatchObject({ verdict: "invalid" });
      expect(trials.at(-1)!.reasons.join("; ")).toContain(`went away in the trial: ${who} testpmd ended by SIGKILL`);
      expectNothingLeft();

      const again = await run(["--sizes", "64", "--count", "500", "--rate", "5kpps", ...plain()]);
      expect(resultOf(again).trials[0]).toMatchObject({ sent: 500, unaccounted: 0 });
      expectNothingLeft();
    },
  );
});

const inPodman = ["--dut", "testpmd,container=podman", "--warmup", "200ms", "--json", "-"];

/** Of this test's runs. */
const containers = (): string[] =>
  execFileSync("podman", ["ps", "-a", "--format", "{{.Names}} {{.Mounts}}"], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line.includes(scratch))
    .map((line) => line.split(" ")[0] ?? "");

describeLab("the second testpmd in a container", ["testpmd", "podman"], () => {
  it("forwards over two queues, both proven at every hop", { timeout: 60_000, retry: 2 }, async () => {
    const traffic = ["--sizes", "64,1518", "--queues", "2", "--count", "5000", "--rate", "10kpps"];
    const { dut, trials } = resultOf(await run([...traffic, ...inPodman]));
    expect(dut.commands[1]).toMatch(/^podman .*run .*dpdk-testpmd .*virtio_user0/);
    for (const trial of trials) {
      expect(trial).toMatchObject({ sent: 5_000, accepted: 5_000, unaccounted: 0 });
      expectEveryHop(trial, 2);
    }
    expect(containers()).toEqual([]);
    expectNothingLeft();
  });

  it.each([
    ["the container is removed under it", () => void execFileSync("podman", ["rm", "-f", ...containers()])],
    ["its testpmd is killed", () => process.kill(testpmdInside(), "SIGKILL")],
  ])("%s: the trial is spoiled, the next run passes", { timeout: 90_000 }, async (_, action) => {
    const ended = await run([...long, ...inPodman], inTheMiddle(action));
    expect(ended.code).toBe(4);
    expect(resultOf(ended).trials.at(-1)!.reasons.join("; ")).toMatch(
      /went away in the trial: the container's testpmd ended/,
    );
    expect(containers()).toEqual([]);
    expectNothingLeft();
    // The pollers of both testpmds take turns with what runs beside them: RFC 2544 §23 waits two seconds.
    const again = await run(["--sizes", "64", "--count", "500", "--rate", "5kpps", "--settle", "2s", ...inPodman]);
    expect(resultOf(again).trials[0]).toMatchObject({ sent: 500, unaccounted: 0 });
    expectNothingLeft();
  });

  it("Ctrl-C in a trial leaves no container", { timeout: 60_000 }, async () => {
    const ended = await run(
      [...long, ...inPodman],
      inTheMiddle((child) => child.kill("SIGINT")),
    );
    expect(ended.code).toBe(130);
    expect(containers()).toEqual([]);
    expectNothingLeft();
  });
});

/** Seen from outside, its environment is the one that the engine gave it. */
function testpmdInside(): number {
  const folder = readdirSync(scratch)[0] ?? "";
  const found = processesWith(`RUNTIME_DIRECTORY=${join(scratch, folder)}`).find(({ command }) =>
    /^dpdk-testpmd .*virtio_user0/.test(command),
  );
  if (found === undefined) throw new Error("no testpmd runs in a container");
  return found.pid;
}

describeLab("Ctrl-C", ["testpmd"], () => {
  it("in a trial gives the results so far and leaves nothing", { timeout: 60_000 }, async () => {
    const ended = await run(
      [...long, ...plain()],
      inTheMiddle((child) => child.kill("SIGINT")),
    );
    expect(ended.code).toBe(130);
    expect(resultOf(ended).trials.at(-1)).toMatchObject({
      verdict: "invalid",
      reasons: expect.arrayContaining(["interrupted"]),
    });
    expectNothingLeft();
  });

  it.each(["host", "container"])("while the %s's testpmd starts leaves nothing", { timeout: 60_000 }, async (side) => {
    const pattern = side === "host" ? /net_vhost0/ : /virtio_user0/;
    let child: ChildProcess | null = null;
    const running = run([...long, ...plain()], undefined, []);
    const found = setInterval(() => {
      const all = processesWith(`TMPDIR=${scratch}`);
      if (child !== null || !all.some(({ command }) => pattern.test(command) && command.startsWith("dpdk-testpmd")))
        return;
      const main = all.find(({ command }) => command.includes("dist/cli/main.js"));
      clearInterval(found);
      if (main !== undefined) process.kill(main.pid, "SIGINT");
    }, 5);
    const ended = await running;
    clearInterval(found);
    child = null;
    expect(ended.code).toBe(130);
    expectNothingLeft();
  });

  it("killed outright, the testpmds end by themselves", { timeout: 60_000 }, async () => {
    await run(
      [...long, ...plain()],
      inTheMiddle((child) => child.kill("SIGKILL")),
    );
    for (let look = 0; look < 100 && processesWith(`TMPDIR=${scratch}`).length > 0; look++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(processesWith(`TMPDIR=${scratch}`)).toEqual([]);
  });
});

describeLab("what is missing is said in one sentence, with 3", [], () => {
  it.each([
    ["program=/nowhere/dpdk-testpmd", /dpdk-testpmd is not installed; npm run lab:setup\n$/],
    ["program=/bin/false", /the host's testpmd ended with exit code 1/],
  ])("%s", async (option, sentence) => {
    const { code, stderr } = await run(["--sizes", "64", ...plain(`,${option}`)]);
    expect(stderr).toMatch(sentence);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(code).toBe(3);
    expectNothingLeft();
  });

  it("too few cores for cores=own", async () => {
    const args = ["--sizes", "64", "--queues", "2", ...plain(",cores=own")];
    const { code, stderr } = await run(args, undefined, ["taskset", "-c", "0"]);
    expect(stderr).toMatch(/cores=own needs 5 CPUs .* may use 1; .*leave cores=own away/);
    expect(code).toBe(3);
    expectNothingLeft();
  });
});
