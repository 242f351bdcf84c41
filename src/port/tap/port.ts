/**
 * `tap:NAME`, a tap interface of the kernel. The interface receives what we send, and we receive what the kernel sends on
 * it. No ring is mapped: the loop worker moves a burst at a time by system calls, through io_uring where that is allowed.
 * So the rings are our own buffers, and no frame is under way between two calls.
 */

import { closeSync } from "node:fs";
import { environmentError, PktgenError } from "../../errors.js";
import {
  bufferStrideFor,
  burstFrames,
  longestFrameBytes,
  type SlotRingLayout,
  type UringLayout,
} from "../../ring/index.js";
import { type Arena, arena } from "../../sys/arena.js";
import { configureInterface } from "../../sys/net/interface-settings.js";
import { type InterfaceFacts, readInterface, usableInterface } from "../../sys/net/netdev.js";
import { inNetns } from "../../sys/net/netns.js";
import { openTap, persistTap, type TapQueues } from "../../sys/net/tun.js";
import { openUring, uringBytes } from "../../sys/uring.js";
import { fcsBytes } from "../../units.js";
import { checkMaySend } from "../interface.js";
import { InterfacePort, type InterfaceRings } from "../interface-port.js";
import type { OpenPortOptions } from "../options.js";
import { noKick, type Port, type PortFacts } from "../port.js";
import { type TapMoverOrder, tapReadsAtOnce } from "./mover.js";
import type { TapPortSpec } from "./spec.js";

/** Ethernet header and one VLAN tag, which an MTU does not count. */
const linkBytes = 18;
const usualMtu = 1500;
/** A frame that fills its buffer may have been cut off. With these bytes more, no frame that the MTU allows fills it. */
const slackBytes = 64;

interface OpenedTap extends TapQueues {
  /** As it was when it was ready. */
  readonly facts: InterfaceFacts;
  /** What to do to the interface before it is let go. */
  readonly setDown: boolean;
}

/** In the interface's namespace: there, up, big enough. */
function openInterface(spec: TapPortSpec, options: OpenPortOptions): OpenedTap {
  const { name, queues, text: where } = spec;
  const tap = openTap({ name, queues, where });
  let setDown = false;
  try {
    if (spec.persist) persistTap(tap.fds[0]!);
    const first = readInterface(name);
    if (first === null) throw environmentError(`tap interface ${name} was deleted at once`, { where });
    if (tap.created) {
      const mtu = Math.max(usualMtu, options.maxFrameBytes - linkBytes);
      configureInterface(first, where, { mtu, txQueueLength: spec.size });
    }
    if (spec.up && !first.up) {
      configureInterface(first, where, { up: true });
      setDown = !tap.created;
    }
    // The kernel takes frames longer than its MTU from a tap, but those to whom it passes them will not.
    const sendBytes = options.sends ? options.sendFrameBytes - fcsBytes : 0;
    const facts = usableInterface(name, { where, sendBytes, carrier: false });
    checkMaySend(facts, where, options);
    return { ...tap, facts, setDown };
  } catch (error) {
    if (setDown) restoreDown(spec);
    for (const fd of tap.fds) closeSync(fd);
    throw error;
  }
}

/** Somebody may have deleted it meanwhile, or its namespace. */
function restoreDown({ name, text: where }: TapPortSpec): void {
  try {
    const facts = readInterface(name);
    if (facts !== null) configureInterface(facts, where, { up: false });
  } catch (error) {
    if (!(error instanceof PktgenError)) throw error;
  }
}

interface Io {
  /** By vring; null: a call a frame. */
  readonly urings: readonly (UringLayout | null)[];
  /** Why not io_uring, where it was wanted. */
  readonly refusal: string | null;
}

/** One io_uring per ring from arena offset `at` on, or none at all. `scratch`: memory for a short frame. */
function openIo(spec: TapPortSpec, fds: readonly number[], arena: Arena, at: number, scratch: number): Io {
  const none = Array.from({ length: 2 * spec.queues }, () => null);
  if (spec.io === "calls") return { urings: none, refusal: null };
  const urings: UringLayout[] = [];
  let refusal: string | null = null;
  while (urings.length < none.length && refusal === null) {
    const uring = openUring(arena, at + urings.length * uringBytes);
    if (typeof uring === "string") refusal = uring;
    else urings.push(uring);
  }
  refusal ??= tapReadsAtOnce(arena.memory(), urings[0]!, fds[0]!, arena.address, scratch);
  if (refusal === null) return { urings, refusal };
  for (const { fd } of urings) closeSync(fd);
  if (spec.io === "auto") return { urings: none, refusal };
  throw environmentError(refusal, { where: spec.text, hint: "use io=auto or io=calls" });
}

type NoLosses = Readonly<Record<never, number>>;

class TapPort extends InterfacePort<TapPortSpec, NoLosses, InterfaceRings<NoLosses>> {
  readonly #arena = arena();
  readonly #tap: OpenedTap;
  readonly #io: Io;
  readonly #urings: number;
  readonly #buffers: number;
  readonly #maxFrameBytes: number;
  /** Of a buffer to receive into. */
  readonly #roomBytes: number;

  constructor(spec: TapPortSpec, tap: OpenedTap, options: OpenPortOptions) {
    super(spec, options);
    this.#tap = tap;
    this.#maxFrameBytes = options.maxFrameBytes - fcsBytes;
    const longest = Math.max(this.#maxFrameBytes, tap.facts.mtu + linkBytes);
    this.#roomBytes = Math.min(longestFrameBytes, longest + slackBytes);
    const ringBytes = burstFrames * bufferStrideFor(this.#roomBytes);
    this.#urings = this.#arena.mapAnonymous(2 * spec.queues * uringBytes).offset;
    this.#buffers = this.#arena.mapAnonymous(2 * spec.queues * ringBytes).offset;
    try {
      this.#io = openIo(spec, tap.fds, this.#arena, this.#urings, this.#buffers);
    } catch (error) {
      this.#unmap();
      throw error;
    }
  }

  /** A ring that is not used would cost a system call a turn. The descriptors stay open as long as the port. */
  protected openRings(facts: InterfaceFacts): InterfaceRings<NoLosses> {
    const { sends, receives } = this.options;
    const queues = this.#tap.fds.map((fd, queue) => ({
      queue,
      tx: sends ? this.#ring("tx", queue) : null,
      rx: receives ? this.#ring("rx", queue) : null,
      txKick: noKick,
      rxKick: noKick,
      ...(receives ? { rxReadable: fd } : {}),
    }));
    return { facts, queues, losses: () => ({}), close: () => {} };
  }

  /** An interface that was only set down comes back to the descriptors that we have. */
  protected override reopenRings(): InterfaceRings<NoLosses> {
    return this.opened;
  }

  /** A tap has a carrier as long as we hold it. */
  protected override get needsCarrier(): boolean {
    return false;
  }

  #ring(direction: "tx" | "rx", queue: number): SlotRingLayout {
    const vring = 2 * queue + (direction === "tx" ? 1 : 0);
    const stride = bufferStrideFor(this.#roomBytes);
    const mover: TapMoverOrder = {
      kind: "tap",
      name: this.spec.name,
      fd: this.#tap.fds[queue]!,
      addressBase: this.#arena.address,
      uring: this.#io.urings[vring]!,
    };
    return {
      format: "slots",
      direction,
      vring,
      size: burstFrames,
      buffers: this.#buffers + vring * burstFrames * stride,
      bufferStride: stride,
      bufferBytes: direction === "tx" ? this.#maxFrameBytes : this.#roomBytes,
      mover,
    };
  }

  facts(): PortFacts {
    const { text, kind, queues, size } = this.spec;
    const { refusal } = this.#io;
    const io = this.#io.urings[0] === null ? "a system call per frame" : "io_uring";
    const features = [
      refusal === null ? io : `${io}: ${refusal}`,
      ...(this.#tap.multiQueue ? ["multi_queue"] : []),
      `mtu ${this.#tap.facts.mtu}`,
      this.#tap.created ? "made by us" : "was there",
    ];
    return {
      spec: text,
      kind,
      queues,
      ringFormat: "none",
      ringSize: size,
      features,
      maxFrameBytes: this.#maxFrameBytes,
    };
  }

  /** What the kernel sent on the interface and had no room to keep for us. */
  receiveDrops(): number {
    if (!this.options.receives) return 0;
    return Math.max(0, this.interfaceSince()?.txDropped ?? 0);
  }

  protected override release(): void {
    for (const uring of this.#io.urings) if (uring !== null) closeSync(uring.fd);
    if (this.#tap.setDown) this.#setDownAgain();
    for (const fd of this.#tap.fds) closeSync(fd);
    this.#unmap();
  }

  #unmap(): void {
    this.#arena.release(this.#buffers);
    this.#arena.release(this.#urings);
  }

  #setDownAgain(): void {
    try {
      inNetns(this.spec.netns, this.spec.text, () => restoreDown(this.spec));
    } catch (error) {
      if (!(error instanceof PktgenError)) throw error; // a namespace that is gone took the interface along
    }
  }
}

/** @throws PktgenError (3): no tap to be had, or not this one; its MTU is too small; io_uring asked for and not allowed. */
export function openTapPort(spec: TapPortSpec, options: OpenPortOptions): Port {
  return inNetns(spec.netns, spec.text, () => {
    const tap = openInterface(spec, options);
    try {
      return new TapPort(spec, tap, options).start(tap.facts);
    } catch (error) {
      if (tap.setDown) restoreDown(spec);
      for (const fd of tap.fds) closeSync(fd);
      throw error;
    }
  });
}
