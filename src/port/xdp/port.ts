/**
 * `xdp:IFACE`: a network interface through AF_XDP sockets, one a queue. A program of a few instructions gives them what
 * comes in before the network stack sees it. With tx=live the kernel makes the frames, marked by the same program.
 */

import { closeSync } from "node:fs";
import { environmentError, PktgenError, usageError } from "../../errors.js";
import { arena } from "../../sys/arena.js";
import { watchInterface } from "../../sys/net/interface-watch.js";
import { type InterfaceFacts, interfaceDriver, readInterface } from "../../sys/net/netdev.js";
import { inNetns } from "../../sys/net/netns.js";
import { openPromiscuous } from "../../sys/net/packet-socket.js";
import { createDeviceMap, createSharedArray, createXskMap, loadXdp, updateMap } from "../../sys/xdp/bpf.js";
import { type AttachResult, attachXdp, type XdpAttachment, type XdpHook } from "../../sys/xdp/xdp-attach.js";
import type { XskBinding } from "../../sys/xdp/xsk.js";
import { fcsBytes } from "../../units.js";
import { onInterface } from "../interface.js";
import type { OpenPortOptions } from "../options.js";
import { noKick, type Port, type PortDrop, type PortFacts, type PortObserver, type PortRings } from "../port.js";
import { PortState } from "../port-state.js";
import { xdpPage, xdpPageBytes, xdpProgram } from "./program.js";
import { BindRefused, openXdpQueue, type XdpLosses, type XdpQueue } from "./queue.js";
import type { XdpPortSpec } from "./spec.js";

const vlanTagBytes = 4;
/** What BPF_PROG_TEST_RUN makes of one page, less its own head and what the kernel keeps at both ends of a frame. */
const mostLiveFrameBytes = 3_300;
const twoTo32 = 2 ** 32;
/** Before Linux 6.17 a call sends 32 frames where packets are copied: so many for the longest burst. */
const kickTries = 8;

/** One way of having an interface's frames. */
interface Way {
  readonly hook: XdpHook;
  readonly binding: XskBinding;
}

/** In the order in which they are tried. */
const ways: Readonly<Record<XdpPortSpec["mode"], readonly Way[]>> = {
  auto: [
    { hook: "native", binding: "auto" },
    { hook: "generic", binding: "copy" },
  ],
  zerocopy: [{ hook: "native", binding: "zerocopy" }],
  copy: [{ hook: "native", binding: "copy" }],
  skb: [{ hook: "generic", binding: "copy" }],
};

/** Everything that is opened together and closed together. */
interface Opened {
  readonly facts: InterfaceFacts;
  readonly way: Way;
  readonly attachment: XdpAttachment | null;
  readonly program: number;
  /** Offset of the page shared with the program. */
  readonly page: number;
  readonly queues: readonly XdpQueue[];
  readonly close: () => void;
}

/** Since the port was opened. */
interface Counts extends XdpLosses {
  /** Frames that came in on queues without a socket, and went to the kernel. */
  readonly passed: number;
  /** Frames that tx=live handed to the interface. */
  readonly handed: number;
}

const noCounts: Counts = { noChunk: 0, ringFull: 0, txInvalid: 0, passed: 0, handed: 0 };

/** As rtnl_link_stats64 has them. */
interface InterfaceCounts {
  readonly rxDropped: number;
  readonly txDropped: number;
  /** Frames to send of which the interface says anything at all. */
  readonly txTold: number;
}

/** A 64-bit counter of the program's, exact up to 2^53. */
function readCounter(offset: number): number {
  const { u32 } = arena().memory();
  return u32[offset >>> 2] + u32[(offset >>> 2) + 1] * twoTo32;
}

class XdpPort implements Port {
  readonly spec: XdpPortSpec;
  readonly #options: OpenPortOptions;
  readonly #state: PortState;
  readonly #driver: string | null;
  readonly #watch: Disposable;
  /** The interface's own counts at the beginning. */
  readonly #before: InterfaceFacts["statistics"];
  #opened: Opened;
  /** Of what was opened before the interface went down and came back. */
  #earlier: Counts = noCounts;
  #lost: string | null = null;
  #open = true;

  constructor(spec: XdpPortSpec, options: OpenPortOptions, facts: InterfaceFacts) {
    this.spec = spec;
    this.#options = options;
    this.#state = new PortState(arena(), spec.queues);
    this.#driver = interfaceDriver(facts.name);
    this.#before = facts.statistics;
    this.#opened = openAll(spec, options, facts);
    try {
      this.#watch = watchInterface(facts.index, (now) => this.#changed(now));
    } catch (error) {
      this.#opened.close();
      throw error;
    }
    this.#publish();
  }

  #publish(): void {
    const { name, tx, batch } = this.spec;
    const { queues, program, page } = this.#opened;
    this.#lost = null;
    this.#state.publish(
      queues.map((queue, index) => ({
        queue: index,
        tx: this.#options.sends ? queue.tx : null,
        rx: this.#options.receives ? queue.rx : null,
        txKick: this.#options.sends ? { kind: "sendto", fd: queue.fd, name, tries: kickTries } : noKick,
        rxKick: { kind: "recvfrom", fd: queue.fd },
        live: tx === "live" && this.#options.sends && index === 0 ? { program, page, batch, name } : null,
      })),
    );
  }

  #changed(now: InterfaceFacts | null): void {
    const { name } = this.spec;
    if (now === null) {
      const why = `interface ${name} was removed`;
      this.#lose(why);
      // The kernel takes it down first: if that was seen, this is what it was for.
      this.#lost = why;
      this.#state.explain(why);
    } else if (!now.up) this.#lose(`interface ${name} went down`);
    else if (!now.carrier) this.#lose(`interface ${name} lost its carrier`);
    else if (this.#lost !== null) this.#reopen();
  }

  #lose(why: string): void {
    if (this.#lost !== null) return;
    this.#state.lose(why);
    this.#earlier = this.#counts();
    this.#lost = why;
    this.#opened.close();
  }

  #reopen(): void {
    try {
      this.#opened = onInterface(this.spec, this.#options, (facts) => openAll(this.spec, this.#options, facts));
      this.#publish();
    } catch (error) {
      if (!(error instanceof PktgenError)) throw error;
    }
  }

  /** What sockets and program counted so far. */
  #counts(): Counts {
    if (this.#lost !== null) return this.#earlier;
    const { queues, page } = this.#opened;
    const all = queues.map((queue) => queue.losses());
    const sum = (field: keyof XdpLosses): number =>
      all.reduce((total, losses) => total + (losses?.[field] ?? 0), this.#earlier[field]);
    return {
      noChunk: sum("noChunk"),
      ringFull: sum("ringFull"),
      txInvalid: sum("txInvalid"),
      passed: this.#earlier.passed + readCounter(page + xdpPage.passed),
      handed: this.#earlier.handed + readCounter(page + xdpPage.handed),
    };
  }

  /** What the interface counted since the port was opened; zeros where it is gone. */
  #interfaceCounts(): InterfaceCounts {
    const { netns, text, name } = this.spec;
    const now = inNetns(netns, text, () => readInterface(name))?.statistics;
    if (now === undefined) return { rxDropped: 0, txDropped: 0, txTold: Number.POSITIVE_INFINITY };
    const since = (field: keyof typeof now): number => now[field] - this.#before[field];
    return {
      rxDropped: since("rxDropped") + since("rxMissed"),
      txDropped: since("txDropped"),
      txTold: since("txPackets") + since("txDropped") + since("txErrors"),
    };
  }

  /**
   * What found no room in our sockets, or before them in the interface, or came in where we have no socket. Interfaces
   * count what the sockets refuse among their own drops, and what the kernel makes nothing of: the greater has them all.
   */
  receiveDrops(): number {
    if (!this.#options.receives) return 0;
    const { noChunk, ringFull, passed } = this.#counts();
    return Math.max(noChunk + ringFull + passed, this.#interfaceCounts().rxDropped);
  }

  /**
   * Frames of tx=live that the interface neither sent nor dropped: it has no way of taking them, or no room. What else was
   * sent on it may hide a few.
   */
  sendDrops(): number {
    const { handed, txInvalid } = this.#counts();
    return Math.max(0, handed - this.#interfaceCounts().txTold) + txInvalid;
  }

  namedDrops(): readonly PortDrop[] {
    const { name, queues } = this.spec;
    const { noChunk, ringFull, txInvalid, passed, handed } = this.#counts();
    const { rxDropped, txDropped, txTold } = this.#interfaceCounts();
    const gro = "of a veth pair the other end needs NAPI: ethtool -K … gro on";
    const received: PortDrop[] = [
      { what: `found no memory free at xdp:${name} (rx_dropped)`, frames: noChunk },
      { what: `found the rx ring of xdp:${name} full (rx_ring_full)`, frames: ringFull },
      {
        what: `were dropped by interface ${name} before any socket`,
        frames: Math.max(0, rxDropped - noChunk - ringFull - passed),
      },
      { what: `came in on queues of ${name} without a socket: queues=${queues} takes no more`, frames: passed },
    ];
    return [
      ...(this.#options.receives ? received : []),
      { what: `had wrong addresses in the tx ring of xdp:${name} (tx_invalid_descs)`, frames: txInvalid },
      { what: `were refused by interface ${name}: its other end had no room (tx_dropped)`, frames: txDropped },
      { what: `were not taken by interface ${name}: ${gro}`, frames: Math.max(0, handed - txTold) },
    ];
  }

  whyLost(generation: number): string | null {
    return this.#state.whyLost(generation);
  }

  ready(timeoutMs: number): Promise<PortRings> {
    return this.#state.ready(timeoutMs, () =>
      environmentError(this.#lost ?? "the port is closed", { where: this.spec.text }),
    );
  }

  rings(): PortRings | null {
    return this.#state.rings;
  }

  observe(observer: PortObserver): void {
    this.#state.observe(observer);
  }

  breakConnection(why: string): void {
    this.#lose(why);
  }

  facts(): PortFacts {
    const { spec } = this;
    const { queues, way, attachment, facts } = this.#opened;
    const [first] = queues;
    const how = [
      ...(attachment === null ? [] : [`${way.hook} XDP`]),
      first?.zeroCopy === true ? "zero-copy" : "copied",
      ...(attachment?.by === "netlink" ? ["attached without a link: stays after SIGKILL"] : []),
      ...(spec.tx === "live" && this.#options.sends ? [`live frames, ${spec.batch} at once`] : []),
    ];
    return {
      spec: spec.text,
      kind: spec.kind,
      queues: spec.queues,
      ringFormat: "xdp",
      ringSize: spec.size,
      features: [...(this.#driver === null ? [] : [`driver ${this.#driver}`]), `mtu ${facts.mtu}`, ...how],
      remark: `xdp:${spec.name}: ${how.join(", ")}`,
      maxFrameBytes: first?.tx.maxFrameBytes ?? 0,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#watch[Symbol.dispose]();
    if (this.#lost === null) {
      this.#state.lose("the port was closed");
      this.#opened.close();
    }
    this.#state.fail(environmentError("the port is closed", { where: this.spec.text }));
  }
}

/** In the interface's namespace. What was opened is closed again where a later part fails. */
function openAll(spec: XdpPortSpec, options: OpenPortOptions, facts: InterfaceFacts): Opened {
  const undo: (() => void)[] = [];
  const close = (): void => {
    for (const step of undo.splice(0).toReversed()) step();
  };
  try {
    if (options.receives) keep(openPromiscuous({ where: spec.text, facts }), undo);
    const { program, page, sockets } = loadProgram(spec, options, facts, undo);
    const { way, attachment, queues } = openSomeWay(spec, options, facts, program, undo);
    for (const [index, queue] of queues.entries()) if (options.receives) updateMap(sockets, index, queue.fd);
    return { facts, way, attachment, program, page, queues, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** A descriptor that is closed with the rest. */
function keep(fd: number, undo: (() => void)[]): number {
  undo.push(() => closeSync(fd));
  return fd;
}

/** The program and its maps; sockets are put in when they are there, and until then everything goes to the kernel. */
function loadProgram(
  spec: XdpPortSpec,
  options: OpenPortOptions,
  facts: InterfaceFacts,
  undo: (() => void)[],
): { readonly program: number; readonly page: number; readonly sockets: number } {
  const isLive = spec.tx === "live" && options.sends;
  const pageMap = keep(createSharedArray("pktgen_page", xdpPageBytes), undo);
  const page = arena().mapKernel(pageMap, 0, xdpPageBytes).offset;
  undo.push(() => arena().release(page));
  const sockets = keep(createXskMap("pktgen_sockets", spec.queues), undo);
  const devices = isLive ? keep(createDeviceMap("pktgen_devices", 1), undo) : -1;
  if (isLive) updateMap(devices, 0, facts.index);
  const live = isLive ? { devices, interfaceIndex: facts.index } : null;
  const program = keep(loadXdp("pktgen_xdp", xdpProgram({ page: pageMap, sockets, live })), undo);
  return { program, page, sockets };
}

/** @throws PktgenError (2): what live frames cannot be. */
function checkLive({ text, queues }: XdpPortSpec, { sends, sendFrameBytes }: OpenPortOptions): void {
  if (!sends) return;
  if (queues > 1) throw usageError("tx=live sends on one queue", { where: text, accepted: "queues=1, --queues 1" });
  if (sendFrameBytes <= mostLiveFrameBytes) return;
  throw usageError(`tx=live makes no frames of ${sendFrameBytes} bytes`, {
    where: text,
    accepted: `at most ${mostLiveFrameBytes} bytes`,
    hint: "tx=ring takes longer ones",
  });
}

interface OpenWay {
  readonly way: Way;
  /** null: nothing is received, and a ring needs no program to send. */
  readonly attachment: XdpAttachment | null;
  readonly queues: readonly XdpQueue[];
}

/** The first way that this interface has. */
function openSomeWay(
  spec: XdpPortSpec,
  options: OpenPortOptions,
  facts: InterfaceFacts,
  program: number,
  undo: (() => void)[],
): OpenWay {
  const refusals: string[] = [];
  for (const way of ways[spec.mode]) {
    const opened = openWay(spec, options, facts, program, way);
    if ("refused" in opened) {
      refusals.push(`${way.hook} XDP${way.binding === "zerocopy" ? " without copying" : ""}: ${opened.refused}`);
      continue;
    }
    undo.push(() => closeWay(opened));
    return opened;
  }
  throw environmentError(`interface ${spec.name} has no XDP of the kind asked for (${refusals.join(", ")})`, {
    where: spec.text,
    hint: spec.mode === "auto" ? "a packet: port needs none" : "mode=auto takes what there is",
  });
}

function closeWay({ queues, attachment }: Pick<OpenWay, "queues" | "attachment">): void {
  // First the program, so that nothing is redirected to a socket that is gone.
  attachment?.detach();
  for (const queue of queues) queue.close();
}

function openWay(
  spec: XdpPortSpec,
  options: OpenPortOptions,
  facts: InterfaceFacts,
  program: number,
  way: Way,
): OpenWay | { readonly refused: string } {
  const attachment = options.receives || spec.tx === "live" ? attach(spec, facts, program, way.hook) : null;
  if (attachment !== null && "refused" in attachment) return attachment;
  const queues: XdpQueue[] = [];
  try {
    const maxFrameBytes = Math.max(options.maxFrameBytes, options.sendFrameBytes) + vlanTagBytes - fcsBytes;
    const shared = { where: spec.text, facts, size: spec.size, maxFrameBytes, binding: way.binding };
    for (let queue = 0; queue < spec.queues; queue++) queues.push(openXdpQueue({ ...shared, queue }));
    return { way, attachment, queues };
  } catch (error) {
    closeWay({ queues, attachment });
    if (error instanceof BindRefused) return { refused: error.code };
    throw error;
  }
}

function attach(spec: XdpPortSpec, facts: InterfaceFacts, program: number, hook: XdpHook): AttachResult {
  const attached = attachXdp(program, { interfaceIndex: facts.index, netns: spec.netns, hook });
  if (!("refused" in attached) || (attached.refused !== "EBUSY" && attached.refused !== "EEXIST")) return attached;
  throw environmentError(`another XDP program is on interface ${facts.name} (${attached.refused})`, {
    where: spec.text,
    hint: `end the program that put it there; if nobody needs it, ip link set ${facts.name} xdp off`,
  });
}

/** @throws PktgenError (2, 3): see onInterface, and what the kernel refuses. */
export function openXdpPort(spec: XdpPortSpec, options: OpenPortOptions): Port {
  if (spec.tx === "live") checkLive(spec, options);
  return onInterface(spec, options, (facts) => new XdpPort(spec, options, facts));
}
