/**
 * The bpf(2) system call: maps, XDP programs, their attachment to an interface, and runs of a program on our own
 * frames. Structures are those of union bpf_attr in linux/bpf.h. The caller closes the descriptors that are returned.
 * Maps, programs and attachments by link disappear with their last descriptor, on every way out of the process.
 */
import { environmentError, type PktgenError } from "../../errors.js";
import { type Capability, grantHint } from "../capabilities.js";
import { addressOf, errno, errnoName, libc, systemError } from "../libc.js";

/** The number of bpf(2) differs between architectures. */
const SYS_BPF = process.arch === "arm64" ? 280 : 321;

/** enum bpf_cmd */
const command = { mapCreate: 0, mapUpdate: 2, programLoad: 5, programTestRun: 10, linkCreate: 28 } as const;
/** enum bpf_map_type */
const mapType = { array: 2, device: 14, xsk: 17 } as const;
const BPF_PROG_TYPE_XDP = 6;
/** enum bpf_attach_type */
const BPF_XDP = 37;
const BPF_F_MMAPABLE = 1 << 10;
const BPF_F_TEST_XDP_LIVE_FRAMES = 1 << 1;

/** What AF_XDP ports need: their programs, their interface, their sockets. */
export const xdpCapabilities: readonly Capability[] = ["CAP_NET_RAW", "CAP_NET_ADMIN", "CAP_BPF"];

const attributeBytes = 152;
const logBytes = 256 * 1024;
const mostNameBytes = 15;

/** union bpf_attr for one command. Offsets are those of the command's structure. */
class Attributes {
  readonly bytes = new Uint8Array(attributeBytes);
  readonly #view = new DataView(this.bytes.buffer);

  u32(offset: number, value: number): this {
    this.#view.setUint32(offset, value, true);
    return this;
  }

  /** The address of `memory`, which must stay referenced until the call has returned. */
  pointer(offset: number, memory: Uint8Array): this {
    this.#view.setBigUint64(offset, addressOf(memory), true);
    return this;
  }

  name(offset: number, name: string): this {
    this.bytes.set(new TextEncoder().encode(name.slice(0, mostNameBytes)), offset);
    return this;
  }
}

const bpf = (number: number, attributes: Attributes): number =>
  libc.syscallWith(SYS_BPF, number, attributes.bytes, attributes.bytes.length, 0);

/** The error for a refused call. */
export function bpfRefusal(what: string, code: number): PktgenError {
  const name = errnoName(code);
  if (name === "EPERM" || name === "EACCES") {
    return environmentError(`no permission for ${what} (${name}): that needs CAP_BPF and CAP_NET_ADMIN`, {
      hint: grantHint(xdpCapabilities),
    });
  }
  if (name === "ENOSYS") return environmentError("this kernel has no bpf system call (CONFIG_BPF_SYSCALL)");
  return systemError(what, code);
}

function checked(result: number, what: string): number {
  if (result >= 0) return result;
  throw bpfRefusal(what, errno());
}

/** One value of `bytes` that programs read and write and that Arena.mapKernel maps (at 0). */
export function createSharedArray(name: string, bytes: number): number {
  return createMap(name, { type: mapType.array, valueBytes: bytes, entries: 1, flags: BPF_F_MMAPABLE });
}

/** From receive queue to AF_XDP socket. */
export function createXskMap(name: string, entries: number): number {
  return createMap(name, { type: mapType.xsk, valueBytes: 4, entries, flags: 0 });
}

/** Interfaces to redirect to. An entry disappears with its interface. */
export function createDeviceMap(name: string, entries: number): number {
  return createMap(name, { type: mapType.device, valueBytes: 4, entries, flags: 0 });
}

function createMap(name: string, how: { type: number; valueBytes: number; entries: number; flags: number }): number {
  const attributes = new Attributes()
    .u32(0, how.type)
    .u32(4, 4)
    .u32(8, how.valueBytes)
    .u32(12, how.entries)
    .u32(16, how.flags)
    .name(28, name);
  return checked(bpf(command.mapCreate, attributes), `making the BPF map ${name}`);
}

/** map[key] = value: a socket's descriptor or an interface's index (of the calling thread's namespace). */
export function updateMap(map: number, key: number, value: number): void {
  const words = new Uint8Array(Uint32Array.of(key, value).buffer);
  const attributes = new Attributes().u32(0, map).pointer(8, words.subarray(0, 4)).pointer(16, words.subarray(4, 8));
  checked(bpf(command.mapUpdate, attributes), `setting entry ${key} of a BPF map`);
}

/**
 * Loads an XDP program.
 * @throws PktgenError (3): not allowed; or the kernel's verifier refuses it, with the end of its message.
 */
export function loadXdp(name: string, instructions: Uint8Array): number {
  const program = load(name, instructions, null);
  if (program >= 0) return program;
  const code = errno();
  if (errnoName(code) === "EPERM" || errnoName(code) === "ENOSYS") {
    throw bpfRefusal(`loading the XDP program ${name}`, code);
  }
  // The verifier says why only where it is asked to, and takes longer then.
  const log = new Uint8Array(logBytes);
  load(name, instructions, log);
  const why = endOfLog(log);
  throw environmentError(
    `the kernel's verifier refuses the XDP program ${name} (${errnoName(code)})${why === "" ? "" : `: ${why}`}`,
    { accepted: "Linux 5.9 or newer with CONFIG_BPF_SYSCALL and CONFIG_XDP_SOCKETS" },
  );
}

function load(name: string, instructions: Uint8Array, log: Uint8Array | null): number {
  const license = new TextEncoder().encode("BSD\0");
  const attributes = new Attributes()
    .u32(0, BPF_PROG_TYPE_XDP)
    .u32(4, instructions.length / 8)
    .pointer(8, instructions)
    .pointer(16, license)
    .name(48, name)
    .u32(68, BPF_XDP);
  if (log !== null) attributes.u32(24, 1).u32(28, log.length).pointer(32, log);
  return bpf(command.programLoad, attributes);
}

/**
 * Attaches a program to an interface of the calling thread's namespace, natively or on the hook that every interface
 * has (mode: XDP_FLAGS_ of linux/if_link.h). Returns the link, whose end detaches the program, or −errno.
 */
export function linkXdp(program: number, interfaceIndex: number, mode: number): number {
  const attributes = new Attributes().u32(0, program).u32(4, interfaceIndex).u32(8, BPF_XDP).u32(12, mode);
  const link = bpf(command.linkCreate, attributes);
  return link >= 0 ? link : -errno();
}

function endOfLog(log: Uint8Array): string {
  const end = log.indexOf(0);
  const text = new TextDecoder().decode(log.subarray(0, end < 0 ? log.length : end));
  // The last lines count instructions. The line before them says what is wrong.
  const lines = text
    .split("\n")
    .filter((line) => line !== "" && !/^(processed|verification time|stack depth)/.test(line));
  return lines.slice(-2).join("; ");
}

/**
 * A program's runs on live frames (BPF_PROG_TEST_RUN, Linux 5.18). The kernel makes pages with the frame in them, runs
 * the program on each, and sends those that it redirects. System calls never overlap in a thread, so one structure is
 * made once and used for all.
 */
export class LiveFrames {
  readonly #attributes = new Attributes();
  readonly #frame: Uint8Array;

  /** `frame`: what every page starts with. `batch`: frames sent at once, 1 … 256. */
  constructor(program: number, frame: Uint8Array, batch: number) {
    this.#frame = frame.slice();
    this.#attributes
      .u32(0, program)
      .u32(8, this.#frame.length)
      .pointer(16, this.#frame)
      .u32(64, BPF_F_TEST_XDP_LIVE_FRAMES)
      .u32(72, batch);
  }

  /**
   * Runs the program n times. A signal can end the runs early: only the program knows how many there were. Returns 0,
   * or the errno.
   */
  run(n: number): number {
    const attributes = this.#attributes.u32(32, n).bytes;
    const result = libc.syscallWith(SYS_BPF, command.programTestRun, attributes, attributeBytes, 0);
    return result < 0 ? errno() : 0;
  }
}
