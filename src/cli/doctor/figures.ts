/** What makes figures steady and comparable. Nothing here is required: the report discloses it, and this says how to better it. */
import { percentWord } from "../../stats/words.js";
import type { HostFacts } from "../../sys/host.js";
import { type MachineLoad, machineLoad } from "../../sys/machine-load.js";
import type { Scheduling } from "../../sys/scheduling.js";
import { type DoctorCheck, reasonOf } from "./check.js";

/** The embedded lab's own threads that poll: generator, the host's forwarder, the container's forwarder. */
const pollers = 3;

export function checkCores(host: HostFacts): DoctorCheck {
  const found = `${host.coresAllowed} of ${host.cores} for the ${pollers} polling threads of the embedded lab`;
  if (host.coresAllowed > pollers) return { name: "cores", state: "ok", found };
  const fix = `threads take turns, which costs rate and latency; ${pollers + 1} cores let each keep its own`;
  return { name: "cores", state: "note", found, fix };
}

export function checkQuota(host: HostFacts): DoctorCheck {
  if (host.coresQuota === null) return { name: "CPU quota", state: "ok", found: "none" };
  const found = `the control group grants ${host.coresQuota.toFixed(2)} cores, and stops threads that used them up`;
  return {
    name: "CPU quota",
    state: "note",
    found,
    fix: "raise it: cpu.max of the control group, or --cpus of the container",
  };
}

export function checkClockSource(host: HostFacts): DoctorCheck {
  const source = host.clocksource ?? "unknown";
  const quick = ["tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page", "unknown"].includes(source);
  if (quick) return { name: "clock source", state: "ok", found: source };
  const fix = "echo tsc | sudo tee /sys/devices/system/clocksource/clocksource0/current_clocksource";
  return { name: "clock source", state: "note", found: `${source}: each reading is a system call`, fix };
}

export function checkGovernor(host: HostFacts): DoctorCheck {
  const frequency = host.frequencyMHz === null ? "" : ` at ${host.frequencyMHz} MHz now`;
  if (host.governor === null)
    return { name: "governor", state: "ok", found: `set by the hypervisor or firmware${frequency}` };
  if (host.governor === "performance") return { name: "governor", state: "ok", found: `performance${frequency}` };
  return {
    name: "governor",
    state: "note",
    found: `${host.governor}${frequency}`,
    fix: "sudo cpupower frequency-set -g performance",
  };
}

export function checkSmt(host: HostFacts): DoctorCheck {
  if (host.smt === null) return { name: "SMT", state: "ok", found: "the kernel does not say" };
  if (!host.smt) return { name: "SMT", state: "ok", found: "off, or not visible here" };
  const fix =
    "choose cores that are no siblings with --cores (lscpu -e), or: echo off | sudo tee /sys/devices/system/cpu/smt/control";
  return { name: "SMT", state: "note", found: "on: two pollers on one core share it", fix };
}

export function checkVirtualised(host: HostFacts): DoctorCheck {
  if (host.virtualised.length === 0) return { name: "machine", state: "ok", found: "no hypervisor or container seen" };
  const found = `${host.virtualised.join(", ")}: time may be stolen; each trial reports how much`;
  return { name: "machine", state: "note", found };
}

export function checkLoad({ load1, cpus, waitingShare }: MachineLoad): DoctorCheck {
  if (load1 === null) return { name: "load", state: "ok", found: "the kernel does not say" };
  const waiting = waitingShare === null ? "" : `; some thread waited for a CPU ${percentWord(waitingShare)} of 10 s`;
  const found = `${load1} on ${cpus} CPUs in the last minute${waiting}`;
  if (load1 <= cpus / 2) return { name: "load", state: "ok", found };
  const fix = "end other programs: trials at a set rate may be INVALID on a busy machine (README: INVALID, what now?)";
  return { name: "load", state: "note", found, fix };
}

/** What threads may ask for where others want their CPU, too. Nothing asks for it by itself. */
export function checkScheduler({ realTimePriority, lowestNice, ownSlice }: Scheduling): DoctorCheck {
  const name = "scheduler";
  const rights = [
    realTimePriority > 0 ? `real-time priorities up to ${realTimePriority}` : "no real-time priority",
    lowestNice < 0 ? `nice down to ${lowestNice}` : "no nice below 0",
    ownSlice ? "time slices of its own" : "no time slice of its own",
  ];
  return { name, state: "ok", found: rights.join(", ") };
}

/** CPUs that other programs do not get by themselves. */
export function checkIsolatedCpus({ isolatedCpus }: Scheduling): DoctorCheck {
  const name = "isolated CPUs";
  if (isolatedCpus.length === 0) return { name, state: "ok", found: "none: other programs may run on each" };
  const list = isolatedCpus.join(",");
  return { name, state: "ok", found: `${list}; taskset -c 0,${list} pktgen-ts … --cores ${list} polls there` };
}

/** What only trying tells; where libc does not load, the check of the main job says so. */
async function checkScheduling(): Promise<DoctorCheck[]> {
  try {
    const { scheduling } = await import("../../sys/scheduling.js");
    const found = scheduling();
    return [checkScheduler(found), checkIsolatedCpus(found)];
  } catch (error) {
    return [{ name: "scheduler", state: "note", found: reasonOf(error) }];
  }
}

export const checkFigures = async (host: HostFacts): Promise<DoctorCheck[]> => [
  checkLoad(machineLoad()),
  checkCores(host),
  checkQuota(host),
  checkClockSource(host),
  checkGovernor(host),
  checkSmt(host),
  checkVirtualised(host),
  ...(await checkScheduling()),
];
