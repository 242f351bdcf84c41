/** How busy the machine is right now, from /proc; null where this kernel does not say. `root` is "" but in tests. */
import { readKernelFile } from "./host.js";
import { allowedCpus } from "./thread.js";

export interface MachineLoad {
  /** CPUs that this process may run on. */
  readonly cpus: number;
  /** Mean of threads that run or wait to, over the last minute. */
  readonly load1: number | null;
  /** Threads that run or wait to at this moment. */
  readonly runnable: number | null;
  /** Share of the last ten seconds in which some thread waited for a CPU (/proc/pressure/cpu). */
  readonly waitingShare: number | null;
}

const finite = (text: string | undefined): number | null => {
  const value = Number(text === "" ? undefined : text);
  return Number.isFinite(value) ? value : null;
};

export function machineLoad(root = ""): MachineLoad {
  const [load1, , , threads] = (readKernelFile("/proc/loadavg", root) ?? "").split(" ");
  const waiting = /^some avg10=([\d.]+)/m.exec(readKernelFile("/proc/pressure/cpu", root) ?? "")?.[1];
  const percent = finite(waiting);
  return {
    cpus: allowedCpus().length,
    load1: finite(load1),
    runnable: finite(threads?.split("/")[0]),
    waitingShare: percent === null ? null : percent / 100,
  };
}
