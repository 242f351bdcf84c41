/** One queue of an AF_XDP port: its socket, its memory in the arena, and the layouts of its rings. */

import { closeSync } from "node:fs";
import { environmentError, usageError } from "../../errors.js";
import {
  initialiseXdpRing,
  takeBackXdpFrames,
  takeXdpCompletions,
  type XdpKernelRing,
  type XdpRingLayout,
  xdpFreeBytes,
} from "../../ring/index.js";
import { arena } from "../../sys/arena.js";
import { errno, errnoName, libc } from "../../sys/libc.js";
import type { InterfaceFacts } from "../../sys/net/netdev.js";
import {
  bindXsk,
  isZeroCopy,
  openXsk,
  readXskStatistics,
  setUpXsk,
  type XskBinding,
  type XskRing,
  type XskRingOffsets,
  xdpHeadroomBytes,
  xskRingOffsets,
  xskRingPage,
} from "../../sys/xdp/xsk.js";
import { fcsBytes } from "../../units.js";

export interface XdpQueue {
  readonly fd: number;
  readonly tx: XdpRingLayout;
  readonly rx: XdpRingLayout;
  readonly zeroCopy: boolean;
  /** Frames lost since it was opened; null: the socket does not say (any more). */
  losses(): XdpLosses | null;
  /** What the kernel has not taken will never leave. Nobody uses the rings meanwhile. */
  takeBack(): void;
  /** Has the kernel pass over what was taken back. @throws PktgenError (3): its interface is not up. */
  passOver(): void;
  close(): void;
}

export interface XdpLosses {
  /** Came in, and found no chunk of memory free, or were too long for one. */
  readonly noChunk: number;
  /** Came in, and found the rx ring full. */
  readonly ringFull: number;
  /** Went out with an address that the kernel refused. */
  readonly txInvalid: number;
  /** Frames to send that the kernel took and is done with, modulo 2^32: they left, or were dropped. */
  readonly taken: number;
}

export interface XdpQueueSetup {
  /** The port's spec. */
  readonly where: string;
  readonly facts: InterfaceFacts;
  readonly queue: number;
  /** Frames in each direction: a power of two. */
  readonly size: number;
  /** Without FCS, with a VLAN tag that may come on top. */
  readonly maxFrameBytes: number;
  readonly binding: XskBinding;
}

/** Chunks must be powers of two, and no larger than a page. */
const chunkSizes = [2048, 4096] as const;
const vlanTagBytes = 4;
/** As people count them: with FCS, without the tag. */
const frameBytesOf = (maxFrameBytes: number): number => maxFrameBytes - vlanTagBytes + fcsBytes;

/** @throws PktgenError (2): frames do not fit into one chunk. */
export function xdpChunkBytes(maxFrameBytes: number, where: string): number {
  const chunk = chunkSizes.find((bytes) => maxFrameBytes + xdpHeadroomBytes <= bytes);
  if (chunk !== undefined) return chunk;
  throw usageError(`an xdp port takes no frames of ${frameBytesOf(maxFrameBytes)} bytes`, {
    where,
    accepted: `frames of at most ${frameBytesOf(chunkSizes[1] - xdpHeadroomBytes)} bytes: each must fit into one page`,
    hint: "a packet: port takes longer ones",
  });
}

const ringAt = (offset: number, at: XskRingOffsets): XdpKernelRing => ({
  producer: offset + at.producer,
  consumer: offset + at.consumer,
  flags: offset + at.flags,
  entries: offset + at.entries,
});

/** In the interface's namespace. What was opened is closed again where a later step fails. */
export function openXdpQueue(setup: XdpQueueSetup): XdpQueue {
  const { where, facts, queue, binding } = setup;
  const undo: (() => void)[] = [];
  const close = (): void => {
    for (const step of undo.splice(0).toReversed()) step();
  };
  try {
    const memory = allocate(setup, undo);
    const fd = openXsk(where);
    // Before its memory: the kernel lets go of that with the socket.
    undo.push(() => closeSync(fd));
    const { size } = setup;
    const { address, bytes, chunkBytes } = memory;
    setUpXsk(fd, { address, bytes, chunkBytes, rings: { rx: size, tx: size, fill: size, completion: size } }, where);
    const { tx, rx } = layouts(setup, fd, memory, undo);
    for (const layout of [tx, rx]) initialiseXdpRing(arena().memory(), layout);
    const refused = bindXsk(fd, facts.index, queue, binding);
    if (refused !== 0) throw bindRefused(setup, errnoName(refused));
    return { fd, tx, rx, zeroCopy: isZeroCopy(fd), ...livesOn(fd, tx, where), close };
  } catch (error) {
    close();
    throw error;
  }
}

interface QueueMemory {
  readonly address: bigint;
  readonly bytes: number;
  readonly chunkBytes: number;
  readonly umem: number;
  readonly free: number;
}

/** The UMEM, chunks to send first, and behind it what remembers the free ones. Shared memory, since a fork would copy it. */
function allocate({ where, queue, size, maxFrameBytes }: XdpQueueSetup, undo: (() => void)[]): QueueMemory {
  const chunkBytes = xdpChunkBytes(maxFrameBytes, where);
  const bytes = 2 * size * chunkBytes;
  const shared = arena().allocateShared(`pktgen-xdp-${queue}`, bytes + xdpFreeBytes(size));
  undo.push(() => arena().release(shared.offset));
  const umem = shared.offset;
  return { address: arena().address + BigInt(umem), bytes, chunkBytes, umem, free: umem + bytes };
}

function layouts(
  { where, queue, size, maxFrameBytes }: XdpQueueSetup,
  fd: number,
  { umem, chunkBytes, free }: QueueMemory,
  undo: (() => void)[],
): { readonly tx: XdpRingLayout; readonly rx: XdpRingLayout } {
  const offsets = xskRingOffsets(fd, where);
  const map = (ring: XskRing, entryBytes: number): XdpKernelRing => {
    const { offset } = arena().mapKernel(fd, xskRingPage[ring], offsets[ring].entries + size * entryBytes);
    undo.push(() => arena().release(offset));
    return ringAt(offset, offsets[ring]);
  };
  const shared = { format: "xdp", size, umem, chunkBytes, maxFrameBytes, start: 0 } as const;
  const sends = { direction: "tx", vring: 2 * queue + 1, firstChunk: 0, free } as const;
  const receives = { direction: "rx", vring: 2 * queue, firstChunk: size, free: 0 } as const;
  return {
    tx: { ...shared, ...sends, descriptors: map("tx", 16), addresses: map("completion", 8) },
    rx: { ...shared, ...receives, descriptors: map("rx", 16), addresses: map("fill", 8) },
  };
}

/** A refusal that another mode may get round. */
export class BindRefused extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

function bindRefused({ where, facts, queue, binding }: XdpQueueSetup, code: string): Error {
  if (code === "EBUSY") {
    return environmentError(`queue ${queue} of ${facts.name} is in use by another AF_XDP socket`, {
      where,
      hint: "end the program that has it",
    });
  }
  if (code === "EINVAL" && queue >= 1) {
    return environmentError(`interface ${facts.name} has no queue ${queue} to bind an AF_XDP socket to`, {
      where,
      accepted: "as many queues= as the interface has",
      hint: `ethtool -l ${facts.name} shows them, and ethtool -L sets them`,
    });
  }
  // One number has both names.
  if (code === "ENOTSUP" || code === "EOPNOTSUPP" || code === "EPROTONOSUPPORT") return new BindRefused(code);
  const how = binding === "zerocopy" ? " without copying" : "";
  return environmentError(`no AF_XDP socket can be bound to queue ${queue} of ${facts.name}${how}: ${code}`, { where });
}

const MSG_DONTWAIT = 0x40;

/** What a socket tells, and how it is used again when its link is back. */
function livesOn(fd: number, tx: XdpRingLayout, where: string): Pick<XdpQueue, "losses" | "takeBack" | "passOver"> {
  let [takenBack, passedOver, noFrames] = [0, 0, 0];
  return {
    takeBack: () => {
      takenBack += takeBackXdpFrames(arena().memory(), tx);
    },
    passOver: () => {
      // The kernel passes over one descriptor a call, or over all of them.
      for (; passedOver < takenBack; passedOver++) {
        if (libc.sendto(fd, null, 0, MSG_DONTWAIT, null, 0) >= 0) continue;
        throw environmentError(`the link went down again: ${errnoName(errno())}`, { where });
      }
      noFrames += takeXdpCompletions(arena().memory(), tx);
    },
    losses: () => {
      const statistics = readXskStatistics(fd);
      if (statistics === null) return null;
      return {
        // fillRingEmpty counts the attempt of a frame without a chunk once more.
        noChunk: statistics.rxDropped,
        ringFull: statistics.rxRingFull,
        txInvalid: Math.max(0, statistics.txInvalid - takenBack),
        taken: Atomics.load(arena().memory().u32, tx.addresses.producer >>> 2) - noFrames,
      };
    },
  };
}
