/** Containers of a test's own, by podman: run to their end, with what they said; their image goes with the test. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { hostLimits } from "../../src/dut/testpmd/containers.js";
import { runVariants } from "../../src/dut/testpmd/engine-command.js";
import { root } from "./documents.js";

export interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const engineArguments = (): readonly string[] => runVariants("podman", hostLimits(), null)[0]!.engineArguments;

/** Where podman is started: what its helpers leave lies there. */
const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-containers-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Options of `podman run` that every container of a test has. */
export function startContainer(words: readonly string[]): ChildProcess {
  const always = ["--rm", "--pull=never", "--no-healthcheck", "--log-driver", "none"];
  const limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"];
  return spawn("podman", [...engineArguments(), "run", ...always, ...limits, ...words], { cwd: folder });
}

/** Runs one to its end. `words`: options, the image, its words. */
export function runContainer(words: readonly string[]): Promise<Said> {
  const child = startContainer(words);
  let [stdout, stderr] = ["", ""];
  child.stdout!.on("data", (piece) => (stdout += piece));
  child.stderr!.on("data", (piece) => (stderr += piece));
  return new Promise((resolve, reject) => {
    child.on("error", reject).on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

export const podman = (...words: readonly string[]): string =>
  execFileSync("podman", words, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

/** null: it is there. Else why the image cannot be built here. The caller removes it: `podman("rmi", …)`. */
export function buildImage(name: string): string | null {
  try {
    execFileSync("bash", [join(root, "scripts/image.sh"), "--built", "--name", name], { stdio: "pipe" });
    return null;
  } catch (error) {
    return `the image cannot be built: ${String((error as { readonly stderr?: Buffer }).stderr ?? error).trim()}`;
  }
}
