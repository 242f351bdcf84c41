/** `run` on the built-in lab, as a child process: what goes where, and the exit codes. */
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { resultSchema } from "../../src/result/run-schema.js";
import { type CliResult, runCli } from "../support/run-cli.js";

const scratch = mkdtempSync(join(tmpdir(), "pktgen-ts-run-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const env = { TMPDIR: scratch };
/** Exactly so many frames at max: no rate to prove, so that a busy machine changes no verdict. */
const quick = ["--sizes", "64", "--count", "1000", "--warmup", "0"];
const endless = ["--sizes", "64", "--duration", "forever", "--warmup", "0", "--rate", "1kpps"];

const run = (args: readonly string[], options: Parameters<typeof runCli>[1] = {}): Promise<CliResult> =>
  runCli(args, { env, ...options });

/** Sends signals once the first progress line says that frames are on their way. */
const whenSending = (act: (kill: (signal: NodeJS.Signals) => void) => void) => ({
  during: (child: import("node:child_process").ChildProcess) => {
    let begun = false;
    child.stderr?.on("data", (text: string) => {
      if (begun || !text.includes("sent ")) return;
      begun = true;
      act((signal) => child.kill(signal));
    });
  },
});

describe("results", () => {
  it("a pass prints the table on standard output, nothing on standard error, and ends with 0", async () => {
    const { code, stdout, stderr } = await run(quick);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^ +64 +1,000 +1,000 +0 .*PASS$/m);
    expect(stdout).toMatch(/^PASS: 1 size, 1 trial: 1,000 frames sent/m);
  });

  it("`run` may be said", async () => {
    expect(await run(["run", ...quick])).toMatchObject({ code: 0, stderr: "" });
  });

  it("a failure ends with 1 and says why", async () => {
    const { code, stdout } = await run([...quick, "--dut", "embedded,corrupt=3"]);
    expect(stdout).toMatch(/3 frames came back corrupt/);
    expect(code).toBe(1);
  });

  it("--json - prints one valid document and nothing else", async () => {
    const { code, stdout, stderr } = await run([...quick, "--json", "-", "--seed", "7"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const result = resultSchema.parse(JSON.parse(stdout));
    expect(result).toMatchObject({ seed: 7, verdict: "pass", dut: { kind: "embedded" } });
    expect(result.command).toBe("pktgen-ts --sizes 64 --count 1000 --warmup 0 --json - --seed 7");
    expect(result.trials).toHaveLength(1);
    expect(result.trials[0]).toMatchObject({ frameBytes: 64, sent: 1000, accepted: 1000, lost: 0, unaccounted: 0 });
  });

  it("files get theirs beside the table", async () => {
    const [json, csv, junit] = ["r.json", "r.csv", "r.xml"].map((name) => join(scratch, name));
    const { code, stdout } = await run([...quick, "--json", json!, "--csv", csv!, "--junit", junit!]);
    expect(code).toBe(0);
    expect(stdout).toContain("PASS");
    expect(resultSchema.parse(JSON.parse(readFileSync(json!, "utf8"))).verdict).toBe("pass");
    expect(readFileSync(csv!, "utf8").trimEnd().split("\n")).toHaveLength(2);
    expect(readFileSync(junit!, "utf8")).toMatch(/^<\?xml .*<testcase/s);
  });

  it("--ndjson prints a line for each trial and the whole at the end", async () => {
    const { code, stdout } = await run([...quick, "--ndjson"]);
    expect(code).toBe(0);
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { event: string });
    expect(lines.map(({ event }) => event)).toEqual(["trial", "result"]);
  });

  it("leaves no socket behind", async () => {
    const before = readdirSync(scratch).sort();
    await run(quick);
    expect(readdirSync(scratch).sort()).toEqual(before);
  });
});

describe("a full disk", () => {
  it("costs the file, not the results: the table is shown, the sentence names the option, exit code 3", async () => {
    const { code, stdout, stderr } = await run([...quick, "--json", "/dev/full"]);
    expect(stderr).toBe(
      "pktgen-ts: --json: /dev/full could not be written: no space left on the device; free space there, or choose another disk\n",
    );
    expect(stdout).toMatch(/^PASS: 1 size/m);
    expect(code).toBe(3);
  });

  it("under standard output sends the document to standard error", async () => {
    const full = openSync("/dev/full", "w");
    const { code, stderr } = await run([...quick, "--json", "-"], { stdout: full });
    closeSync(full);
    expect(stderr).toMatch(/writing to standard output failed: ENOSPC/);
    expect(resultSchema.parse(JSON.parse(stderr.slice(0, stderr.lastIndexOf("}") + 1))).verdict).toBe("pass");
    expect(code).toBe(3);
  });
});

describe("interrupted", () => {
  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s gives the results so far and ends with 130", async (signal) => {
    const { code, stdout, stderr } = await run(
      [...endless, "--verbose"],
      whenSending((kill) => kill(signal)),
    );
    expect(stderr).toMatch(/pktgen-ts: stopping; once more to leave at once\n/);
    expect(stdout).toMatch(/INVALID: interrupted/);
    expect(code).toBe(130);
  });

  it("gives them as JSON, too, with the open trial invalid", async () => {
    const { code, stdout } = await run(
      [...endless, "--verbose", "--json", "-"],
      whenSending((kill) => kill("SIGINT")),
    );
    const result = resultSchema.parse(JSON.parse(stdout));
    expect(result.trials.at(-1)).toMatchObject({
      verdict: "invalid",
      reasons: expect.arrayContaining(["interrupted"]),
    });
    expect(code).toBe(130);
  });

  it("a second time leaves at once, and no socket behind", async () => {
    const twice = whenSending((kill) => {
      kill("SIGINT");
      setTimeout(() => kill("SIGINT"), 20);
    });
    const { code } = await run([...endless, "--settle", "10s", "--verbose"], { ...twice, timeoutMs: 8_000 });
    expect(code).toBe(130);
    expect(readdirSync(scratch).filter((name) => name.startsWith("pktgen-ts-"))).toEqual([]);
  });

  it("ends when nobody reads the results any more", async () => {
    const { code, signal } = await run([...endless, "--ndjson"], {
      during: (child) => {
        child.stdout?.once("data", () => child.stdout?.destroy());
      },
    });
    expect({ code, signal }).toEqual({ code: 130, signal: null });
  });
});
