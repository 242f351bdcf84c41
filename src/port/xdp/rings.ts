/** The rings of an xdp port: sockets, the program that feeds them, and the way in which both are on the interface. */
import { closeSync } from "node:fs";
import { environmentError } from "../../errors.js";
import { arena } from "../../sys/arena.js";
import { type InterfaceFacts, interfaceDriver } from "../../sys/net/netdev.js";
import { openPromiscuous } from "../../sys/net/packet-socket.js";
import { createDeviceMap, createSharedArray, createXskMap, loadXdp, updateMap } from "../../sys/xdp/bpf.js";
import { type AttachResult, attachXdp, type XdpAttachment, type XdpHook } from "../../sys/xdp/xdp-attach.js";
import type { XskBinding } from "../../sys/xdp/xsk.js";
import { fcsBytes } from "../../units.js";
import type { InterfaceRings, Losses } from "../interface-port.js";
import type { OpenPortOptions } from "../options.js";
import { noKick, type QueueRings } from "../port.js";
import { xdpPage, xdpPageBytes, xdpProgram } from "./program.js";
import { BindRefused, openXdpQueue, type XdpLosses, type XdpQueue } from "./queue.js";
import type { XdpPortSpec } from "./spec.js";

const vlanTagBytes = 4;
const twoTo32 = 2 ** 32;
/** Before Linux 6.17 a call sends 32 frames where packets are copied; the longest burst takes eight. */
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

export interface XdpCounts extends XdpLosses, Losses {
  /** Frames that came in on queues without a socket, and went to the kernel. */
  readonly passed: number;
  /** Frames that tx=live handed to the interface. */
  readonly handed: number;
}

export interface XdpRings extends InterfaceRings<XdpCounts> {
  readonly driver: string | null;
  readonly way: Way;
  readonly attachment: XdpAttachment | null;
  readonly sockets: readonly XdpQueue[];
}

/** A 64-bit counter of the program's, exact up to 2^53. */
function readCounter(offset: number): number {
  const { u32 } = arena().memory();
  return u32[offset >>> 2] + u32[(offset >>> 2) + 1] * twoTo32;
}

/** In the interface's namespace. What was opened is closed again where a later part fails. */
export function openXdpRings(spec: XdpPortSpec, options: OpenPortOptions, facts: InterfaceFacts): XdpRings {
  const undo: (() => void)[] = [];
  const close = (): void => {
    for (const step of undo.splice(0).toReversed()) step();
  };
  try {
    if (options.receives) keep(openPromiscuous({ where: spec.text, facts }), undo);
    const shared = loadProgram(spec, options, facts, undo);
    const { way, attachment, queues: sockets } = openSomeWay(spec, options, facts, shared.program, undo);
    for (const [index, { fd }] of sockets.entries()) if (options.receives) updateMap(shared.sockets, index, fd);
    const queues = sockets.map((socket, index) => queueRings(spec, options, socket, index, shared));
    const losses = (): XdpCounts => countsOf(sockets, shared.page);
    return { facts, driver: interfaceDriver(facts.name), way, attachment, sockets, queues, losses, close };
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

/** What a program and its maps are known by. */
interface LoadedProgram {
  readonly program: number;
  /** Offset of the page shared with the program. */
  readonly page: number;
  readonly sockets: number;
}

function queueRings(
  { name, tx, batch }: XdpPortSpec,
  { sends, receives }: OpenPortOptions,
  socket: XdpQueue,
  queue: number,
  { program, page }: LoadedProgram,
): QueueRings {
  const { fd } = socket;
  return {
    queue,
    tx: sends ? socket.tx : null,
    rx: receives ? socket.rx : null,
    txKick: sends ? { kind: "sendto", fd, name, tries: kickTries } : noKick,
    rxKick: { kind: "recvfrom", fd },
    ...(receives ? { rxReadable: fd } : {}),
    live: tx === "live" && sends && queue === 0 ? { program, page, batch, name } : null,
  };
}

function countsOf(sockets: readonly XdpQueue[], page: number): XdpCounts {
  const all = sockets.map((socket) => socket.losses());
  const sum = (field: keyof XdpLosses): number => all.reduce((total, losses) => total + (losses?.[field] ?? 0), 0);
  return {
    noChunk: sum("noChunk"),
    ringFull: sum("ringFull"),
    txInvalid: sum("txInvalid"),
    taken: sum("taken"),
    passed: readCounter(page + xdpPage.passed),
    handed: readCounter(page + xdpPage.handed),
  };
}

/** The program and its maps; sockets are put in when they are there, and until then everything goes to the kernel. */
function loadProgram(
  spec: XdpPortSpec,
  options: OpenPortOptions,
  facts: InterfaceFacts,
  undo: (() => void)[],
): LoadedProgram {
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
