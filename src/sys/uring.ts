/** Opens an io_uring in memory that we give it, and submits to it. The rings themselves are ring/kernel/uring.ts. */
import { closeSync } from "node:fs";
import type { UringEnter } from "../ring/kernel/uring.js";
import type { UringLayout } from "../ring/ring.js";
import type { Arena } from "./arena.js";
import { errno, errnoName, libc } from "./libc.js";

/** The same number on x86-64 and arm64. */
const SYS_io_uring_setup = 425;
const SYS_io_uring_enter = 426;
/** linux/io_uring.h */
const IORING_SETUP_SUBMIT_ALL = 1 << 7;
const IORING_SETUP_COOP_TASKRUN = 1 << 8;
const IORING_SETUP_NO_MMAP = 1 << 14;
/** struct io_uring_params, and in it struct io_sqring_offsets and io_cqring_offsets. */
const paramsBytes = 120;
const sqOffsets = 40;
const cqOffsets = 80;
const userAddress = 32;

const pageBytes = 4096;
/** As many as fit into one page: before Linux 6.10 such memory had to be physically contiguous. */
export const uringEntries = 64;
/** One page for submission entries, one for everything else. */
export const uringBytes = 2 * pageBytes;

const whyNot: Readonly<Record<string, string>> = {
  EPERM: "io_uring is not allowed here (kernel.io_uring_disabled, or a seccomp filter)",
  EACCES: "io_uring is not allowed here (a seccomp filter)",
  ENOSYS: "this kernel has no io_uring, or a seccomp filter hides it",
  EINVAL: "io_uring of this kernel cannot use memory of ours (before Linux 6.5)",
};

/**
 * An io_uring whose rings lie at arena offset `at`, `uringBytes` long, zeroed; or a clause that says why there is none.
 * The caller closes `fd`. The kernel cannot map its own rings at a place that we choose, so it gets ours.
 */
export function openUring(arena: Arena, at: number): UringLayout | string {
  const params = new DataView(new ArrayBuffer(paramsBytes));
  params.setUint32(8, IORING_SETUP_NO_MMAP | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN, true);
  params.setBigUint64(sqOffsets + userAddress, arena.address + BigInt(at), true);
  params.setBigUint64(cqOffsets + userAddress, arena.address + BigInt(at + pageBytes), true);
  const fd = libc.syscallWith(SYS_io_uring_setup, uringEntries, params.buffer, 0, 0);
  if (fd < 0) {
    const name = errnoName(errno());
    return whyNot[name] ?? `io_uring_setup failed: ${name}`;
  }
  const entries = params.getUint32(0, true);
  const completions = params.getUint32(4, true);
  const rings = at + pageBytes;
  const sq = (field: number): number => rings + params.getUint32(sqOffsets + field, true);
  const cq = (field: number): number => rings + params.getUint32(cqOffsets + field, true);
  const [array, cqes] = [sq(24), cq(20)];
  if (array + 4 * entries > rings + pageBytes || cqes + 16 * completions > rings + pageBytes) {
    closeSync(fd);
    return "io_uring of this kernel needs more memory than was expected";
  }
  // The array says which entry is the i-th to submit: always the i-th.
  const { u32 } = arena.memory();
  for (let i = 0; i < entries; i++) u32[(array >>> 2) + i] = i;
  return { fd, entries, completions, sqHead: sq(0), sqTail: sq(4), sqes: at, cqHead: cq(0), cqTail: cq(4), cqes };
}

/** Never waits: what cannot be done at once returns an error. */
export const uringEnter =
  (fd: number): UringEnter =>
  (n) => {
    const taken = libc.syscall(SYS_io_uring_enter, fd, n, 0, 0, 0, 0);
    return taken < 0 ? -errno() : taken;
  };
