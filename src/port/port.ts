/**
 * A port: opened with system calls by one owner (the control thread), used as rings by loop workers. Before memory under
 * a ring changes or goes, the owner asks its observer to quiesce. That returns when no worker touches the rings any more.
 */
import type { RingLayout } from "../ring/ring.js";
import type { AnyPortSpec } from "./kind.js";

/**
 * How a worker wakes the other side of a ring, as plain data; `engine/loop/kick.ts` makes a function of it. A peer in
 * another program has an eventfd; the kernel, where it is the peer, is called.
 */
export type Kick =
  | { readonly kind: "none" }
  | { readonly kind: "eventfd"; readonly fd: number }
  /**
   * sendto without data: the kernel sends what lies in the socket's mapped ring. `name` is the interface's. Some kernels
   * send a part of the frames, say EAGAIN, and go on with the next call. `tries` is the number of calls at once.
   */
  | { readonly kind: "sendto"; readonly fd: number; readonly name: string; readonly tries?: number }
  /** recvfrom without room for data: the kernel looks for free buffers in the socket's rings. */
  | { readonly kind: "recvfrom"; readonly fd: number };

export const noKick: Kick = { kind: "none" };

/** The rings of one queue pair, and how to notify the peer when it asks for that. */
export interface QueueRings {
  readonly queue: number;
  readonly tx: RingLayout | null;
  readonly rx: RingLayout | null;
  /** After publishing on tx / releasing on rx. */
  readonly txKick: Kick;
  readonly rxKick: Kick;
  /** A descriptor that poll(2) finds readable when frames have come in on rx. Absent: there is none. */
  readonly rxReadable?: number;
  /** An eventfd that the peer signals when it has published frames on rx and the ring wishes for that. Absent: there is none. */
  readonly rxSignal?: number;
  /** Where the kernel makes the frames to send (tx=live), instead of a ring to send from. */
  readonly live?: LiveTransmit | null;
}

/** An XDP program that marks and sends frames which the kernel makes, when BPF_PROG_TEST_RUN runs it. */
export interface LiveTransmit {
  /** Of the interface. */
  readonly name: string;
  /** Descriptor. */
  readonly program: number;
  /** Offset of the page shared with it: xdp/program.ts. */
  readonly page: number;
  /** Frames handed to the interface at once. */
  readonly batch: number;
}

/** Plain data for workers. A queue whose rings are not both usable (disabled, not started) has null there. */
export interface PortRings {
  /** Grows by one with each change. */
  readonly generation: number;
  /** The arena that all offsets count from (see sys/arena.ts); same in all threads of the process. */
  readonly arenaAddress: bigint;
  readonly arenaBytes: number;
  readonly queues: readonly QueueRings[];
  /** One Int32 per vring; a worker that quiesces stores its rings' `position()` at index `vring`. */
  readonly positions: SharedArrayBuffer;
}

export interface PortObserver {
  /**
   * The rings are about to change. Returns only when no worker touches them any more and their positions are
   * stored. Synchronous, and bounded (100 ms).
   */
  quiesce(): void;
  /**
   * The new rings; null: the peer is gone, `why` says how. Workers go on with these. `receiving`: where there is no link,
   * rings on which frames may come in before it is known to be back. Who does not use them, misses those frames.
   */
  resume(rings: PortRings | null, why?: string, receiving?: PortRings | null): void;
  /** This port ended a peer's connection, or refused it. `why` is for the user, who can mend the peer. */
  trouble?(why: string): void;
}

/** What was agreed with the peer, for the report and for `ports`. */
export interface PortFacts {
  readonly spec: string;
  readonly kind: string;
  readonly queues: number;
  readonly ringFormat: "split" | "packed" | "tpacket_v2" | "xdp" | "none";
  readonly ringSize: number;
  readonly features: readonly string[];
  /** The longest frame, without FCS, that fits. */
  readonly maxFrameBytes: number;
  /** What readers of the figures should know about the way frames were moved. */
  readonly remark?: string;
}

export interface PortDrop {
  /** The end of a sentence that begins with their number: "found the rx ring of xdp:b full". */
  readonly what: string;
  readonly frames: number;
}

export interface Port extends AsyncDisposable {
  readonly spec: AnyPortSpec;
  /** Resolves with the rings once the peer is there and they can be used; rejects with a PktgenError. */
  ready(timeoutMs: number): Promise<PortRings>;
  /** The rings now, null while there is no peer. */
  rings(): PortRings | null;
  facts(): PortFacts;
  /** One observer at a time; before `ready` or after, the last one counts. */
  observe(observer: PortObserver): void;
  /** A worker found that the peer broke the rules of a ring. The connection ends as if the peer had gone. */
  breakConnection(why: string): void;
  /**
   * Frames that arrived at this machine since the port was opened, and found no room in our rings or before them. The
   * device did not lose them. Absent: nothing can be lost there, or it cannot be known.
   */
  receiveDrops?(): number;
  /**
   * Frames that we handed over since the port was opened, and that our own interface did not take, or dropped while it had
   * no link. The device did not lose them. Absent: nothing can be lost there, or it cannot be known.
   */
  sendDrops?(): number;
  /** Lost frames by name, on our side or the other, since the port was opened. The counts only grow. */
  namedDrops?(): readonly PortDrop[];
  /**
   * Why the rings of this generation ended, or else the first later ones that ended. null: the same peer is still there,
   * and its rings go on. Generation 0 asks about all rings.
   */
  whyLost(generation: number): string | null;
}
