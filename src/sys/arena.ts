/**
 * The arena: one reservation of address space per process, in which every mapping lies: our ring memory, peers' memory,
 * scratch. So one ArrayBuffer reaches everything, a frame moves between two ports with one copy, and offsets mean the
 * same in all threads.
 *
 * A view on unmapped memory is a crash, and a view cannot be detached, so nothing is ever unmapped: `release` replaces
 * a mapping in place by empty anonymous memory. 4 GiB is the most that Node 20 can view. The reservation costs no
 * memory (PROT_NONE, not counted by overcommit).
 *
 *   0        4096                                                     arenaBytes
 *   | guard  | mapping | gap | mapping | …                           |
 */
import { closeSync, fstatSync } from "node:fs";
import { environmentError } from "../errors.js";
import { type RingMemory, ringMemory } from "../memory.js";
import { readKernelFile } from "./host.js";
import { addressOfPointer, checked, errno, errnoName, libc, systemError, viewMemory } from "./libc.js";

const PROT_NONE = 0;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 0x01;
const MAP_PRIVATE = 0x02;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MAP_NORESERVE = 0x4000;
const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const MFD_HUGETLB = 4;
const F_ADD_SEALS = 1033;
const F_SEAL_SEAL = 1;
const F_SEAL_SHRINK = 2;
const F_SEAL_GROW = 4;
const pageBytes = 4096;
/** Mappings start at multiples of this, so that a peer's hugetlb memory can be mapped, too. */
const placeBytes = 2 * 1024 * 1024;
/** Just under 4 GiB. */
const reservedBytes = 4 * 1024 ** 3 - placeBytes;

/** Our shared memory: a sealed memfd, mapped. The descriptor stays open for peers until release. */
export interface SharedMemory {
  readonly fd: number;
  readonly offset: number;
  readonly bytes: number;
}

export interface Arena {
  readonly address: bigint;
  readonly bytes: number;
  /** The one view of this thread. */
  memory(): RingMemory;
  /** A zeroed memfd of `bytes` (rounded up to pages), sealed against shrinking and growing, mapped shared. */
  allocateShared(name: string, bytes: number, options?: { readonly hugepages?: boolean }): SharedMemory;
  /** Maps a peer's file; its size is checked with fstat first, so that nothing past its end is touched. Does not keep fd. */
  mapPeer(fd: number, fileOffset: number, bytes: number): { readonly offset: number };
  /** Maps memory that the kernel shares through `fd` (socket rings, io_uring), at its own `fileOffset`. Does not keep fd. */
  mapKernel(fd: number, fileOffset: number, bytes: number): { readonly offset: number };
  /** Private zeroed memory. */
  mapAnonymous(bytes: number): { readonly offset: number };
  /** Ends a mapping that one of the above returned, in place; closes the memfd of allocateShared. */
  release(offset: number): void;
}

interface Mapping {
  readonly offset: number;
  readonly bytes: number;
  readonly fd: number;
}

const roundUp = (value: number, unit: number): number => Math.ceil(value / unit) * unit;

/** mmap at a fixed place of the arena; throws with errno. */
function mapFixed(address: bigint, bytes: number, protection: number, flags: number, fd: number, offset: number): void {
  const at = addressOfPointer(libc.mmap(address, bytes, protection, flags | MAP_FIXED, fd, offset));
  if (at === address) return;
  const code = errno();
  throw environmentError(`no memory: mmap of ${bytes} bytes failed: ${errnoName(code)}`, {
    hint: "free memory, or raise the limits shown by `ulimit -v` and /sys/fs/cgroup memory.max",
  });
}

/** Below this the engine under Node.js dies without a word when it starts its threads. */
const leastAddressSpaceBytes = 6.5 * 1024 ** 3;
const limitHint = "ulimit -v unlimited, or at least 8 GiB: ulimit -v 8388608";

/** Of this process (RLIMIT_AS); null: none, or not known. */
function addressSpaceLimit(): number | null {
  const limit = /^Max address space\s+(\d+)/m.exec(readKernelFile("/proc/self/limits") ?? "")?.[1];
  return limit === undefined ? null : Number(limit);
}

function reserve(): bigint {
  const limit = addressSpaceLimit();
  if (limit !== null && limit < leastAddressSpaceBytes) {
    const what = `this process may use ${(limit / 1024 ** 3).toFixed(1)} GiB of address space, and 8 are needed`;
    throw environmentError(what, { hint: limitHint });
  }
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  const address = addressOfPointer(libc.mmap(null, reservedBytes + placeBytes, PROT_NONE, flags, -1, 0));
  if (address === 0xffffffffffffffffn) {
    throw environmentError(`no memory: 4 GiB of address space could not be reserved: ${errnoName(errno())}`, {
      hint: limitHint,
    });
  }
  const unit = BigInt(placeBytes);
  return ((address + unit - 1n) / unit) * unit; // 2 MiB pages of a peer need this alignment
}

/** First fit, sorted by offset; the guard at the start keeps offset 0 from ever being a frame. */
function findPlace(mappings: readonly Mapping[], bytes: number, unit: number): { at: number; index: number } {
  let at = unit;
  let index = 0;
  for (; index < mappings.length; index++) {
    const next = mappings[index]!;
    if (next.offset - at >= bytes) break;
    at = roundUp(next.offset + next.bytes, unit);
  }
  if (at + bytes > reservedBytes) {
    throw environmentError(`no memory: ${bytes} bytes do not fit into the 4 GiB that all ports share`, {
      hint: "give the peer less memory (DPDK: -m), or fewer queues and smaller rings",
    });
  }
  return { at, index };
}

/** What to do if no shared memory can be had; undefined: unknown. */
export function memfdHint(code: string, hugepages: boolean): string | undefined {
  if (code === "EPERM" || code === "ENOSYS") {
    return "a seccomp filter forbids it: allow memfd_create in this container's or service's profile (podman: --security-opt seccomp=FILE)";
  }
  if (code === "EMFILE" || code === "ENFILE") return "too many files are open: raise `ulimit -n`";
  return hugepages ? "reserve hugepages: echo 64 > /proc/sys/vm/nr_hugepages" : undefined;
}

function createSealedMemfd(name: string, bytes: number, hugepages: boolean): number {
  const fd = libc.memfdCreate(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | (hugepages ? MFD_HUGETLB : 0));
  if (fd < 0) {
    const code = errno();
    throw systemError("memfd_create", code, memfdHint(errnoName(code), hugepages));
  }
  try {
    checked(libc.ftruncate(fd, bytes), "ftruncate of the ring memory");
    // Pages that cannot be had are an error here and now, not a SIGBUS in a loop later.
    if (libc.fallocate(fd, 0, 0, bytes) < 0) {
      const code = errno();
      throw environmentError(`no memory for the rings: ${bytes} bytes, ${errnoName(code)}`, {
        hint: hugepages ? "reserve more hugepages" : "free memory, or use fewer queues and smaller rings (size=)",
      });
    }
    checked(libc.fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), "sealing the ring memory");
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function createArena(): Arena {
  const address = reserve();
  const mappings: Mapping[] = [];
  let view: RingMemory | null = null;

  const place = (bytes: number, fd: number, map: (at: bigint) => void, unit = placeBytes): number => {
    const { at, index } = findPlace(mappings, bytes, unit);
    map(address + BigInt(at));
    mappings.splice(index, 0, { offset: at, bytes, fd });
    return at;
  };

  return {
    address,
    bytes: reservedBytes,
    memory: () => (view ??= ringMemory(viewMemory(address, reservedBytes))),
    allocateShared(name, bytes, options = {}) {
      const hugepages = options.hugepages ?? false;
      const size = roundUp(bytes, hugepages ? placeBytes : pageBytes);
      const fd = createSealedMemfd(name, size, hugepages);
      try {
        const offset = place(size, fd, (at) => mapFixed(at, size, PROT_READ_WRITE, MAP_SHARED, fd, 0));
        return { fd, offset, bytes: size };
      } catch (error) {
        closeSync(fd);
        throw error;
      }
    },
    mapPeer(fd, fileOffset, bytes) {
      const { size: fileBytes, blksize } = fstatSync(fd);
      if (fileOffset + bytes > fileBytes) {
        throw environmentError(`the peer's memory is shorter than it says: ${fileBytes} < ${fileOffset + bytes} bytes`);
      }
      // st_blksize of a hugetlbfs file is its page size, and its mappings must start and end at multiples of that.
      const unit = Math.max(placeBytes, blksize);
      const size = roundUp(bytes, blksize >= placeBytes ? blksize : pageBytes);
      const map = (at: bigint): void => mapFixed(at, size, PROT_READ_WRITE, MAP_SHARED, fd, fileOffset);
      return { offset: place(size, -1, map, unit) };
    },
    mapKernel(fd, fileOffset, bytes) {
      const size = roundUp(bytes, pageBytes);
      return { offset: place(size, -1, (at) => mapFixed(at, size, PROT_READ_WRITE, MAP_SHARED, fd, fileOffset)) };
    },
    mapAnonymous(bytes) {
      const size = roundUp(bytes, pageBytes);
      const flags = MAP_PRIVATE | MAP_ANONYMOUS;
      return { offset: place(size, -1, (at) => mapFixed(at, size, PROT_READ_WRITE, flags, -1, 0)) };
    },
    release(offset) {
      const index = mappings.findIndex((mapping) => mapping.offset === offset);
      if (index < 0) throw systemError(`release of arena offset ${offset}`, 22);
      const mapping = mappings[index]!;
      const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
      mapFixed(address + BigInt(offset), roundUp(mapping.bytes, placeBytes), PROT_READ_WRITE, flags, -1, 0);
      mappings.splice(index, 1);
      if (mapping.fd >= 0) closeSync(mapping.fd);
    },
  };
}

let theArena: Arena | null = null;

/** The arena of this process; made at the first call. Only the control thread calls this; workers get its address. */
export const arena = (): Arena => (theArena ??= createArena());

/** A worker's own view of the arena that the control thread made. */
export const arenaMemory = (address: bigint, bytes: number): RingMemory => ringMemory(viewMemory(address, bytes));
