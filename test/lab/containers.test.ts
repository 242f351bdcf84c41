/** Containers of real engines: started, killed, removed, and found again after their owner has gone. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CommandResult, executeCommand } from "../../src/dut/run-command.js";
import { findLauncher } from "../../src/dut/testpmd/containers.js";
import { type Engine, ownerLabel } from "../../src/dut/testpmd/engine-command.js";
import type { Launcher, Mount } from "../../src/dut/testpmd/launcher.js";
import { ownerOf } from "../../src/sys/owner.js";
import { describeLab, missing } from "../support/probe.js";

const env = process.env;
const name = `pktgen-ts-test-${process.pid}`;

const run = async (engine: Engine, args: readonly string[]): Promise<CommandResult> => {
  const result = await executeCommand(engine, args, { env, timeoutMs: 30_000 });
  if (result === null) throw new Error(`${engine} is gone`);
  return result;
};

/** Names of all containers that begin with ours, running or not. */
const containers = async (engine: Engine): Promise<string[]> => {
  const { stdout } = await run(engine, ["ps", "-a", "--filter", `name=${name}`, "--format", "{{.Names}}"]);
  return stdout.split("\n").filter((line) => line !== "");
};

const until = async (condition: () => Promise<boolean>): Promise<void> => {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (await condition()) return;
    await sleep(100);
  }
  throw new Error("it did not come to that in 10 s");
};

const start = (launcher: Launcher, argv: readonly string[], mounts: readonly Mount[] = []): ChildProcess => {
  const { file, args, env: launchEnv } = launcher.launch(argv, { name, mounts, env: { LAB_WORD: "two words" } });
  return spawn(file, [...args], { env: { ...launchEnv }, stdio: ["pipe", "pipe", "pipe"] });
};

const outputOf = async (child: ChildProcess): Promise<string> => {
  let text = "";
  child.stdout?.on("data", (data) => (text += data));
  child.stderr?.on("data", (data) => (text += data));
  await once(child, "close");
  return text;
};

const aboutEngine = (engine: Engine) => (): void => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "pktgen-ts-test-"));
  });
  afterEach(async () => {
    rmSync(folder, { recursive: true, force: true });
    for (const left of await containers(engine)) await run(engine, ["rm", "-f", left]);
  });

  it("starts the program with its mounts, environment and standard input, and is gone after it", async () => {
    writeFileSync(join(folder, "note"), "from outside");
    const launcher = await findLauncher(engine);
    expect(launcher.kind).toBe(engine);
    expect(launcher.description).toMatch(new RegExp(`^${engine} .*image pktgen-ts-dpdk with DPDK \\d\\d\\.\\d\\d`));
    const script =
      "cat; cat /lab/note; echo; echo $LAB_WORD; ls /sys/class/net; command -v dpdk-testpmd; command -v stdbuf";
    const child = start(launcher, ["sh", "-c", script], [{ host: folder, inside: "/lab" }]);
    child.stdin?.end("through stdin\n");
    const output = await outputOf(child);
    expect(output).toBe("through stdin\nfrom outside\ntwo words\nlo\n/usr/bin/dpdk-testpmd\n/usr/bin/stdbuf\n");
    expect(await containers(engine)).toEqual([]);
  });

  it("runs testpmd", async () => {
    const output = await outputOf(start(await findLauncher(engine), ["dpdk-testpmd", "-v", "--help"]));
    expect(output).toMatch(/RTE Version: 'DPDK \d\d\.\d\d/);
  });

  it("is removed though the process that started it was killed, and again", async () => {
    const launcher = await findLauncher(engine);
    const child = start(launcher, ["sleep", "300"]);
    await until(async () => (await containers(engine)).length === 1);
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    expect(await containers(engine)).toEqual([name]);
    await launcher.remove(name);
    expect(await containers(engine)).toEqual([]);
    await launcher.remove(name);
  });

  it("is removed without waiting", async () => {
    const launcher = await findLauncher(engine);
    const ended = once(start(launcher, ["sleep", "300"]), "exit");
    // At once: the engine has hardly begun to make it.
    launcher.removeNow(name);
    await ended;
    await until(async () => (await containers(engine)).length === 0);
  });

  it("of a run that was killed is removed by the next, of a living one it stays", async () => {
    const owner = spawn("sleep", ["60"], { stdio: "ignore" });
    await once(owner, "spawn");
    const ownerEnded = once(owner, "exit");
    const make = (suffix: string, label: string): Promise<CommandResult> =>
      run(engine, ["create", "--name", name + suffix, "--label", `${ownerLabel}=${label}`, "pktgen-ts-dpdk", "true"]);
    await make("-dead", ownerOf(owner.pid ?? 0));
    await make("-alive", ownerOf(process.pid));
    await findLauncher(engine);
    expect((await containers(engine)).sort()).toEqual([`${name}-alive`, `${name}-dead`]);
    owner.kill("SIGKILL");
    await ownerEnded;
    await findLauncher(engine);
    expect(await containers(engine)).toEqual([`${name}-alive`]);
  });

  it("names the command that builds an image which is not there", async () => {
    await expect(findLauncher(engine, { image: "pktgen-ts-no-such" })).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining("has no image pktgen-ts-no-such"),
      hint: `build it: npm run lab:image -- --engine ${engine} --name pktgen-ts-no-such`,
    });
  });
};

describeLab("podman", ["podman"], aboutEngine("podman"));
// What lab:setup makes is required; that is podman. Docker is tested where it is there.
if (missing("docker") === null || env["PKTGEN_LAB"] !== "required")
  describeLab("docker", ["docker"], aboutEngine("docker"));

describe("docker without its daemon", () => {
  it("is named as such, wherever its client is", async () => {
    const dockerHost = { ...env, DOCKER_HOST: "unix:///nonexistent/docker.sock" };
    const client = await executeCommand("docker", ["--version"], { env, timeoutMs: 5_000 });
    const expected = client === null ? /is not in PATH/ : /is there, but does not answer: .*nonexistent/;
    await expect(findLauncher("docker", { env: dockerHost })).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(expected),
    });
  });
});
