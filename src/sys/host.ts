/**
 * The host, and what disturbs a measurement on it, read from /proc and /sys. A file that is missing or has unexpected
 * content (other kernels, containers, sandboxes) gives null, never an error: these are facts for the report, not
 * conditions of the run. `root` is "" except in tests.
 */
import { readFileSync } from "node:fs";

/** The host as results disclose it. null: this kernel does not say. */
export interface HostFacts {
  /** Model name, as /proc/cpuinfo has it. */
  readonly cpu: string;
  /** Logical CPUs online. */
  readonly cores: number;
  /** Of these, the ones that this process may run on. */
  readonly coresAllowed: number;
  /** CPU time that the control group grants, in cores (1.5 = 150 %); null: no limit. */
  readonly coresQuota: number | null;
  readonly kernel: string;
  readonly arch: string;
  /** Of CPU 0: performance, powersave, schedutil …; null in most virtual machines. */
  readonly governor: string | null;
  /** Of CPU 0 at this moment. */
  readonly frequencyMHz: number | null;
  readonly smt: boolean | null;
  /** tsc, kvm-clock, hpet …: what the kernel tells the time by. */
  readonly clocksource: string | null;
  /** Layers between this process and bare metal, e.g. `["hypervisor", "docker"]`. */
  readonly virtualised: readonly string[];
  readonly memoryBytes: number | null;
  readonly memoryAvailableBytes: number | null;
  /** What the control group grants; null: no limit. */
  readonly memoryLimitBytes: number | null;
}

/** The content of a kernel file, trimmed; null: it cannot be read. */
export function readKernelFile(path: string, root = ""): string | null {
  try {
    return readFileSync(root + path, "utf8").trim();
  } catch {
    return null;
  }
}

const numberOrNull = (text: string | undefined | null): number | null => {
  const value = text === undefined || text === null || text === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : null;
};

/** The value of `key<blanks>:<blanks>value`, the format of /proc/cpuinfo, meminfo and status. */
export const fieldOf = (text: string | null, key: string): string | null => {
  for (const line of (text ?? "").split("\n")) {
    const colon = line.indexOf(":");
    if (colon >= 0 && line.slice(0, colon).trim() === key) return line.slice(colon + 1).trim();
  }
  return null;
};

/** The CPUs in a kernel list such as `0-3,8,10-11`; empty if the text is no such list. */
export function parseCpuList(text: string | null): number[] {
  const cpus: number[] = [];
  for (const part of (text ?? "").split(",")) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part.trim());
    if (match === null) continue;
    const last = Number(match[2] ?? match[1]);
    for (let cpu = Number(match[1]); cpu <= last; cpu++) cpus.push(cpu);
  }
  return cpus;
}

/** The paths of this process's control group for a controller, most specific first, in versions 2 and 1. */
function cgroupPaths(controller: string, root: string): string[] {
  const paths: string[] = [];
  for (const line of (readKernelFile("/proc/self/cgroup", root) ?? "").split("\n")) {
    const [id, controllers, path] = line.split(":");
    if (path === undefined || controllers === undefined) continue;
    const isV2 = id === "0" && controllers === "";
    if (!isV2 && !controllers.split(",").includes(controller)) continue;
    const base = isV2 ? "/sys/fs/cgroup" : `/sys/fs/cgroup/${controllers}`;
    paths.push(`${base}${path === "/" ? "" : path}`, base);
  }
  return paths;
}

/** CPU time in cores: `cpu.max` is "<quota|max> <period>" (cgroup v2), `cpu.cfs_quota_us` is −1 without limit (v1). */
function coresQuota(root: string): number | null {
  for (const path of cgroupPaths("cpu", root)) {
    const [quotaV2, periodV2] = (readKernelFile(`${path}/cpu.max`, root) ?? "").split(" ");
    const quota = numberOrNull(quotaV2) ?? numberOrNull(readKernelFile(`${path}/cpu.cfs_quota_us`, root));
    const period = numberOrNull(periodV2) ?? numberOrNull(readKernelFile(`${path}/cpu.cfs_period_us`, root));
    if (quota !== null && quota > 0 && period !== null && period > 0) return quota / period;
  }
  return null;
}

function memoryLimitBytes(root: string): number | null {
  for (const path of cgroupPaths("memory", root)) {
    const text = readKernelFile(`${path}/memory.max`, root) ?? readKernelFile(`${path}/memory.limit_in_bytes`, root);
    const limit = numberOrNull(text);
    // Version 1 says "no limit" as the largest multiple of a page below 2^63.
    if (limit !== null && limit < 2 ** 62) return limit;
  }
  return null;
}

function virtualised(cpuinfo: string | null, root: string): string[] {
  const layers: string[] = [];
  const product = readKernelFile("/sys/class/dmi/id/product_name", root);
  const hypervisor = readKernelFile("/sys/hypervisor/type", root);
  if (hypervisor !== null) layers.push(hypervisor);
  else if ((fieldOf(cpuinfo, "flags") ?? "").split(" ").includes("hypervisor")) layers.push(product ?? "hypervisor");
  if (readKernelFile("/.dockerenv", root) !== null) layers.push("docker");
  if (readKernelFile("/run/.containerenv", root) !== null) layers.push("podman");
  if ((readKernelFile("/proc/version", root) ?? "").includes("Microsoft")) layers.push("wsl");
  return layers;
}

/** arm64 kernels give no model name; the implementer and part numbers are what there is. */
function cpuModel(cpuinfo: string | null): string {
  const model = fieldOf(cpuinfo, "model name") ?? fieldOf(cpuinfo, "Model") ?? fieldOf(cpuinfo, "cpu model");
  if (model !== null) return model;
  const implementer = fieldOf(cpuinfo, "CPU implementer");
  const part = fieldOf(cpuinfo, "CPU part");
  return implementer === null ? "unknown" : `ARM implementer ${implementer} part ${part ?? "?"}`;
}

function frequencyMHz(cpuinfo: string | null, cpufreq: string, root: string): number | null {
  const kHz = numberOrNull(readKernelFile(`${cpufreq}/scaling_cur_freq`, root));
  const mhz = kHz === null ? numberOrNull(fieldOf(cpuinfo, "cpu MHz")) : kHz / 1000;
  return mhz === null ? null : Math.round(mhz);
}

/** Bytes of a `Key:   123 kB` line of /proc/meminfo. */
const meminfoBytes = (meminfo: string | null, key: string): number | null => {
  const kB = numberOrNull(fieldOf(meminfo, key)?.replace(/ kB$/, ""));
  return kB === null ? null : kB * 1024;
};

/** Reads the host once; takes about a millisecond. */
export function hostFacts(root = ""): HostFacts {
  const cpuinfo = readKernelFile("/proc/cpuinfo", root);
  const meminfo = readKernelFile("/proc/meminfo", root);
  const online = parseCpuList(readKernelFile("/sys/devices/system/cpu/online", root));
  const listed = (cpuinfo ?? "").split("\n").filter((line) => line.startsWith("processor")).length;
  const cores = Math.max(1, online.length || listed);
  const allowed = parseCpuList(fieldOf(readKernelFile("/proc/self/status", root), "Cpus_allowed_list"));
  const smt = readKernelFile("/sys/devices/system/cpu/smt/active", root);
  const cpufreq = "/sys/devices/system/cpu/cpu0/cpufreq";
  return {
    cpu: cpuModel(cpuinfo),
    cores,
    coresAllowed: allowed.length === 0 ? cores : Math.min(allowed.length, cores),
    coresQuota: coresQuota(root),
    kernel: readKernelFile("/proc/sys/kernel/osrelease", root) ?? "unknown",
    arch: process.arch,
    governor: readKernelFile(`${cpufreq}/scaling_governor`, root),
    frequencyMHz: frequencyMHz(cpuinfo, cpufreq, root),
    smt: smt === "1" ? true : smt === "0" ? false : null,
    clocksource: readKernelFile("/sys/devices/system/clocksource/clocksource0/current_clocksource", root),
    virtualised: virtualised(cpuinfo, root),
    memoryBytes: meminfoBytes(meminfo, "MemTotal"),
    memoryAvailableBytes: meminfoBytes(meminfo, "MemAvailable"),
    memoryLimitBytes: memoryLimitBytes(root),
  };
}

/** Milliseconds of a USER_HZ tick, in which /proc/stat counts: 100 a second for user space on every architecture. */
const tickMs = 10;

/**
 * CPU time that the hypervisor gave to others while one of our CPUs wanted to run, in ms since boot, over all CPUs. It
 * is the eighth number of the `cpu` line (proc(5)). 0 if the kernel does not count it.
 */
export function stealMs(root = ""): number {
  const line = (readKernelFile("/proc/stat", root) ?? "").split("\n")[0] ?? "";
  return (numberOrNull(line.trim().split(/\s+/)[8]) ?? 0) * tickMs;
}

/** Times that the scheduler took the CPU from these threads of this process while they wanted to go on. */
export function involuntarySwitches(threadIds: readonly number[], root = ""): number {
  let switches = 0;
  for (const tid of threadIds) {
    const status = readKernelFile(`/proc/self/task/${tid}/status`, root);
    switches += numberOrNull(fieldOf(status, "nonvoluntary_ctxt_switches")) ?? 0;
  }
  return switches;
}

/** What disturbed since the last call. */
export interface HostDisturbance {
  readonly stealMs: number;
  readonly switches: number;
}

/**
 * Starts watching; each call of the result gives the difference to the call before. The threads must live as long:
 * one that ends takes its count with it (then the difference is at least 0).
 */
export function watchDisturbance(threadIds: readonly number[], root = ""): () => HostDisturbance {
  let steal = stealMs(root);
  let switches = involuntarySwitches(threadIds, root);
  return () => {
    const stealNow = stealMs(root);
    const switchesNow = involuntarySwitches(threadIds, root);
    const difference = { stealMs: stealNow - steal, switches: Math.max(0, switchesNow - switches) };
    steal = stealNow;
    switches = switchesNow;
    return difference;
  };
}
