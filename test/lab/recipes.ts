/**
 * Every command that README.md, docs/recipes and the documents of doors and wishes print, run as printed: in the shell of an ordinary checkout, in network
 * namespaces that the test makes where interfaces are named, and as an ordinary user where the recipe says so. A
 * recipe says itself with which exit code it ends; 4 is accepted where others on this machine spoiled a trial.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codeBlocks, recipeDocuments, root, type ShellCommand, shellCommands } from "../support/documents.js";
import { missing, type Need } from "../support/probe.js";
import { builtMain } from "../support/run-cli.js";

const recipeMs = 300_000;
const verdict = /^(PASS|FAIL|INVALID): .* sent/m;
const scratch = mkdtempSync(join(tmpdir(), "pktgen-ts-recipes-"));

/** What the documents print for people to do once, on their own machine: it changes the machine, or is CI's first step. */
const notRun = /^npm ci\b|^npm install |^npm run lab:|^apt-get install /;
/** device-script.test.ts and tap.test.ts run these, with counts. What is installed is tried in clean roots, by package. */
const runElsewhere = /^scripts\/lab\/device\.sh |^unshare -rn |^tar -xf packages|^sudo apt install |^podman run /;

/** With PKTGEN_RECIPES=whole recipes take their time; else what takes long gets options that make it short. */
const isWhole = process.env["PKTGEN_RECIPES"] === "whole";
const shorter: readonly (readonly [command: RegExp, options: string])[] = [
  [/--repeat 3 /, "--repeat 1 --trial 200ms --width 5%"],
  [/ ndr --quick --sizes/, "--trial 200ms --width 20%"],
  [/rfc2544 .*--tests throughput/, "--sizes 64 --trial 200ms --width 20%"],
  [/ (64-1518:64|rfc2544|plan)$/, "--count 200 --rate 2kpps --warmup 0"],
  [/--duration (5|10)s$/, "--duration 500ms"],
  [/--count 1000000?(?!\d)/, "--count 10000"],
  [/ plan profiles\/plans\/\S+$/, "--count 900 --warmup 0"],
  [/^pktgen-ts soak/, "--for 3s --piece 1s"],
  [/^pktgen-ts latency/, "--trial-duration 500ms"],
  [/^pktgen-ts y1564/, "--step-duration 500ms --performance 1s"],
];
const asRun = (command: string): string => {
  const options = isWhole ? undefined : shorter.find(([long]) => long.test(command))?.[1];
  return options === undefined ? command : `${command} ${options}`;
};

/** Kept running until it has said what is expected, and then interrupted. */
const untilInterrupted = /^pktgen-ts dut embedded(?!.*--duration)/;

const ethernetStage = `
  ip link set lo up
  ip link add eth1 type veth peer name eth2 && ip link set eth1 up && ip link set eth2 up
  ip netns add one && ip netns add two
  ip link add name a netns one type veth peer name b netns two && ip -n one link set dev a up && ip -n two link set dev b up
  ip link add veth0 type veth peer name veth1 && ip link set veth0 up && ip link set veth1 up`;
/** Two machines, each with its eth1. */
const machinesStage = `
  ip netns add left && ip netns add right
  ip link add eth1 netns left type veth peer name eth1 netns right
  ip -n left link set eth1 up && ip -n right link set eth1 up`;

interface Recipe {
  readonly name: string;
  readonly script: string;
  readonly exitCodes: readonly number[];
  readonly needs: readonly Need[];
  /** Commands of a namespace of its own, run before the script. */
  readonly stage?: string;
  /** How the script is ended: by itself, by SIGINT once all its commands have begun, or once a verdict is printed. */
  readonly ends: "itself" | "interrupted" | "at its verdict";
  /** Commands that are kept running. Each prints one line once it has begun. */
  readonly kept?: number;
}

const needsOf = (text: string): Need[] => {
  const needs: Need[] = [];
  if (/testpmd|profiles\/plans/.test(text) && !text.includes("--dry-run")) needs.push("testpmd");
  if (/--dut testpmd --|container-networking/.test(text)) needs.push("podman", "hugetlbfs", "root");
  if (/packet:|xdp:|sudo/.test(text)) needs.push("root", "netns");
  if (/\bxdp\b/.test(text)) needs.push("af_xdp");
  return needs;
};

const stageOf = (text: string): { stage: string } | null =>
  /packet:(eth|a,|veth)|xdp:v0|ip netns add/.test(text) ? { stage: ethernetStage } : null;

/** 4: the measurement cannot be used. Only a run that measures can end so. */
const codesOf = ({ text, exitCode }: ShellCommand): number[] =>
  /pcap info|compare|profile (show|check|graph)|diff|--dry-run/.test(text) ? [exitCode] : [exitCode, 4];

/** A block whose commands work together is one recipe; else each command is one. */
function recipesOf(block: string): Recipe[] {
  const commands = shellCommands(block).filter(({ text }) => !notRun.test(text) && !runElsewhere.test(text));
  const whole = { name: block.split("\n")[0]!, script: block, needs: needsOf(block) };
  if (/ &( sleep \d+| peer=\$!)?$/m.test(block)) return [{ ...whole, exitCodes: [], ends: "at its verdict" }];
  if (block.includes("pktgen-ts receive")) return [{ ...whole, ...twoMachines(commands), ends: "itself" }];
  const kept = commands.filter(({ text }) => untilInterrupted.test(text));
  const single = commands.filter(({ text }) => !untilInterrupted.test(text));
  return [
    ...together(kept),
    ...single.map(
      (command): Recipe => ({
        name: command.text,
        script: asRun(command.text),
        exitCodes: codesOf(command),
        needs: needsOf(command.text),
        ...stageOf(command.text),
        ends: "itself",
      }),
    ),
  ];
}

/** A program that uses the library, in a project that has it. */
function programOf(text: string): Recipe {
  const name = text.split("\n").findLast((line) => line !== "")!;
  const script = `node --input-type=module <<'PROGRAM'\n${text}\nPROGRAM`;
  return { name, script, exitCodes: [0], needs: [], ends: "itself" };
}

/** Commands that run until Ctrl-C: the first alone, and those of its parts at once. */
function together(kept: readonly ShellCommand[]): Recipe[] {
  const sets = [
    kept.filter(({ text }) => !text.includes("--part")),
    kept.filter(({ text }) => text.includes("--part")),
  ];
  return sets.flatMap((set): Recipe[] => {
    if (set.length === 0) return [];
    // The first wait ends with the interrupt, the second one with the last of the commands.
    const script = ["trap : INT", ...set.map(({ text }) => `${text} &\nsleep 1`), "wait; wait"].join("\n");
    return [{ name: set[0]!.text, script, exitCodes: [0], needs: [], ends: "interrupted", kept: set.length }];
  });
}

function twoMachines(commands: readonly ShellCommand[]): Pick<Recipe, "script" | "exitCodes" | "stage"> {
  const [receive, send, merge] = commands.map(({ text }) => asRun(text));
  const script = `ip netns exec right ${receive} & sleep 2\nip netns exec left ${send}\nwait\n${merge}`;
  return { script, exitCodes: [0, 4], stage: machinesStage };
}

const inPath = (program: string): boolean =>
  (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, program)));

/** What a recipe needs of other projects, which nobody has to install; null: it is there. */
function lacks(script: string): string | null {
  if (/\bjq\b/.test(script) && !inPath("jq")) return "jq is not in PATH";
  if (!script.includes("libpcap:")) return null;
  try {
    createRequire(import.meta.url)("cap");
    return null;
  } catch {
    return "cap is not installed: npm install --no-save cap";
  }
}

const whyNot = ({ script, needs }: Recipe): string | null =>
  lacks(script) ?? needs.map(missing).find((why) => why !== null) ?? null;

/** In a namespace of its own where there is a stage, whose names in /run hide nobody else's. */
function start({ script, stage }: Recipe): ChildProcess {
  const shell = ["sh", "-c", stage === undefined ? script : `mount -t tmpfs none /run && ${stage.trim()}\n${script}`];
  const [program, ...args] = stage === undefined ? shell : ["unshare", "--net", "--mount", ...shell];
  const PATH = [join(scratch, "bin"), join(root, "scripts/bin"), dirname(process.execPath), process.env["PATH"]];
  const env = { ...process.env, PATH: PATH.join(delimiter), NO_COLOR: "1" };
  return spawn(program!, args, { cwd: root, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
}

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

function run(recipe: Recipe): Promise<Ended> {
  const child = start(recipe);
  const signal = (name: NodeJS.Signals): void => {
    try {
      process.kill(-child.pid!, name);
    } catch {
      // All of it has ended.
    }
  };
  let output = "";
  let isInterrupted = false;
  const atOutput = (more: string): void => {
    output += more;
    if (recipe.ends === "at its verdict" && verdict.test(output)) signal("SIGTERM");
    if (recipe.ends === "interrupted" && !isInterrupted && output.split("\n").length > (recipe.kept ?? 1)) {
      isInterrupted = true;
      signal("SIGINT");
    }
  };
  for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding("utf8").on("data", atOutput);
  const timer = setTimeout(() => signal("SIGINT"), recipeMs - 20_000);
  return new Promise((resolve) => {
    child.on("close", (code) => {
      clearTimeout(timer);
      signal("SIGKILL");
      resolve({ code, output });
    });
  });
}

function prepare(): void {
  builtMain();
  // Who runs these tests is root already, and may have no sudo.
  mkdirSync(join(scratch, "bin"));
  writeFileSync(join(scratch, "bin/sudo"), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
}

/** Each once: the README prints some that docs/recipes has, too. */
const seen = new Set<string>();
const recipes = recipeDocuments
  .toSorted((a, b) => Number(a.path === "README.md") - Number(b.path === "README.md"))
  .map((document) => ({
    path: document.path,
    recipes: codeBlocks(document)
      .flatMap(({ language, text }) =>
        language === "js" ? [programOf(text)] : language === "sh" ? recipesOf(text) : [],
      )
      .filter(({ script }) => !seen.has(script) && seen.add(script)),
  }));

/** The recipes of devices share the names of sockets: they run one after the other, in one file. */
const ofDevices = /README|start|built-in-device|devices|interfaces|test-plans|testpmd|two-machines|vhost-user/;

/** Of results that another recipe made: where the machine was busy, none of their trials counts. */
const noFigures = /^pktgen-ts: diff: neither has a figure to compare/m;

/** One file of tests runs those of devices, one all others; so every document's are run. */
export function testRecipes(which: "devices" | "traffic"): void {
  beforeAll(prepare, 120_000);
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));
  const wanted = recipes.filter(
    ({ path, recipes }) => recipes.length > 0 && ofDevices.test(path) === (which === "devices"),
  );
  describe.each(wanted)("$path", ({ recipes }) => {
    for (const recipe of recipes) {
      const why = whyNot(recipe);
      const name = why === null ? recipe.name : `${recipe.name} (skipped: ${why})`;
      it.skipIf(why !== null)(name, { timeout: recipeMs }, async () => {
        const { code, output } = await run(recipe);
        if (recipe.ends === "at its verdict") expect(output).toMatch(verdict);
        else {
          const codes = noFigures.test(output) ? [2] : recipe.exitCodes;
          expect(codes, `it ended with ${code}, and said:\n${output}`).toContain(code);
        }
        expect(output).not.toMatch(/^pktgen-ts: .*(unknown|no such|did you mean)/m);
      });
    }
  });
}
