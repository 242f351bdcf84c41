/** Waits for descriptors (epoll(7)) in a thread that may stand in a system call. */
import { checked, libc } from "./libc.js";

const EPOLL_CLOEXEC = 0x80000;
const EPOLL_CTL_ADD = 1;
const EPOLLIN = 1;
const EPOLLET = 2 ** 31;

export class Epoll implements Disposable {
  readonly #fd = checked(libc.epollCreate(EPOLL_CLOEXEC), "epoll_create1");
  /** Room for one struct epoll_event; its data are not used. */
  readonly #event = new Uint32Array(4);
  readonly #bytes = new Uint8Array(this.#event.buffer);

  /** Ends a wait while it is readable, or in error. */
  addReadable(fd: number): void {
    this.#add(fd, EPOLLIN);
  }

  /**
   * Ends one wait for each time that it is signalled, also where that was before the wait. Its count is never taken: a read
   * of an eventfd blocks where the peer, which has it, too, took the count and made it blocking.
   */
  addSignalled(fd: number): void {
    this.#add(fd, EPOLLIN + EPOLLET);
  }

  /** False: nothing happened in that time. */
  wait(timeoutMs: number): boolean {
    return libc.epollWait(this.#fd, this.#bytes, 1, timeoutMs) > 0;
  }

  #add(fd: number, events: number): void {
    this.#event[0] = events;
    checked(libc.epollCtl(this.#fd, EPOLL_CTL_ADD, fd, this.#bytes), "epoll_ctl");
  }

  [Symbol.dispose](): void {
    // Not Node's: in a worker it warns of descriptors that are not its own.
    libc.close(this.#fd);
  }
}
