/**
 * `packet:IFACE`: any interface of the machine, through packet sockets with mapped rings. A queue pair is two sockets:
 * one that only sends, one that only receives. What comes in is shared among the receiving ones (PACKET_FANOUT).
 */

import { closeSync } from "node:fs";
import {
  bufferStrideFor,
  burstFrames,
  type PacketRingLayout,
  packetRingGeometry,
  packetRxReserve,
  type SlotRingLayout,
} from "../../ring/index.js";
import { arena } from "../../sys/arena.js";
import { type InterfaceFacts, interfaceDriver } from "../../sys/net/netdev.js";
import {
  joinFanout,
  openPacketReceiver,
  openPacketSender,
  takePacketDrops,
  takeSocketError,
} from "../../sys/net/packet-socket.js";
import { hardwareStampClock, kernelStampClock, type StampClock } from "../../sys/net/stamp-clock.js";
import { fcsBytes } from "../../units.js";
import { onInterface } from "../interface.js";
import { InterfacePort, type InterfaceRings, type Losses } from "../interface-port.js";
import type { OpenPortOptions } from "../options.js";
import { noKick, type Port, type PortFacts, type QueueRings } from "../port.js";
import type { PacketMoverOrder } from "./mover.js";
import type { PacketPortSpec } from "./spec.js";

const vlanTagBytes = 4;
const stateBytes = 64;
const compareClocksEveryMs = 100;

const noStamps = { stampsAheadSeconds: null, hardwareStamps: false, skipOutgoing: false };

/** One direction of one queue, opened. */
interface OpenRing<Layout = PacketRingLayout> {
  readonly fd: number;
  readonly layout: Layout;
}

type OpenTx = OpenRing<PacketRingLayout | SlotRingLayout>;

interface PacketLosses extends Losses {
  /** Frames that found no slot in our rings. */
  readonly ringFull: number;
  /** Frames to send that the kernel took, modulo 2^32. */
  readonly taken: number;
}

/** Which queue, and where what is remembered of its frames to send: a ring's position, and behind it the frames taken. */
interface TxPlace {
  readonly queue: number;
  readonly state: number;
}

const takenAt = (state: number): number => state + 4;

/** One direction of all queues. */
interface OpenSide<Ring> {
  readonly rings: readonly Ring[];
  readonly close: () => void;
}

/** What stays while links go down and up. */
interface Staying {
  readonly rx: OpenSide<OpenRing>;
  /** By queue: see TxPlace. */
  readonly states: OpenSide<number>;
  readonly losses: () => PacketLosses;
  readonly close: () => void;
}

interface PacketRings extends InterfaceRings<PacketLosses> {
  readonly driver: string | null;
  readonly tx: OpenSide<OpenTx>;
  readonly rx: OpenSide<OpenRing>;
  readonly staying: Staying;
}

class PacketPort extends InterfacePort<PacketPortSpec, PacketLosses, PacketRings> {
  protected openRings(facts: InterfaceFacts): PacketRings {
    const { spec, options } = this;
    const rx = openReceivers(spec, options, facts);
    const states = openStates(spec, options);
    const close = (): void => {
      rx.close();
      states.close();
    };
    try {
      const tx = openSenders(spec, options, facts, states.rings);
      return ringsOf(spec, facts, tx, { rx, states, losses: lossesOf(rx.rings, states.rings), close });
    } catch (error) {
      close();
      throw error;
    }
  }

  /** The kernel fills them on. It tells of a carrier up to a second late, and frames may come in before. */
  protected override get receiving(): readonly QueueRings[] | null {
    const { spec, options, opened } = this;
    return options.receives ? queueRings(spec, [], opened.rx.rings) : null;
  }

  protected override suspend(): void {
    this.opened.tx.close();
  }

  protected override takeErrors(): void {
    for (const { fd } of this.opened.rx.rings) takeSocketError(fd);
  }

  protected override reopenRings(): PacketRings {
    const { spec, options } = this;
    const { staying } = this.opened;
    return onInterface(spec, options, (facts) => {
      this.takeErrors();
      return ringsOf(spec, facts, openSenders(spec, options, facts, staying.states.rings), staying);
    });
  }

  protected override taken(): number {
    return this.losses().taken;
  }

  /** Through a qdisc the kernel takes frames that it drops, as long as there is no link. */
  sendDrops(): number {
    return this.options.sends ? this.outageDrops() : 0;
  }

  /** Frames that found no slot in our rings, and frames that the interface dropped before. A port that only sends loses none here. */
  receiveDrops(): number {
    if (!this.options.receives) return 0;
    const { ringFull } = this.losses();
    const since = this.interfaceSince();
    return ringFull + (since === null ? 0 : Math.max(0, since.rxDropped + since.rxMissed));
  }

  facts(): PortFacts {
    const { spec } = this;
    const { facts, driver } = this.opened;
    const [tx, rx] = [this.opened.tx.rings, this.opened.rx.rings];
    const longest = tx[0] === undefined ? rx[0]?.layout.maxFrameBytes : longestOf(tx[0].layout);
    return {
      spec: spec.text,
      kind: spec.kind,
      queues: spec.queues,
      ringFormat: rx.length > 0 || spec.tx === "ring" ? "tpacket_v2" : "none",
      ringSize: (rx[0] ?? tx[0])?.layout.size ?? 0,
      features: [
        ...(driver === null ? [] : [`driver ${driver}`]),
        `mtu ${facts.mtu}`,
        ...(tx.length > 0 ? [`sends by ${spec.tx === "ring" ? "a ring" : "calls"}`, `qdisc ${spec.qdisc}`] : []),
        ...(rx.length > 1 ? [`fanout ${spec.fanout}`] : []),
        ...(rx.length > 0 && spec.timestamp !== "off" ? [`${spec.timestamp} timestamps`] : []),
      ],
      maxFrameBytes: longest ?? 0,
    };
  }
}

const longestOf = (layout: PacketRingLayout | SlotRingLayout): number =>
  layout.format === "slots" ? layout.bufferBytes : layout.maxFrameBytes;

/** What `open` opens for each queue, and puts on a list of what undoes it; closed again where a later part fails. */
function openSide<Ring>(open: (undo: (() => void)[]) => readonly Ring[]): OpenSide<Ring> {
  const undo: (() => void)[] = [];
  const close = (): void => {
    for (const step of undo.splice(0).toReversed()) step();
  };
  try {
    return { rings: open(undo), close };
  } catch (error) {
    close();
    throw error;
  }
}

/** What is remembered of frames to send while rings come and go. */
const openStates = (spec: PacketPortSpec, { sends }: OpenPortOptions): OpenSide<number> =>
  openSide((undo) =>
    (sends ? queuesOf(spec) : []).map(() => {
      const { offset } = arena().mapAnonymous(stateBytes);
      undo.push(() => arena().release(offset));
      return offset;
    }),
  );

/** The kernel counts drops from zero again each time it is asked. */
function lossesOf(rx: readonly OpenRing[], states: readonly number[]): () => PacketLosses {
  let ringFull = 0;
  return () => {
    for (const { fd } of rx) ringFull += takePacketDrops(fd);
    const { u32 } = arena().memory();
    return { ringFull, taken: states.reduce((sum, state) => sum + u32[takenAt(state) >>> 2], 0) };
  };
}

const queuesOf = ({ queues }: PacketPortSpec): number[] => Array.from({ length: queues }, (_, queue) => queue);

/** In the interface's namespace. */
const openSenders = (
  spec: PacketPortSpec,
  options: OpenPortOptions,
  facts: InterfaceFacts,
  states: readonly number[],
): OpenSide<OpenTx> =>
  openSide((undo) => states.map((state, queue) => openTx(spec, options, facts, { queue, state }, undo)));

/** In the interface's namespace. */
const openReceivers = (spec: PacketPortSpec, options: OpenPortOptions, facts: InterfaceFacts): OpenSide<OpenRing> =>
  openSide((undo) => {
    if (!options.receives) return [];
    const clock = stampClock(spec);
    if (clock !== null) undo.push(() => clock[Symbol.dispose]());
    const rx = queuesOf(spec).map((queue) => openRx(spec, options, facts, queue, clock, undo));
    joinFanout(
      rx.map(({ fd }) => fd),
      spec.fanout,
      spec.text,
    );
    if (clock !== null) undo.push(keepComparing(clock, rx));
    return rx;
  });

/** In the interface's namespace. */
function ringsOf(spec: PacketPortSpec, facts: InterfaceFacts, tx: OpenSide<OpenTx>, staying: Staying): PacketRings {
  const close = (): void => {
    tx.close();
    staying.close();
  };
  const { rx, losses } = staying;
  const queues = queueRings(spec, tx.rings, rx.rings);
  return { facts, driver: interfaceDriver(facts.name), tx, rx, queues, losses, close, staying };
}

/** A queue has its rings in the directions that were opened. */
function queueRings(spec: PacketPortSpec, tx: readonly OpenTx[], rx: readonly OpenRing[]): QueueRings[] {
  const { name, queues } = spec;
  return Array.from({ length: queues }, (_, queue) => ({
    queue,
    tx: tx[queue]?.layout ?? null,
    rx: rx[queue]?.layout ?? null,
    txKick: tx[queue] === undefined || spec.tx === "calls" ? noKick : { kind: "sendto", fd: tx[queue].fd, name },
    rxKick: noKick,
    ...(rx[queue] === undefined ? {} : { rxReadable: rx[queue].fd }),
  }));
}

function stampClock(spec: PacketPortSpec): StampClock | null {
  if (spec.timestamp === "off") return null;
  return spec.timestamp === "kernel" ? kernelStampClock() : hardwareStampClock(spec.name, spec.text);
}

function openTx(
  spec: PacketPortSpec,
  options: OpenPortOptions,
  facts: InterfaceFacts,
  { queue, state }: TxPlace,
  undo: (() => void)[],
): OpenTx {
  const maxFrameBytes = Math.max(options.maxFrameBytes, options.sendFrameBytes) - fcsBytes;
  if (spec.tx === "calls") return openCalls(spec, facts, { queue, state }, maxFrameBytes, undo);
  const geometry = packetRingGeometry("tx", spec.txSize, maxFrameBytes);
  const fd = openPacketSender({ where: spec.text, facts }, geometry, spec.qdisc === "bypass");
  undo.push(() => closeSync(fd));
  const ring = mapRing(fd, geometry.blockBytes * geometry.blocks, undo);
  // A new ring begins with its first slot.
  arena().memory().u32[state >>> 2] = 0;
  const { slots: size, slotBytes, blockBytes } = geometry;
  const shape = { format: "packet", direction: "tx", vring: 2 * queue + 1, size, slotBytes, blockBytes } as const;
  const layout = { ...shape, ring, state, maxFrameBytes, ...noStamps, start: 0 };
  return { fd, layout };
}

function openCalls(
  spec: PacketPortSpec,
  facts: InterfaceFacts,
  { queue, state }: TxPlace,
  maxFrameBytes: number,
  undo: (() => void)[],
): OpenTx {
  const fd = openPacketSender({ where: spec.text, facts }, null, spec.qdisc === "bypass");
  undo.push(() => closeSync(fd));
  const size = Math.min(spec.txSize, burstFrames);
  const bufferStride = bufferStrideFor(maxFrameBytes);
  const buffers = arena().mapAnonymous(size * bufferStride).offset;
  undo.push(() => arena().release(buffers));
  // Touched now: the kernel clears a page at its first use, and the first frames would wait for that.
  arena()
    .memory()
    .u8.fill(0, buffers, buffers + size * bufferStride);
  const addressBase = arena().address;
  const mover: PacketMoverOrder = { kind: "packet", name: spec.name, fd, addressBase, taken: takenAt(state) };
  const shape = { format: "slots", direction: "tx", vring: 2 * queue + 1, size } as const;
  return { fd, layout: { ...shape, buffers, bufferStride, bufferBytes: maxFrameBytes, mover } };
}

function openRx(
  spec: PacketPortSpec,
  options: OpenPortOptions,
  facts: InterfaceFacts,
  queue: number,
  clock: StampClock | null,
  undo: (() => void)[],
): OpenRing {
  const maxFrameBytes = options.maxFrameBytes - fcsBytes + vlanTagBytes;
  const geometry = packetRingGeometry("rx", spec.size, maxFrameBytes);
  const how = { reserve: packetRxReserve, stamps: spec.timestamp };
  const { fd, showsOutgoing } = openPacketReceiver({ where: spec.text, facts }, geometry, how);
  undo.push(() => closeSync(fd));
  const ring = mapRing(fd, geometry.blockBytes * geometry.blocks, undo);
  // Where the ring's user keeps its position.
  const state = arena().mapAnonymous(stateBytes).offset;
  undo.push(() => arena().release(state));
  const ahead = clock?.compare(null) ?? null;
  if (ahead !== null) arena().memory().f64[(state + 8) >>> 3] = ahead.ns;
  const { slots: size, slotBytes, blockBytes } = geometry;
  const shape = { format: "packet", direction: "rx", vring: 2 * queue, size, slotBytes, blockBytes } as const;
  const hardwareStamps = spec.timestamp === "hardware";
  const stamps = { stampsAheadSeconds: ahead?.seconds ?? null, hardwareStamps, skipOutgoing: showsOutgoing };
  return { fd, layout: { ...shape, ring, state, ...stamps, maxFrameBytes, start: 0 } };
}

/** Maps the kernel's ring. */
function mapRing(fd: number, bytes: number, undo: (() => void)[]): number {
  const ring = arena().mapKernel(fd, 0, bytes).offset;
  undo.push(() => arena().release(ring));
  return ring;
}

/** Clocks drift, so the offset of the stamps' clock is measured regularly. Returns how to stop. */
function keepComparing(clock: StampClock, rings: readonly OpenRing[]): () => void {
  const { f64 } = arena().memory();
  const compare = (): void => {
    for (const { layout } of rings) f64[(layout.state + 8) >>> 3] = clock.compare(layout.stampsAheadSeconds).ns;
  };
  const timer = setInterval(compare, compareClocksEveryMs).unref();
  return () => clearInterval(timer);
}

/** @throws PktgenError (2, 3): see onInterface, and what the kernel refuses. */
export function openPacketPort(spec: PacketPortSpec, options: OpenPortOptions): Port {
  return onInterface(spec, options, (facts) => new PacketPort(spec, options).start(facts));
}
