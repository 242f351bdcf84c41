/** What the main job needs: Node, libc through koffi, sealed shared memory, Unix sockets, memory. Each is tried, not guessed. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HostFacts } from "../../sys/host.js";
import { formatCount } from "../../units.js";
import { type DoctorCheck, reasonOf } from "./check.js";

/** Rings, buffers, V8 and its worker threads of the whole default run stay below this. */
const memoryNeededBytes = 250e6;
const nodeNeeded = [20, 19] as const;

export function checkNode(version: string): DoctorCheck {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const enough = major > nodeNeeded[0] || (major === nodeNeeded[0] && minor >= nodeNeeded[1]);
  const check = { name: "Node", required: true };
  if (enough) return { ...check, state: "ok", found: version };
  const fix = "install Node 20.19 or newer: https://nodejs.org/en/download (or: npx -p node@22 pktgen-ts …)";
  return { ...check, state: "missing", found: `${version}, ${nodeNeeded.join(".")} is needed`, fix };
}

export function checkPlatform(): DoctorCheck {
  const check = { name: "system", required: true, found: `${process.platform} ${process.arch}` };
  const known = process.platform === "linux" && (process.arch === "x64" || process.arch === "arm64");
  return known ? { ...check, state: "ok" } : { ...check, state: "missing", fix: "use Linux on x64 or arm64" };
}

/** Loads libc through koffi and reads the clock with it. */
async function checkKoffi(): Promise<DoctorCheck> {
  const check = { name: "libc (koffi)", required: true };
  try {
    const { measureClock, monotonicClock } = await import("../../sys/clock.js");
    const { stepNs, readNs } = measureClock(monotonicClock());
    const found = `loaded; the clock tells ${stepNs} ns apart and costs ${readNs.toFixed(0)} ns to read`;
    return { ...check, state: "ok", found };
  } catch (error) {
    const fix = "npm ci (koffi brings its library as an optional package: do not install with --omit=optional)";
    return { ...check, state: "missing", found: reasonOf(error), fix };
  }
}

/** Makes, seals and maps shared memory as the rings do. */
async function checkSharedMemory(): Promise<DoctorCheck> {
  const check = { name: "shared memory", required: true };
  try {
    const { arena } = await import("../../sys/arena.js");
    const shared = arena().allocateShared("pktgen-ts-doctor", 65_536);
    arena().memory().u8[shared.offset] = 1;
    arena().release(shared.offset);
    return { ...check, state: "ok", found: "memfd made, sealed and mapped" };
  } catch (error) {
    return {
      ...check,
      state: "missing",
      found: reasonOf(error),
      fix: "allow memfd_create and mmap (seccomp, ulimit -v)",
    };
  }
}

/** Listens on a Unix socket in the temporary directory, where the embedded lab has its own. */
async function checkUnixSockets(): Promise<DoctorCheck> {
  const check = { name: "Unix sockets", required: true };
  let folder: string | null = null;
  try {
    folder = mkdtempSync(join(tmpdir(), "pktgen-ts-doctor-"));
    const path = join(folder, "s");
    await new Promise<void>((resolve, reject) => {
      const server = createServer();
      server.on("error", reject);
      server.listen(path, () => server.close(() => resolve()));
    });
    return { ...check, state: "ok", found: `in ${tmpdir()}` };
  } catch (error) {
    const fix = "point TMPDIR at a folder that you may write, with a path of at most 60 characters";
    return { ...check, state: "missing", found: reasonOf(error), fix };
  } finally {
    if (folder !== null) rmSync(folder, { recursive: true, force: true });
  }
}

export function checkMemory(host: HostFacts): DoctorCheck {
  const check = { name: "memory", required: true };
  const limits = [host.memoryAvailableBytes, host.memoryLimitBytes].filter((bytes) => bytes !== null);
  if (limits.length === 0) return { ...check, state: "note", found: "the kernel does not say", required: false };
  const bytes = Math.min(...limits);
  const found = `${formatCount(Math.floor(bytes / 1e6))} MB available`;
  if (bytes >= memoryNeededBytes) return { ...check, state: "ok", found };
  return { ...check, state: "missing", found, fix: `free memory: a run takes up to ${memoryNeededBytes / 1e6} MB` };
}

export const checkMainJob = async (host: HostFacts): Promise<DoctorCheck[]> => [
  checkNode(process.versions.node),
  checkPlatform(),
  await checkKoffi(),
  await checkSharedMemory(),
  await checkUnixSockets(),
  checkMemory(host),
];
