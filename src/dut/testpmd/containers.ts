/**
 * Finds out how testpmd can be started here: in podman, in docker, or as a plain process. An engine counts as there
 * when it answers, has the image, and has started testpmd in it once. Containers carry their name and their owner, so
 * that what a killed run left behind is found and removed by the next one.
 */

import { readdirSync, readFileSync } from "node:fs";
import { environmentError, type PktgenError } from "../../errors.js";
import { fieldOf, readKernelFile } from "../../sys/host.js";
import { isGone, ownerOf } from "../../sys/owner.js";
import { sleepNs } from "../../sys/sleep.js";
import { type CommandEnvironment, type CommandResult, executeCommand, lastLine, runDetached } from "../run-command.js";
import {
  answerArguments,
  cgroupKind,
  defaultImage,
  type Engine,
  existsArguments,
  type HostLimits,
  hardLimit,
  imageArguments,
  listArguments,
  ownersArguments,
  type RunVariant,
  removeArguments,
  runArguments,
  runVariants,
} from "./engine-command.js";
import type { Launcher, LaunchOptions } from "./launcher.js";
import { parseDpdkVersion } from "./version.js";

/** What `--dut testpmd,container=` takes. */
export const containerWishes = ["auto", "podman", "docker", "none"] as const;
export type ContainerWish = (typeof containerWishes)[number];

export interface FindOptions {
  /** Default `pktgen-ts-dpdk`, which `npm run lab:image` builds. */
  readonly image?: string;
  /** The process that containers belong to. Tests give another one. */
  readonly env?: CommandEnvironment;
}

const answerTimeoutMs = 20_000;
const probeTimeoutMs = 60_000;
const removeTimeoutMs = 30_000;

/** Marks plain processes, so that `remove` finds them in /proc. */
const processMark = "PKTGEN_TS_NAME";

export function hostLimits(root = ""): HostLimits {
  const limits = readKernelFile("/proc/self/limits", root) ?? "";
  const bounding = fieldOf(readKernelFile("/proc/self/status", root), "CapBnd") ?? "0";
  const capabilities = /^[0-9a-f]+$/.test(bounding) ? BigInt(`0x${bounding}`) : 0n;
  const capSysResource = 24n;
  return {
    cgroups: cgroupKind(readKernelFile("/proc/self/mounts", root) ?? ""),
    openFiles: hardLimit(limits, "Max open files"),
    processes: hardLimit(limits, "Max processes"),
    mayRaiseLimits: ((capabilities >> capSysResource) & 1n) === 1n,
  };
}

/** What is there of an engine, without starting anything in it. `lacks` is the error that asking for it gives. */
export type EngineState =
  | { readonly engine: Engine; readonly lacks: PktgenError; readonly version: string | null }
  | {
      readonly engine: Engine;
      readonly lacks: null;
      readonly version: string;
      readonly defaultRuntime: string | null;
      /** Debian's version of DPDK in the image, e.g. `22.11.11-0+deb12u1`; null: the image does not say. */
      readonly imageDpdk: string | null;
    };

const startHints: Readonly<Record<Engine, string>> = {
  podman: "see what is wrong with: podman info",
  docker: "start its daemon: sudo systemctl start docker",
};

/** Takes about 0.1 s per engine. */
export async function examineEngine(engine: Engine, options: FindOptions = {}): Promise<EngineState> {
  const { image = defaultImage, env = process.env } = options;
  const where = `container=${engine}`;
  const run = (args: readonly string[]): Promise<CommandResult | null> =>
    executeCommand(engine, args, { env, timeoutMs: answerTimeoutMs });
  const answer = await run(answerArguments(engine));
  if (answer === null) {
    const hint = engine === "podman" ? "sudo npm run lab:setup" : "sudo apt-get install docker.io, or container=podman";
    return { engine, version: null, lacks: environmentError(`${engine} is not in PATH`, { where, hint }) };
  }
  const [version, defaultRuntime] = answer.stdout.trim().split(" ");
  if (answer.code !== 0 || version === undefined || version === "") {
    const what = `${engine} is there, but does not answer: ${lastLine(answer)}`;
    return { engine, version: null, lacks: environmentError(what, { where, hint: startHints[engine] }) };
  }
  const labels = await run(imageArguments(image));
  if (labels?.code !== 0) {
    const hint = `build it: npm run lab:image -- --engine ${engine}${image === defaultImage ? "" : ` --name ${image}`}`;
    const what = `${engine} ${version} has no image ${image}`;
    return { engine, version, lacks: environmentError(what, { where, hint }) };
  }
  const imageDpdk = labels.stdout.trim();
  return {
    engine,
    lacks: null,
    version,
    defaultRuntime: defaultRuntime ?? null,
    imageDpdk: imageDpdk === "" || imageDpdk === "<no value>" ? null : imageDpdk,
  };
}

/**
 * The launcher for a wish; `auto` takes podman, docker, none, in this order, and its description says why the ones
 * before were not taken. Removes what earlier runs left behind.
 * @throws PktgenError (3) where an engine was asked for by name and is absent, silent, without the image, or cannot
 * start it.
 */
export async function findLauncher(wish: ContainerWish, options: FindOptions = {}): Promise<Launcher> {
  if (wish === "none") return plainLauncher("plain processes, no container", options.env ?? process.env);
  if (wish !== "auto") return engineLauncher(wish, options);
  const reasons: string[] = [];
  for (const engine of ["podman", "docker"] as const) {
    try {
      return await engineLauncher(engine, options);
    } catch (error) {
      reasons.push((error as PktgenError).message);
    }
  }
  return plainLauncher(`plain processes, no container (${reasons.join("; ")})`, options.env ?? process.env);
}

interface EngineContext {
  readonly engine: Engine;
  readonly image: string;
  readonly env: CommandEnvironment;
  readonly host: HostLimits;
  readonly owner: string;
}

async function engineLauncher(engine: Engine, options: FindOptions): Promise<Launcher> {
  const state = await examineEngine(engine, options);
  if (state.lacks !== null) throw state.lacks;
  const { image = defaultImage, env = process.env } = options;
  const context = { engine, image, env, host: hostLimits(), owner: ownerOf(process.pid) };
  await removeLeftContainers(engine, env);
  const { variant, dpdk } = await firstThatRuns(context, runVariants(engine, context.host, state.defaultRuntime));
  return {
    kind: engine,
    description: `${engine} ${state.version} (${variant.summary}), image ${image} with DPDK ${dpdk}`,
    launch: (argv, launchOptions) => ({
      file: engine,
      args: runArguments({ ...context, variant, options: launchOptions, argv }),
      env: definedOnly(env),
    }),
    remove: (name) => removeContainer(context, name),
    removeNow: (name) => runDetached("sh", ["-c", removeTwice, "sh", engine, ...removeArguments(engine, [name])], env),
  };
}

/** An engine that was just asked to run it may make the container after the first look. */
const removeTwice = '[ -n "$("$@" 2>/dev/null)" ] || { sleep 1; "$@" >/dev/null 2>&1; }';

/** testpmd's help, which needs neither memory nor devices, started in each way until one works. */
async function firstThatRuns(
  context: EngineContext,
  variants: readonly RunVariant[],
): Promise<{ readonly variant: RunVariant; readonly dpdk: string }> {
  const { engine, image, env } = context;
  let failure: string | null = null;
  for (const [i, variant] of variants.entries()) {
    const options: LaunchOptions = { name: `pktgen-ts-probe-${context.owner}-${i}`, mounts: [], env: {} };
    const argv = ["dpdk-testpmd", "-v", "--help"];
    const args = runArguments({ ...context, variant, options, argv });
    const result = await executeCommand(engine, args, { env, timeoutMs: probeTimeoutMs });
    const version = result === null ? null : parseDpdkVersion(`${result.stdout}\n${result.stderr}`);
    if (version !== null) return { variant, dpdk: version.text };
    if (result?.code === null) await removeContainer(context, options.name);
    // The error of the variant that suits the machine best is the most useful one.
    failure ??= result === null ? `${engine} is gone` : lastLine(result);
  }
  throw environmentError(`${engine} cannot start testpmd in the image ${image}: ${failure}`, {
    where: `container=${engine}`,
    hint: `build the image anew: npm run lab:image -- --engine ${engine} --force; or do without: container=none`,
  });
}

/** Waits until it is really gone; --rm may be removing it at the same time. */
async function removeContainer({ engine, env }: Pick<EngineContext, "engine" | "env">, name: string): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt++) {
    await executeCommand(engine, removeArguments(engine, [name]), { env, timeoutMs: removeTimeoutMs });
    const there = await executeCommand(engine, existsArguments(name), { env, timeoutMs: answerTimeoutMs });
    if (there?.code !== 0) return;
    await sleepNs(100e6);
  }
  const hint = `${engine} rm -f ${name}`;
  throw environmentError(`${engine} does not remove the container ${name}`, { where: `container=${engine}`, hint });
}

/** Removes containers whose owner has ended. Returns their ids. */
export async function removeLeftContainers(engine: Engine, env: CommandEnvironment = process.env): Promise<string[]> {
  const run = (args: readonly string[]): Promise<CommandResult | null> =>
    executeCommand(engine, args, { env, timeoutMs: removeTimeoutMs });
  const ids = (await run(listArguments()))?.stdout.split("\n").filter((id) => id !== "") ?? [];
  if (ids.length === 0) return [];
  // One that ends meanwhile makes `inspect` fail and still tell of the others.
  const lines = (await run(ownersArguments(ids)))?.stdout.split("\n") ?? [];
  const gone = lines.map((line) => line.trim().split(" ")).filter(([, owner]) => owner !== undefined && isGone(owner));
  const left = gone.map(([id]) => id ?? "");
  if (left.length > 0) await run(removeArguments(engine, left));
  return left;
}

const definedOnly = (env: CommandEnvironment): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));

/** The program itself, in its own process; `inside` of mounts is what the host calls `host`. */
const plainLauncher = (description: string, env: CommandEnvironment): Launcher => ({
  kind: "none",
  description,
  launch: ([file = "", ...args], options) => ({
    file,
    args,
    env: { ...definedOnly(env), ...options.env, [processMark]: options.name },
  }),
  remove: async (name) => {
    for (let attempt = 0; attempt < 50 && killMarked(name) > 0; attempt++) await sleepNs(20e6);
  },
  removeNow: (name) => {
    killMarked(name);
  },
});

/** Sends SIGKILL to every process with that mark; how many there were. Zombies have no environment any more. */
function killMarked(name: string): number {
  let found = 0;
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid || !isMarked(pid, name)) continue;
    found++;
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself, or belongs to another user.
    }
  }
  return found;
}

function isMarked(pid: number, name: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(`${processMark}=${name}`);
  } catch {
    return false;
  }
}
