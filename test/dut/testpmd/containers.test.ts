/** What is said when an engine is not there, and plain processes; no engine is needed for any of it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findLauncher, hostLimits } from "../../../src/dut/testpmd/containers.js";
import type { LaunchOptions } from "../../../src/dut/testpmd/launcher.js";
import { isGone, ownerOf } from "../../../src/sys/owner.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pktgen-ts-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A program of that name, first in PATH. */
const program = (name: string, script: string): void => {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
};

describe("an engine that is not there", () => {
  it.each(["podman", "docker"] as const)("%s absent: exit code 3 and what to install", async (engine) => {
    await expect(findLauncher(engine, { env: { PATH: folder } })).rejects.toMatchObject({
      exitCode: 3,
      where: `container=${engine}`,
      message: `${engine} is not in PATH`,
      hint: expect.stringContaining(engine === "podman" ? "npm run lab:setup" : "docker.io"),
    });
  });

  it("docker's daemon silent: its words, and how to start it", async () => {
    program("docker", "echo 'Cannot connect to the Docker daemon at unix:///x' >&2; exit 1");
    await expect(findLauncher("docker", { env: { PATH: `${folder}:/bin` } })).rejects.toMatchObject({
      exitCode: 3,
      message: "docker is there, but does not answer: Cannot connect to the Docker daemon at unix:///x",
      hint: expect.stringContaining("systemctl start docker"),
    });
  });

  it("image missing: the command that builds it for this engine", async () => {
    program("docker", 'case "$1" in version) echo 28.2.2 ;; *) exit 1 ;; esac');
    await expect(findLauncher("docker", { env: { PATH: `${folder}:/bin` } })).rejects.toMatchObject({
      exitCode: 3,
      message: "docker 28.2.2 has no image pktgen-ts-dpdk",
      hint: "build it: npm run lab:image -- --engine docker",
    });
  });

  it("starts nothing: the reason of the way that suits the machine best, after both were tried", async () => {
    const calls = join(folder, "calls");
    program(
      "docker",
      `case "$1" in version) echo 28.2.2 ;; image) echo 22.11 ;; ps) ;; *) echo "$*" >>${calls}
       echo "failed in try $(wc -l <${calls})" >&2; exit 126 ;; esac`,
    );
    await expect(findLauncher("docker", { env: { PATH: `${folder}:/bin:/usr/bin` } })).rejects.toMatchObject({
      exitCode: 3,
      message: "docker cannot start testpmd in the image pktgen-ts-dpdk: failed in try 1",
    });
  });

  it("auto goes on to plain processes and says why", async () => {
    const launcher = await findLauncher("auto", { env: { PATH: folder } });
    expect(launcher.kind).toBe("none");
    expect(launcher.description).toMatch(/podman is not in PATH; docker is not in PATH/);
  });
});

describe("plain processes", () => {
  const options: LaunchOptions = { name: `pktgen-ts-test-${process.pid}`, mounts: [], env: { LAB: "1" } };

  it("are started as they are, with the environment asked for", async () => {
    const launcher = await findLauncher("none", { env: { PATH: "/bin" } });
    expect(launcher.launch(["dpdk-testpmd", "-v"], options)).toEqual({
      file: "dpdk-testpmd",
      args: ["-v"],
      env: { PATH: "/bin", LAB: "1", PKTGEN_TS_NAME: options.name },
    });
  });

  it("end when they are removed, by that name alone, and again", async () => {
    const launcher = await findLauncher("none");
    const start = (name: string) => {
      const { file, args, env } = launcher.launch(["sleep", "60"], { ...options, name });
      return spawn(file, [...args], { env: { ...env }, stdio: "ignore" });
    };
    const [mine, other] = [start(options.name), start(`${options.name}-other`)];
    try {
      const ended = once(mine, "exit");
      await Promise.all([once(mine, "spawn"), once(other, "spawn")]);
      await launcher.remove(options.name);
      expect((await ended)[1]).toBe("SIGKILL");
      expect(other.exitCode ?? other.signalCode).toBeNull();
      await launcher.remove(options.name);
    } finally {
      mine.kill("SIGKILL");
      other.kill("SIGKILL");
    }
  });
});

describe("owners", () => {
  it("live as long as their process, not as its number", async () => {
    const child = spawn("sleep", ["60"], { stdio: "ignore" });
    await once(child, "spawn");
    const owner = ownerOf(child.pid ?? 0);
    expect(isGone(owner)).toBe(false);
    expect(isGone(owner.replace(/\d+$/, (start) => `${Number(start) + 1}`))).toBe(true);
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    expect(isGone(owner)).toBe(true);
  });

  it("of other pid namespaces, and what is none, are left alone", () => {
    expect(isGone(ownerOf(process.pid).replace(/^\d+/, "1"))).toBe(false);
    expect(isGone("")).toBe(false);
  });
});

describe("the host's limits", () => {
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };

  it("come from /proc", () => {
    put("proc/self/limits", "Max open files            1024                 20000                files     \n");
    put("proc/self/mounts", "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n");
    put("proc/self/status", "CapBnd:\t000001fffeffffff\n");
    expect(hostLimits(folder)).toEqual({ cgroups: "v2", openFiles: 20000, processes: null, mayRaiseLimits: false });
    put("proc/self/status", "CapBnd:\t000001ffffffffff\n");
    expect(hostLimits(folder).mayRaiseLimits).toBe(true);
  });
});
