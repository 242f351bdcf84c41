/** The shipped test plans on real testpmd, through the command, and what is left when one is spoiled. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CaptureReader, readCapture } from "../../src/pcap/index.js";
import type { PlanResult } from "../../src/result/labplan-result.js";
import { planResultSchema } from "../../src/result/labplan-schema.js";
import { describeLab, missing, processesWith } from "../support/probe.js";
import { builtMain, runCli } from "../support/run-cli.js";

import { noContainerLeft, nothingLeft, onceSaid } from "./plan-watch.js";

const planFile = (name: string): string => join(import.meta.dirname, `../../profiles/plans/${name}.yaml`);

/**
 * A ring holds all frames of a trial, so that no poller can be too late, and no generator too slow: what is tested is not
 * the scheduler.
 */
const fewFrames = ["--count", "900", "--warmup", "0"];
const timeoutMs = 120_000;

let folder: string;
let results: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pktgen-plan-test-"));
  results = join(folder, "results");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const evidence = (): PlanResult =>
  planResultSchema.parse(JSON.parse(readFileSync(join(results, "result.json"), "utf8")));
const runPlan = (name: string, args: readonly string[], during?: (child: ChildProcess) => void) =>
  runCli(["plan", planFile(name), "--results", results, ...args], {
    timeoutMs,
    ...(during === undefined ? {} : { during }),
  });

/** Everything that a plan that passed shows: the words, the counters, the files. */
function expectPassed({ code, stdout, stderr }: { code: number | null; stdout: string; stderr: string }): PlanResult {
  expect({ code, troubles: stderr.split("\n").filter((line) => /FAIL|INVALID|pktgen-ts:/.test(line)) }).toEqual({
    code: 0,
    troubles: [],
  });
  const result = evidence();
  expect(JSON.parse(stdout)).toEqual(result);
  expect(result.verdict).toBe("pass");
  for (const one of result.plan.cases) {
    expect(one.steps.map(({ verdict }) => verdict)).toEqual(one.steps.map(() => "pass"));
    const files = readdirSync(join(results, `case-${one.number}`));
    expect(files).toContain("vhost.transcript.txt");
    expect(files).toContain("container.command.txt");
    // vhost-2 sorts before vhost: one that was launched again ended last.
    const last = files.filter((name) => /^vhost.*transcript/.test(name)).sort()[0];
    expect(
      readFileSync(join(results, `case-${one.number}`, last), "utf8")
        .trimEnd()
        .split("\n")
        .slice(-3),
    ).toContain("Bye...");
  }
  for (const trial of result.trials.filter(({ phase }) => phase === "forwarding")) {
    expect([trial.lost, trial.unaccounted, trial.accepted]).toEqual([0, 0, trial.sent]);
  }
  return result;
}

describeLab("test plans without root, hugepages and containers", ["testpmd"], () => {
  it("virtio-user-no-huge: both cases, every queue proven at every hop", { timeout: timeoutMs }, async () => {
    const run = await runPlan("virtio-user-no-huge", ["--sizes", "64,1518", ...fewFrames, "--json", "-"]);
    const { trials, plan } = expectPassed(run);
    expect(trials.map(({ frameBytes, queues }) => [frameBytes, queues])).toEqual([
      [64, 1],
      [1518, 1],
      [64, 2],
      [1518, 2],
    ]);
    for (const { hops } of trials.slice(2)) {
      expect(hops.map(({ name, queues }) => [name, ...queues.map(({ rx, tx }) => [rx, tx])])).toEqual(
        ["host>", "container", "host<"].map((name) => [name, [450, 450], [450, 450]]),
      );
    }
    expect(Object.keys(JSON.parse(readFileSync(join(results, "dts.json"), "utf8")))).toEqual(
      plan.cases.map(({ id }) => id),
    );
    expect(readFileSync(join(results, "case-1/1.7-container-show-port-stats-all.txt"), "utf8")).toContain(
      "RX-packets: 1800",
    );
  });

  it("virtio-paths: ten paths, each by the driver's own word", { timeout: timeoutMs }, async () => {
    const run = await runPlan("virtio-paths", ["--sizes", "64", ...fewFrames, "--json", "-"]);
    const { plan } = expectPassed(run);
    expect(plan.cases).toHaveLength(10);
    const words = plan.cases.map(({ number }) => {
      const text = readFileSync(join(results, `case-${number}/container.transcript.txt`), "utf8");
      return [...text.matchAll(/virtio: using (.*?) (?:Rx|Tx)? ?path on port 0/g)].map(([, word]) => word).join(", ");
    });
    expect(new Set(words).size).toBeGreaterThan(1);
  });

  it("loopback-multi-queues: testpmd's own frames through one and eight queues, and an exact count", {
    timeout: timeoutMs,
  }, async () => {
    const run = await runPlan("loopback-multi-queues", ["--sizes", "64", ...fewFrames, "--json", "-"]);
    const { trials } = expectPassed(run);
    expect(trials).toHaveLength(1);
    expect(trials[0].queuesSeen.map(({ accepted }) => accepted)).toEqual([113, 113, 113, 113, 112, 112, 112, 112]);
  });

  it("virtio-user-server-mode-reconnect: each side killed, links down and up, traffic again", {
    timeout: timeoutMs,
  }, async () => {
    const run = await runPlan("virtio-user-server-mode-reconnect", ["--case", "1,2", ...fewFrames, "--json", "-"]);
    const { trials } = expectPassed(run);
    expect(trials).toHaveLength(6);
    expect(readFileSync(join(results, "case-1/vhost.transcript.txt"), "utf8")).toContain("# ended by SIGKILL");
    expect(existsSync(join(results, "case-1/container-2.transcript.txt"))).toBe(true);
  });

  it("port-stop-start: nothing while a port is stopped, everything afterwards", { timeout: timeoutMs }, async () => {
    const { trials } = expectPassed(await runPlan("port-stop-start", [...fewFrames, "--json", "-"]));
    expect(trials.map(({ phase }) => phase)).toEqual([
      "forwarding",
      "under traffic",
      "forwarding",
      "forwarding",
      "under traffic",
      "forwarding",
    ]);
  });

  // A trial at max is INVALID where another test takes the CPU: it is run again.
  it("at max shows testpmd's own rate beside ours, and writes and judges expected values", {
    timeout: timeoutMs,
    retry: 3,
  }, async () => {
    const expected = join(folder, "expected.json");
    const args = ["--case", "1", "--sizes", "64", "--rate", "max", "--expected", expected];
    const first = await runPlan("virtio-user-no-huge", [...args, "--update-expected"]);
    expect(first.code).toBe(0);
    expect(evidence().trials[0].notes.join(" ")).toMatch(/testpmd's port 0 sent [\d.]+ [kM]?pps by its own figures/);
    expect(Object.keys(JSON.parse(readFileSync(expected, "utf8")).test_no_huge_one_queue)).toEqual(["64"]);
    const elsewhere = [
      "plan",
      planFile("virtio-user-no-huge"),
      "--results",
      join(folder, "second"),
      "--case",
      "1",
      "--sizes",
      "64",
    ];
    const second = await runCli([...elsewhere, "--rate", "100pps", "--count", "50", "--expected", expected], {
      timeoutMs,
    });
    expect(second.code).toBe(1);
    expect(second.stdout).toContain("less than the");
  });
});

describeLab("test plans on interfaces", ["testpmd", "netns", "af_xdp"], () => {
  const namespaces = (): string[] =>
    execFileSync("ip", ["netns"], { encoding: "utf8" })
      .split("\n")
      .map((line) => line.split(" ")[0]!)
      .filter((name) => /^pktgen-ts-\d+$/.test(name));

  it.each(["af-packet", "af-xdp", "net-tap"])(
    "%s: six sizes, and nothing left of it",
    { timeout: timeoutMs },
    async (plan) => {
      const { trials } = expectPassed(await runPlan(plan, ["--count", "500", "--rate", "1kpps", "--json", "-"]));
      expect(trials.map(({ frameBytes }) => frameBytes)).toEqual([64, 128, 256, 512, 1024, 1518]);
      for (const { hops, unaccounted } of trials) {
        expect(hops.map(({ rx, tx }) => [rx, tx])).toEqual(Array(3).fill([500, 500]));
        expect(unaccounted).toBe(0);
      }
      expect(namespaces()).toEqual([]);
    },
  );

  it.each(["SIGINT", "SIGTERM"] as const)(
    "ended by %s: no namespace is left",
    { timeout: timeoutMs },
    async (signal) => {
      const end = onceSaid("send 4,000 frames", (child) => void child.kill(signal));
      await runPlan("af-packet", ["--sizes", "64"], end);
      expect(namespaces()).toEqual([]);
    },
  );
});

describeLab("a test plan that is spoiled", ["testpmd"], () => {
  it("testpmd killed in a trial: one sentence, exit code 4, evidence, nothing left; the next run passes", {
    timeout: timeoutMs,
  }, async () => {
    let pid: number | undefined;
    const kill = onceSaid("send 10,000 frames", (child) => {
      pid = child.pid;
      for (const one of processesWith(`PKTGEN_TS_NAME=pktgen-ts-${pid}-container`)) process.kill(one.pid, "SIGKILL");
    });
    const args = ["--case", "1", "--sizes", "64", "--count", "10k"];
    const run = await runPlan("virtio-user-no-huge", args, kill);
    expect(run.code).toBe(4);
    const { plan } = evidence();
    const reasons = [
      ...plan.cases[0].steps.flatMap((step) => step.reasons),
      ...evidence().trials.flatMap((trial) => trial.reasons),
    ];
    expect(reasons.join("; ")).toMatch(/container (went away in the trial|is gone): .*ended by SIGKILL/);
    expect(readFileSync(join(results, "case-1/container.transcript.txt"), "utf8")).toContain("# ended by SIGKILL");
    nothingLeft(pid);
    results = join(folder, "again");
    const again = await runPlan("virtio-user-no-huge", ["--case", "1", "--sizes", "64", ...fewFrames, "--json", "-"]);
    expectPassed(again);
  });

  it("Ctrl-C: exit code 130, the results so far, nothing left", { timeout: timeoutMs }, async () => {
    let pid: number | undefined;
    const interrupt = onceSaid("send 100,000 frames", (child) => {
      pid = child.pid;
      child.kill("SIGINT");
    });
    const run = await runPlan("virtio-user-no-huge", ["--sizes", "64", "--count", "100k"], interrupt);
    expect(run.code).toBe(130);
    const { plan, verdict } = evidence();
    expect(verdict).toBe("invalid");
    expect(plan.cases).toHaveLength(1);
    expect(plan.cases[0].steps.filter((step) => step.verdict === "skipped").length).toBeGreaterThan(0);
    expect(readFileSync(join(results, "case-1/vhost.transcript.txt"), "utf8")).toContain("testpmd>");
    nothingLeft(pid);
  });

  it("records the trials of all its cases in one file each way, and says so", { timeout: timeoutMs }, async () => {
    const [tx, rx] = [join(folder, "tx.pcapng"), join(folder, "rx.pcap")];
    const files = ["--record-tx", tx, "--record-rx", rx];
    const run = await runPlan("virtio-user-no-huge", ["--sizes", "64,512", ...fewFrames, ...files, "--json", "-"]);
    const { trials } = expectPassed(run);
    expect(trials.at(-1)!.notes).toEqual(
      expect.arrayContaining([`recorded 3,600 frames in ${tx}`, `recorded 3,600 frames in ${rx}`]),
    );
    for (const path of [tx, rx]) {
      using reader = await CaptureReader.open(path);
      const lengths: number[] = [];
      for await (const batch of reader.batches()) lengths.push(...batch.captured.subarray(0, batch.count));
      expect(lengths).toEqual([60, 508, 60, 508].flatMap((bytes) => Array.from({ length: 900 }, () => bytes)));
    }
  });

  it("goes on recording in one file when the generator connects anew", { timeout: timeoutMs }, async () => {
    const rx = join(folder, "rx.pcap");
    const args = ["--sizes", "64", ...fewFrames, "--record-rx", rx, "--json", "-"];
    const { stdout } = await runPlan("virtio-user-server-mode-reconnect", args);
    const { trials }: PlanResult = JSON.parse(stdout);
    const received = trials.reduce((sum, trial) => sum + trial.received, 0);
    expect(received).toBeGreaterThan(0);
    const { frames, fault } = readCapture(readFileSync(rx));
    expect([frames.length, fault]).toEqual([received, null]);
    expect(trials.at(-1)!.notes.join("; ")).toContain(`recorded ${received.toLocaleString("en-US")} frames in ${rx}`);
  });

  it("a program that is not there: exit code 3, and what to do", { timeout: timeoutMs }, async () => {
    const run = await runPlan("virtio-user-no-huge", ["--dut", "program=/nowhere/testpmd"]);
    expect(run.code).toBe(3);
    expect(run.stderr).toMatch(/npm run lab:setup/);
    expect(evidence().plan.cases[0].steps[0].verdict).toBe("invalid");
  });
});

describeLab("a test plan that records on a disk of 1 MiB", ["testpmd", "root"], () => {
  it.each(["go-on", "stop"])("--on-full %s", { timeout: timeoutMs }, async (how) => {
    const disk = join(folder, "small");
    mkdirSync(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]);
    try {
      const rx = join(disk, "rx.pcap");
      const sizes = ["--sizes", "64,1518", "--count", "2000"];
      const run = await runPlan("virtio-user-no-huge", [...sizes, "--record-rx", rx, "--on-full", how, "--json", "-"]);
      const { trials, verdict, plan }: PlanResult = JSON.parse(run.stdout);
      expect(trials.at(-1)!.notes.join("; ")).toMatch(/recorded [\d,]+ frames in .*; [\d,]+ frames were not: .*ENOSPC/);
      if (how === "go-on") expect(plan.cases).toHaveLength(2);
      else {
        expect(plan.cases).toHaveLength(1);
        expect(trials.at(-1)!.reasons).toContain("the recording's disk was full, which was to end the run");
        expect({ code: run.code, verdict }).toEqual({ code: 4, verdict: "invalid" });
      }
    } finally {
      execFileSync("umount", [disk]);
    }
  });
});

describeLab("a test plan as an ordinary user", ["testpmd", "root"], () => {
  /** nobody: no capability, no group, no home. */
  const asNobody = (args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> => {
    const drop = ["--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"];
    const child = spawn("setpriv", [...drop, process.execPath, builtMain(), ...args], {
      env: { PATH: process.env["PATH"] ?? "", HOME: folder, NO_COLOR: "1" },
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: timeoutMs,
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    return new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
  };

  beforeEach(() => {
    execFileSync("chown", ["65534:65534", folder]);
  });

  it("virtio-user-no-huge passes", { timeout: timeoutMs }, async () => {
    const args = [
      "plan",
      planFile("virtio-user-no-huge"),
      "--sizes",
      "64,1518",
      ...fewFrames,
      "--results",
      results,
      "--json",
      "-",
    ];
    expectPassed(await asNobody(args));
  });

  it("the container-networking plan says what it lacks: exit code 3", { timeout: timeoutMs }, async () => {
    const plan = planFile("virtio-user-container-networking");
    const { code, stderr } = await asNobody(["plan", plan, "--dut", "container=none", "--results", results]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/hugepages/);
    expect(stderr).toMatch(/huge=off/);
  });
});

describe("the container-networking plan", () => {
  describeLab("in podman", ["testpmd", "root", "podman", "hugetlbfs"], () => {
    it("passes both cases at all six sizes, and leaves no container", { timeout: timeoutMs }, async () => {
      let pid: number | undefined;
      const run = await runPlan("virtio-user-container-networking", [...fewFrames, "--json", "-"], (child) => {
        pid = child.pid;
      });
      const { trials, plan, dut } = expectPassed(run);
      expect(trials.map(({ frameBytes }) => frameBytes)).toEqual([
        64, 128, 256, 512, 1024, 1518, 64, 128, 256, 512, 1024, 1518,
      ]);
      expect(dut["containers"]).toMatch(/^podman/);
      const command = readFileSync(join(results, "case-2/container.command.txt"), "utf8");
      expect(command).toMatch(/^# as the plan has it:\n# docker run -i -t --privileged/);
      expect(command).toContain("\npodman ");
      expect(plan.cases[1].notes.join(" ")).toContain("--rxq=2 --txq=2");
      noContainerLeft(pid);
    });
  });

  describeLab("in podman, spoiled", ["testpmd", "root", "podman", "hugetlbfs"], () => {
    it("the container removed in a trial: exit code 4, evidence, and no container left", {
      timeout: timeoutMs,
    }, async () => {
      let pid: number | undefined;
      const remove = onceSaid("send 20,000 frames", (child) => {
        pid = child.pid;
        const name = `pktgen-ts-${pid}-container`;
        execFileSync("podman", ["rm", "-f", "-t", "0", name], { stdio: "ignore" });
      });
      const args = ["--case", "1", "--sizes", "64", "--count", "20k"];
      const run = await runPlan("virtio-user-container-networking", args, remove);
      expect(run.code).toBe(4);
      const reasons = [...evidence().trials, ...evidence().plan.cases.flatMap(({ steps }) => steps)].flatMap(
        (one) => one.reasons,
      );
      expect(reasons.join("; ")).toMatch(/container (went away in the trial|is gone): /);
      expect(existsSync(join(results, "case-1/container.transcript.txt"))).toBe(true);
      noContainerLeft(pid);
    });
  });

  describeLab("as a plain process without hugepages", ["testpmd"], () => {
    it("passes where container=none,huge=off says so, and notes it", { timeout: timeoutMs }, async () => {
      const run = await runPlan("virtio-user-container-networking", [
        ...["--case", "2", "--sizes", "64", ...fewFrames, "--dut", "testpmd,container=none,huge=off", "--json", "-"],
      ]);
      const { plan } = expectPassed(run);
      expect(plan.cases[0].steps.flatMap(({ notes }) => notes).join("; ")).toContain(
        "container runs outside of a container",
      );
    });
  });
});

it("the lab's probes answer", () => {
  expect([null, expect.any(String)]).toContainEqual(missing("testpmd"));
});
