/**
 * The only place where this project calls C: a table of libc functions bound through koffi, and their errors. A call
 * costs about 20 ns. Buffers handed to libc must stay referenced until the call returns. Pointers inside structures
 * (iovec, msghdr) come from `addressOf`; the caller keeps alive what they point at.
 */
import { constants as osConstants } from "node:os";
import koffi from "koffi";
import { environmentError, type PktgenError } from "../errors.js";
import { provideKernelExit } from "./kernel-exit.js";

const loadLibc = (): ReturnType<typeof koffi.load> => {
  const names = ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`];
  for (const name of names) {
    try {
      return koffi.load(name);
    } catch {
      // the next name; the last failure is reported below
    }
  }
  throw environmentError(`the C library could not be loaded (tried ${names.join(", ")})`, {
    accepted: "Linux with glibc or musl on x64 or arm64",
  });
};

const lib = loadLibc();

type Bytes = Uint8Array | ArrayBuffer;

/** Functions return −1 and set errno on failure unless stated otherwise. Sizes are in bytes. */
export const libc = {
  mmap: lib.func("void *mmap(void *addr, size_t length, int prot, int flags, int fd, int64_t offset)") as (
    address: bigint | null,
    bytes: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ) => unknown,
  memfdCreate: lib.func("int memfd_create(const char *name, unsigned int flags)") as (
    name: string,
    flags: number,
  ) => number,
  ftruncate: lib.func("int ftruncate(int fd, int64_t length)") as (fd: number, bytes: number) => number,
  fallocate: lib.func("int fallocate(int fd, int mode, int64_t offset, int64_t length)") as (
    fd: number,
    mode: number,
    offset: number,
    bytes: number,
  ) => number,
  fcntl: lib.func("int fcntl(int fd, int cmd, int64_t arg)") as (fd: number, command: number, value: number) => number,
  madvise: lib.func("int madvise(void *addr, size_t length, int advice)") as (
    address: bigint,
    bytes: number,
    advice: number,
  ) => number,
  /** The timespec by its address, as a number: koffi takes 90 ns for that, and 165 for a typed array. */
  clockGettime: lib.func("int clock_gettime(int clock, uintptr_t ts)") as (clock: number, address: number) => number,
  clockGetres: lib.func("int clock_getres(int clock, void *ts)") as (clock: number, timespec: Uint32Array) => number,
  schedYield: lib.func("int sched_yield()") as () => number,
  nanosleep: lib.func("int nanosleep(const void *req, void *rem)") as (request: Uint32Array, rest: null) => number,
  schedSetaffinity: lib.func("int sched_setaffinity(int pid, size_t size, const void *mask)") as (
    tid: number,
    bytes: number,
    mask: Uint8Array,
  ) => number,
  schedGetaffinity: lib.func("int sched_getaffinity(int pid, size_t size, void *mask)") as (
    tid: number,
    bytes: number,
    mask: Uint8Array,
  ) => number,
  gettid: lib.func("int gettid()") as () => number,
  prctl: lib.func("int prctl(int option, uint64_t a, uint64_t b, uint64_t c, uint64_t d)") as (
    option: number,
    a: number,
    b: number,
    c: number,
    d: number,
  ) => number,
  socket: lib.func("int socket(int domain, int type, int protocol)") as (
    domain: number,
    type: number,
    protocol: number,
  ) => number,
  socketpair: lib.func("int socketpair(int domain, int type, int protocol, void *fds)") as (
    domain: number,
    type: number,
    protocol: number,
    fds: Int32Array,
  ) => number,
  bind: lib.func("int bind(int fd, const void *addr, unsigned int len)") as (
    fd: number,
    address: Uint8Array,
    bytes: number,
  ) => number,
  getsockname: lib.func("int getsockname(int fd, void *addr, void *len)") as (
    fd: number,
    address: Bytes,
    length: Uint32Array,
  ) => number,
  listen: lib.func("int listen(int fd, int backlog)") as (fd: number, backlog: number) => number,
  connect: lib.func("int connect(int fd, const void *addr, unsigned int len)") as (
    fd: number,
    address: Uint8Array,
    bytes: number,
  ) => number,
  accept4: lib.func("int accept4(int fd, void *addr, void *len, int flags)") as (
    fd: number,
    address: null,
    length: null,
    flags: number,
  ) => number,
  getsockopt: lib.func("int getsockopt(int fd, int level, int name, void *value, void *len)") as (
    fd: number,
    level: number,
    name: number,
    value: Uint8Array,
    length: Uint32Array,
  ) => number,
  sendmsg: lib.func("int64_t sendmsg(int fd, const void *msg, int flags)") as (
    fd: number,
    message: Bytes,
    flags: number,
  ) => number,
  recvmsg: lib.func("int64_t recvmsg(int fd, void *msg, int flags)") as (
    fd: number,
    message: Bytes,
    flags: number,
  ) => number,
  read: lib.func("int64_t read(int fd, void *buf, size_t n)") as (fd: number, into: Bytes, bytes: number) => number,
  write: lib.func("int64_t write(int fd, const void *buf, size_t n)") as (
    fd: number,
    from: Bytes,
    bytes: number,
  ) => number,
  /** As read and write, for memory of the arena by its address: a view made for each frame would be garbage. */
  readAt: lib.func("int64_t read(int fd, uintptr_t buf, size_t n)") as (
    fd: number,
    address: number,
    bytes: number,
  ) => number,
  writeAt: lib.func("int64_t write(int fd, uintptr_t buf, size_t n)") as (
    fd: number,
    address: number,
    bytes: number,
  ) => number,
  close: lib.func("int close(int fd)") as (fd: number) => number,
  poll: lib.func("int poll(void *fds, uint64_t n, int timeout)") as (
    pollfds: Bytes,
    count: number,
    timeoutMs: number,
  ) => number,
  epollCreate: lib.func("int epoll_create1(int flags)") as (flags: number) => number,
  epollCtl: lib.func("int epoll_ctl(int epfd, int op, int fd, void *event)") as (
    epoll: number,
    operation: number,
    fd: number,
    event: Bytes,
  ) => number,
  epollWait: lib.func("int epoll_wait(int epfd, void *events, int most, int timeout)") as (
    epoll: number,
    events: Bytes,
    most: number,
    timeoutMs: number,
  ) => number,
  ioctl: lib.func("int ioctl(int fd, uint64_t request, void *arg)") as (
    fd: number,
    request: number,
    argument: Bytes,
  ) => number,
  /** ioctl whose argument is a number, not a structure. */
  ioctlValue: lib.func("int ioctl(int fd, uint64_t request, int64_t value)") as (
    fd: number,
    request: number,
    value: number,
  ) => number,
  setsockopt: lib.func("int setsockopt(int fd, int level, int name, const void *value, unsigned int len)") as (
    fd: number,
    level: number,
    name: number,
    value: Bytes,
    bytes: number,
  ) => number,
  /** `sendto` to whom the socket is bound, and `sendmmsg`, with memory by its address. */
  sendAt: lib.func("int64_t send(int fd, uintptr_t buf, size_t n, int flags)") as (
    fd: number,
    address: number,
    bytes: number,
    flags: number,
  ) => number,
  sendmmsg: lib.func("int sendmmsg(int fd, uintptr_t messages, unsigned int n, int flags)") as (
    fd: number,
    address: number,
    count: number,
    flags: number,
  ) => number,
  sendto: lib.func(
    "int64_t sendto(int fd, const void *buf, size_t n, int flags, const void *addr, unsigned int len)",
  ) as (
    fd: number,
    from: Bytes | null,
    bytes: number,
    flags: number,
    address: Bytes | null,
    addressBytes: number,
  ) => number,
  recvfrom: lib.func("int64_t recvfrom(int fd, void *buf, size_t n, int flags, void *addr, void *len)") as (
    fd: number,
    into: Bytes | null,
    bytes: number,
    flags: number,
    address: null,
    addressBytes: null,
  ) => number,
  /** System calls without a libc function, whose second argument is a structure: bpf, io_uring_setup. */
  syscallWith: lib.func("int64_t syscall(int64_t number, int64_t a, void *b, int64_t c, int64_t d)") as (
    number: number,
    a: number,
    b: Bytes,
    c: number,
    d: number,
  ) => number,
  /** The same for calls of numbers alone: io_uring_enter. */
  syscall: lib.func(
    "int64_t syscall(int64_t number, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f)",
  ) as (number: number, a: number, b: number, c: number, d: number, e: number, f: number) => number,
  /** Moves only the calling thread into the namespace of `fd`. */
  setns: lib.func("int setns(int fd, int nstype)") as (fd: number, kind: number) => number,
  eventfd: lib.func("int eventfd(unsigned int value, int flags)") as (value: number, flags: number) => number,
};

/** musl has none: it keeps no free memory to speak of. */
const mallocTrim = ((): ((padBytes: number) => number) | null => {
  try {
    return lib.func("int malloc_trim(size_t pad)") as (padBytes: number) => number;
  } catch {
    return null;
  }
})();

/** Memory that malloc keeps free, in all threads' arenas, goes back to the kernel. It takes some 20 ms for 100 MB. */
export function giveBackFreeMemory(): void {
  mallocTrim?.(0);
}

const exitNow = lib.func("void _exit(int status)") as (status: number) => void;
const alarm = lib.func("unsigned int alarm(unsigned int seconds)") as (seconds: number) => number;
provideKernelExit({ now: exitNow, afterSeconds: alarm });

/** errno of this thread's last libc call. Read it at once. */
export const errno = (): number => koffi.errno();

/** `ECONNREFUSED` for 111. */
export const errnoName = (code: number): string =>
  Object.entries(osConstants.errno).find(([, value]) => value === code)?.[0] ?? `errno ${code}`;

/** 111 for `ECONNREFUSED`; 0 for an unknown name. */
export const errnoNumber = (name: string): number =>
  Object.entries(osConstants.errno).find(([known]) => known === name)?.[1] ?? 0;

/** Throws a sentence with the call and errno if `result` is negative; else returns it. */
export function checked(result: number, call: string, hint?: string): number {
  if (result >= 0) return result;
  throw systemError(call, errno(), hint);
}

/** The PktgenError (exit code 3) for a failed system call. */
export const systemError = (call: string, code: number, hint?: string): PktgenError =>
  environmentError(`${call} failed: ${errnoName(code)}`, hint === undefined ? {} : { hint });

/** The address of a buffer's first byte. The buffer must be kept referenced as long as the address is used. */
export const addressOf = (buffer: Bytes): bigint => koffi.address(buffer as Uint8Array);

/** The address in a `void *` that libc returned. */
export const addressOfPointer = (pointer: unknown): bigint => koffi.address(pointer as Uint8Array);

/** An ArrayBuffer over memory at `address`, without copying. At most 4 GiB: more aborts Node 20. */
export const viewMemory = (address: bigint, bytes: number): ArrayBuffer => koffi.view(address, bytes) as ArrayBuffer;
