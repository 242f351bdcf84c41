/**
 * What the kernel's scheduler lets this process ask for. Nothing of it is changed: where only trying tells, the calling
 * thread asks for it and takes it back at once.
 */
import { hasCapability } from "./capabilities.js";
import { parseCpuList, readKernelFile } from "./host.js";
import { libc } from "./libc.js";

export interface Scheduling {
  /** The highest real-time priority that may be asked for (SCHED_FIFO, SCHED_RR); 0: none. */
  readonly realTimePriority: number;
  /** The lowest nice value that may be asked for; 0 where only giving way is allowed. */
  readonly lowestNice: number;
  /** A thread may ask for a time slice of its own (Linux 6.12). */
  readonly ownSlice: boolean;
  /** CPUs that the kernel gives no thread that does not ask for them (isolcpus). */
  readonly isolatedCpus: readonly number[];
}

/** The fields of struct sched_attr, and its first size. */
const attr = { size: 0, policy: 4, flags: 8, nice: 16, priority: 20, runtimeNs: 24, bytes: 48 } as const;
const policies = { other: 0, fifo: 1 } as const;
/** SYS_sched_setattr and SYS_sched_getattr. */
const numbers = process.arch === "arm64" ? { set: 274, get: 275 } : { set: 314, get: 315 };
const shortSliceNs = 100_000n;
const mostPriority = 99;
const lowestOfAll = -20;

const setAttributes = (attributes: DataView): boolean =>
  libc.syscallWith(numbers.set, 0, new Uint8Array(attributes.buffer), 0, 0) === 0;

/** Of the calling thread; null: this kernel does not say. */
function attributesNow(): DataView | null {
  const bytes = new Uint8Array(attr.bytes);
  return libc.syscallWith(numbers.get, 0, bytes, attr.bytes, 0) === 0 ? new DataView(bytes.buffer) : null;
}

/** Asks for other attributes and takes them back. What `read` says in between; null: refused. */
function tried<T>(change: (attributes: DataView) => void, read: () => T): T | null {
  const before = attributesNow();
  if (before === null) return null;
  const wanted = new DataView(before.buffer.slice(0));
  change(wanted);
  if (!setAttributes(wanted)) return null;
  const found = read();
  setAttributes(before);
  return found;
}

function mayHaveOwnSlice(): boolean {
  const found = tried(
    (attributes) => attributes.setBigUint64(attr.runtimeNs, shortSliceNs, true),
    () => attributesNow()?.getBigUint64(attr.runtimeNs, true) === shortSliceNs,
  );
  return found === true;
}

const mayBeRealTime = (): boolean =>
  tried(
    (attributes) => {
      attributes.setUint32(attr.policy, policies.fifo, true);
      attributes.setInt32(attr.nice, 0, true);
      attributes.setUint32(attr.priority, 1, true);
      attributes.setBigUint64(attr.runtimeNs, 0n, true);
    },
    () => true,
  ) === true;

/** A line of /proc/self/limits: the soft limit. 0: none, or the kernel does not say. */
function softLimit(name: string, root: string): number {
  const line = (readKernelFile("/proc/self/limits", root) ?? "").split("\n").find((text) => text.startsWith(name));
  const value = line?.slice(name.length).trim().split(/\s+/)[0];
  return value === "unlimited" ? Number.POSITIVE_INFINITY : Number(value ?? 0);
}

/** `root` is "" but in tests. */
export function scheduling(root = ""): Scheduling {
  const mayAll = hasCapability("CAP_SYS_NICE", root);
  const priority = mayAll ? mostPriority : Math.min(mostPriority, softLimit("Max realtime priority", root));
  // The limit counts from 1, which is nice 19.
  const nice = mayAll ? lowestOfAll : Math.max(lowestOfAll, 20 - softLimit("Max nice priority", root));
  return {
    realTimePriority: priority > 0 && mayBeRealTime() ? priority : 0,
    lowestNice: Math.min(0, nice),
    ownSlice: mayHaveOwnSlice(),
    isolatedCpus: parseCpuList(readKernelFile("/sys/devices/system/cpu/isolated", root)),
  };
}
