/** Event counters of the kernel (eventfd(2)): how the sides of a virtqueue wake each other, where they ask for it. */
import { closeSync, readlinkSync } from "node:fs";
import { eventSignal } from "./event-signal.js";
import { checked, libc } from "./libc.js";

const EFD_NONBLOCK = 0x800;
const EFD_CLOEXEC = 0x80000;
const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = 0x800;

const counter = new BigUint64Array(1);
const counterBytes = new Uint8Array(counter.buffer);

/** Is this descriptor an eventfd? True also where /proc cannot tell. */
function isEventfd(fd: number): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`) === "anon_inode:[eventfd]";
  } catch {
    return true;
  }
}

/**
 * Takes a peer's descriptor for signalling: it must be an eventfd. It is made non-blocking, which the peer can undo
 * (see event-signal.ts).
 */
export function adoptEventfd(fd: number): boolean {
  if (!isEventfd(fd)) return false;
  const flags = libc.fcntl(fd, F_GETFL, 0);
  return flags >= 0 && libc.fcntl(fd, F_SETFL, flags | O_NONBLOCK) >= 0;
}

/** An eventfd that we made. */
export class EventFd implements Disposable {
  readonly fd = checked(libc.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd");
  readonly #signal = eventSignal(this.fd);
  #open = true;

  /** Adds 1, which wakes its waiters. */
  signal(): void {
    this.#signal();
  }

  /** Takes the count; 0 if nothing was signalled. */
  take(): number {
    return libc.read(this.fd, counterBytes, 8) === 8 ? Number(counter[0]) : 0;
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.fd);
  }
}
