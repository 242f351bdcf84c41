/** The CPUs that this process may run on, without loading libc for it. */
import { fieldOf, parseCpuList, readKernelFile } from "../sys/host.js";

export const allowedCores = (): number[] =>
  parseCpuList(fieldOf(readKernelFile("/proc/self/status"), "Cpus_allowed_list"));
