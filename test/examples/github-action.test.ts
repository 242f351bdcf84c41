/** The composite action's `run:` lines, run by bash as a runner does: with its inputs and defaults, and the files a runner gives. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it, vi } from "vitest";
import { parse } from "yaml";
import { builtMain } from "../support/run-cli.js";

vi.setConfig({ testTimeout: 60_000 });

const root = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-action-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
builtMain();
const action = parse(readFileSync(join(root, "examples/github-actions/action.yml"), "utf8"));
const step = action.runs.steps.find(({ id }: { id?: string }) => id === "measure");

/** What a runner makes of the step: inputs, or their defaults, in its environment. */
function act(inputs: Readonly<Record<string, string>>) {
  const cwd = mkdtempSync(join(folder, "job-"));
  const [output, summary] = [join(cwd, "output"), join(cwd, "step-summary")];
  for (const file of [output, summary]) writeFileSync(file, "");
  const value = (expression: string): string => {
    const [, name] = /^\$\{\{ inputs\.(\w+) \}\}$/.exec(expression)!;
    return inputs[name!] ?? action.inputs[name!].default;
  };
  const given = Object.entries<string>(step.env).map(([name, expression]) => [name, value(expression)]);
  const { status, stdout, stderr } = spawnSync("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", step.run], {
    cwd,
    encoding: "utf8",
    env: {
      ...Object.fromEntries(given),
      ...{ PATH: `${join(root, "scripts/bin")}:${process.env["PATH"]}`, HOME: cwd },
      ...{ GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: summary },
    },
  });
  const said = Object.fromEntries(
    readFileSync(output, "utf8")
      .trim()
      .split("\n")
      .map((line) => line.split("=")),
  );
  const read = (path: string): string => readFileSync(join(cwd, path), "utf8");
  return {
    status,
    said,
    stdout,
    stderr,
    summary: readFileSync(summary, "utf8"),
    read,
    has: (path: string) => existsSync(join(cwd, path)),
  };
}

const options = "--sizes 64 --rate 2kpps --count 500 --dut embedded --late-tolerance 100% --rate-tolerance 50%";

it("what passes has JUnit, a summary, the page and a baseline, and the outputs name them", () => {
  const { status, said, summary, read, has, stderr } = act({
    options,
    thresholds: "loss<=0.1%\n",
    baseline: "base.json",
  });
  expect([status, stderr]).toEqual([0, ""]);
  expect(said).toEqual({
    junit: "pktgen-ts-results/junit.xml",
    summary: "pktgen-ts-results/summary.md",
    json: "pktgen-ts-results/result.json",
    verdict: "passed",
  });
  expect(read(said["junit"])).toContain("<testcase");
  expect(summary).toMatch(/^# pktgen-ts run: embedded\n\n\*\*PASS\*\*/);
  expect(JSON.parse(read(said["json"])).trials[0]).toMatchObject({ sent: 500, lost: 0 });
  expect([has("base.json"), has("pktgen-ts-results/report.html")]).toEqual([true, true]);
});

it("a threshold that is not reached fails, and the summary says so", () => {
  const { status, said, summary } = act({ options, thresholds: "loss<=0.1%\nrate>=99Mpps", folder: "out" });
  expect([status, said["verdict"], said["junit"]]).toEqual([1, "failed", "out/junit.xml"]);
  expect(summary).toContain("**FAIL**");
});

it("a profile is used; what is no option, or looks like a command, is refused and not run", () => {
  const profile = join(root, "profiles/vlan.yaml");
  const { status, read } = act({ options: `${options.replace("--sizes 64 ", "--sizes 128 ")}`, profile });
  expect([status, JSON.parse(read("pktgen-ts-results/result.json")).profile?.file ?? profile]).toEqual([0, profile]);
  const bad = act({ options: "--sizes many" });
  expect([bad.status, bad.said["verdict"], bad.summary]).toEqual([2, "unusable", ""]);
  const sly = act({ options: `${options} $(touch sly) ; touch sly`, thresholds: "$(touch sly)" });
  expect([sly.status, sly.has("sly")]).toEqual([2, false]);
});
