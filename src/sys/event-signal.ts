/**
 * Signals an eventfd that a peer shares, without ever blocking.
 *
 * write(2) cannot be used. Whether it blocks is a flag of the open file description, which the peer has, too. The peer
 * can clear O_NONBLOCK and fill the counter at any moment. The kernel's own signalling does not block: it adds to the
 * counter as long as there is room. Asynchronous I/O can ask for it (IOCB_FLAG_RESFD, linux/aio_abi.h): a read of
 * nothing is complete when it is submitted, and then signals.
 */
import { closeSync, openSync } from "node:fs";
import { addressOf, libc } from "./libc.js";

/** io_setup, io_destroy, io_getevents, io_submit, as syscalls(2) has them. */
const calls = {
  x64: { setup: 206, destroy: 207, getEvents: 208, submit: 209 },
  arm64: { setup: 0, destroy: 1, getEvents: 4, submit: 2 },
} as const;
const IOCB_CMD_PREAD = 0;
const IOCB_FLAG_RESFD = 1;
const POLLOUT = 4;
/** Completions that wait to be collected. The kernel makes room for some more. */
const eventsMax = 64;
const eventBytes = 32;

/**
 * This thread's context; null: not opened yet. "none": this kernel, or a filter of system calls, has no asynchronous
 * I/O.
 */
let context: Context | "none" | null = null;

interface Context {
  /** aio_context_t. */
  readonly id: number;
  readonly submit: number;
  readonly getEvents: number;
  readonly destroy: number;
  /** What the reads of nothing are from. */
  readonly nothingFd: number;
  /** Where completions go. Nothing reads them. */
  readonly events: Uint8Array;
}

function openContext(): Context | "none" {
  const numbers = calls[process.arch as keyof typeof calls];
  if (numbers === undefined) return "none";
  const id = new BigUint64Array(1);
  if (libc.syscallWith(numbers.setup, eventsMax, new Uint8Array(id.buffer), 0, 0) < 0) return "none";
  let nothingFd: number;
  try {
    nothingFd = openSync("/dev/null", "r");
  } catch {
    libc.syscall(numbers.destroy, Number(id[0]), 0, 0, 0, 0, 0);
    return "none";
  }
  return { ...numbers, id: Number(id[0]), nothingFd, events: new Uint8Array(eventsMax * eventBytes) };
}

/**
 * The call that signals `fd`, an eventfd. Without asynchronous I/O it first looks whether the counter takes a write.
 * Only a peer that fills the counter between the look and the write can still block that.
 */
export function eventSignal(fd: number): () => void {
  context ??= openContext();
  return context === "none" ? signalAfterLook(fd) : submission(fd, context);
}

/** struct iocb: 16 opcode | 20 fildes | 24 buf | 32 nbytes | 56 flags | 60 resfd. */
function submission(fd: number, { id, submit, getEvents, nothingFd, events }: Context): () => void {
  const iocb = new DataView(new ArrayBuffer(64));
  iocb.setUint16(16, IOCB_CMD_PREAD, true);
  iocb.setInt32(20, nothingFd, true);
  iocb.setBigUint64(24, addressOf(events), true);
  iocb.setUint32(56, IOCB_FLAG_RESFD, true);
  iocb.setInt32(60, fd, true);
  const list = new BigUint64Array([addressOf(new Uint8Array(iocb.buffer))]);
  const listAddress = Number(addressOf(new Uint8Array(list.buffer)));
  const eventsAddress = Number(addressOf(events));
  return () => {
    if (libc.syscall(submit, id, 1, listAddress, 0, 0, 0) === 1) return;
    // No room for one more completion: the old ones are of no interest.
    libc.syscall(getEvents, id, 0, eventsMax, eventsAddress, 0, 0);
    libc.syscall(submit, id, 1, listAddress, 0, 0, 0);
    // Named here, so that they live as long as this call can be made.
    void iocb;
    void list;
    void events;
  };
}

/** Exported for tests. */
export function signalAfterLook(fd: number): () => void {
  const one = new Uint8Array(new BigUint64Array([1n]).buffer);
  const pollfd = new Int32Array([fd, POLLOUT]);
  const pollBytes = new Uint8Array(pollfd.buffer);
  return () => {
    if (libc.poll(pollBytes, 1, 0) === 1 && pollfd[1]! >>> 16 === POLLOUT) libc.write(fd, one, 8);
  };
}

/** At the end of a thread; the process's end does it, too. Calls that were made signal no more. */
export function closeEventSignals(): void {
  if (context === null || context === "none") return;
  libc.syscall(context.destroy, context.id, 0, 0, 0, 0, 0);
  closeSync(context.nothingFd);
  context = null;
}
