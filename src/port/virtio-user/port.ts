/**
 * `virtio-user:PATH`, the driver side of a vhost-user socket (what DPDK's virtio_user is): our memory, our rings. All
 * rings and buffers lie in one sealed memfd that the peer maps. Each connection gets new rings. They stay as they are when
 * a peer dies, so that the frames that were published and not taken can still be counted.
 */

import { environmentError, PktgenError } from "../../errors.js";
import {
  type DriverRingLayout,
  driverRingEnd,
  driverRingLayout,
  initialiseDriverRing,
  longestFrameBytes,
} from "../../ring/index.js";
import { type Arena, type SharedMemory, arena as theArena } from "../../sys/arena.js";
import { EventFd } from "../../sys/eventfd.js";
import type { UnixSocket } from "../../sys/socket.js";
import { fcsBytes } from "../../units.js";
import type { OpenPortOptions } from "../options.js";
import type { Port, PortFacts, QueueRings } from "../port.js";
import { RingPort } from "../ring-port.js";
import { Connection } from "../vhost-user/connection.js";
import { Endpoint } from "../vhost-user/endpoint.js";
import { featureNames } from "../vhost-user/features.js";
import { type Agreed, Frontend, type FrontendRing } from "../vhost-user/frontend.js";
import type { TableRegion } from "../vhost-user/message.js";
import type { VhostUserPortSpec } from "../vhost-user/spec.js";

/** The longest wait for each answer, generous for a device on a busy machine. */
const answerMs = 5000;
/** For the whole farewell. */
const farewellMs = 500;
/** Frames may come back longer than they went (VLAN tags, padding). One that is too long would block a ring for good. */
const minReceiveBufferBytes = 2048;
const receiveSlackBytes = 64;

/** The event counters of one ring. */
interface RingEvents {
  readonly kick: EventFd;
  readonly call: EventFd;
}

class VirtioUserPort extends RingPort<VhostUserPortSpec> {
  readonly #options: OpenPortOptions;
  readonly #arena: Arena;
  readonly #endpoint: Endpoint;
  readonly #events: RingEvents[] = [];
  readonly #memory: SharedMemory;
  #connection: Connection | null = null;
  /** Set while the rings are in the peer's hands. */
  #established: { readonly frontend: Frontend; readonly agreed: Agreed } | null = null;
  #hadPeer = false;
  #agreed: Agreed | null = null;

  constructor(spec: VhostUserPortSpec, options: OpenPortOptions) {
    super(spec);
    this.#options = options;
    this.#arena = theArena();
    this.#memory = this.#allocate();
    this.#endpoint = new Endpoint({
      path: spec.path,
      server: spec.server,
      onPeer: (socket) => void this.#attach(socket),
      isBusy: () => this.#isBusy(),
    });
  }

  /** Listens, or connects. */
  open(): void {
    try {
      for (let i = 0; i < 2 * this.spec.queues; i++) this.#events.push({ kick: new EventFd(), call: new EventFd() });
      this.#endpoint.open();
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  breakConnection(why: string): void {
    if (this.#connection === null) return;
    const what = `the device broke a ring (${why}), and its connection was ended`;
    this.#detach(this.#connection, environmentError(what, { where: this.spec.text }), true);
  }

  facts(): PortFacts {
    const { text, kind, queues, size } = this.spec;
    return {
      spec: text,
      kind,
      queues,
      ringFormat: this.#agreed?.format ?? "none",
      ringSize: size,
      features: featureNames(this.#agreed?.features ?? 0n),
      maxFrameBytes: this.#options.maxFrameBytes - fcsBytes,
    };
  }

  protected override late(timeoutMs: number): PktgenError {
    const { path, text } = this.spec;
    const what =
      this.#connection === null
        ? `nobody connected to ${path} within ${timeoutMs} ms`
        : `the device on ${path} did not finish the handshake within ${timeoutMs} ms`;
    return environmentError(what + this.state.troubles(), {
      where: text,
      hint: "start the other side, e.g. dpdk-testpmd with --vdev=net_vhost0,iface=…,client=1",
    });
  }

  /** The whole life of a connection up to its rings; what goes wrong in it ends this connection only. */
  async #attach(socket: UnixSocket): Promise<void> {
    const connection = new Connection(socket, "replies");
    this.#connection = connection;
    try {
      const frontend = new Frontend(connection, this.spec, answerMs);
      const agreed = await frontend.negotiate();
      if (connection.closed) return;
      const layouts = this.#prepare(agreed);
      await frontend.start(
        agreed,
        this.#region(),
        this.#memory.fd,
        layouts.map((layout) => this.#ringOf(layout)),
      );
      if (connection.closed) return;
      this.#establish(connection, frontend, agreed, layouts);
    } catch (error) {
      if (!(error instanceof PktgenError)) throw error;
      this.#detach(connection, error, true);
    }
  }

  /** Guest and userspace addresses are both our own, as virtio_user has it. */
  #region(): TableRegion {
    const address = this.#arena.address + BigInt(this.#memory.offset);
    return { guestAddress: address, bytes: BigInt(this.#memory.bytes), userAddress: address, mmapOffset: 0n };
  }

  /** Layouts by vring, in our memory, initialised. */
  #prepare(agreed: Agreed): DriverRingLayout[] {
    const layouts = this.#layouts(agreed, this.#memory.offset);
    for (const layout of layouts) initialiseDriverRing(this.#arena.memory(), layout);
    return layouts;
  }

  /** Enough for whatever is agreed: split rings are the larger ones. */
  #allocate(): SharedMemory {
    const largest = { format: "split", headerBytes: 12, inOrder: false, mergeable: this.spec.mergeable } as const;
    const bytes = driverRingEnd(this.#layouts(largest, 0).at(-1)!);
    if (bytes > this.#arena.bytes) {
      throw environmentError(`no memory for the rings: ${bytes} bytes, at most ${this.#arena.bytes} can be had`, {
        where: this.spec.text,
        hint: "use fewer queues, smaller rings (size=) or shorter frames",
      });
    }
    return this.#arena.allocateShared("pktgen-ts rings", bytes);
  }

  #layouts(agreed: Omit<Agreed, "features">, from: number): DriverRingLayout[] {
    const frameBytes = agreed.headerBytes + this.#options.maxFrameBytes - fcsBytes;
    const longest = agreed.headerBytes + longestFrameBytes;
    const layouts: DriverRingLayout[] = [];
    let at = from;
    for (let vring = 0; vring < 2 * this.spec.queues; vring++) {
      const direction = vring % 2 === 0 ? "rx" : "tx";
      const roomy = Math.min(longest, Math.max(minReceiveBufferBytes, frameBytes + receiveSlackBytes));
      const layout = driverRingLayout(
        {
          format: agreed.format,
          direction,
          vring,
          size: this.spec.size,
          headerBytes: agreed.headerBytes,
          inOrder: agreed.inOrder,
          mergeable: agreed.mergeable,
          bufferBytes: direction === "rx" ? roomy : frameBytes,
          addressBase: this.#arena.address,
        },
        at,
      );
      layouts.push(layout);
      at = driverRingEnd(layout);
    }
    return layouts;
  }

  #ringOf(layout: DriverRingLayout): FrontendRing {
    const { kick, call } = this.#events[layout.vring]!;
    const addressOf = (offset: number): bigint => this.#arena.address + BigInt(offset);
    return {
      vring: layout.vring,
      size: layout.size,
      base: layout.start,
      descriptors: addressOf(layout.descriptors),
      driverArea: addressOf(layout.driverArea),
      deviceArea: addressOf(layout.deviceArea),
      kickFd: kick.fd,
      callFd: call.fd,
    };
  }

  #establish(connection: Connection, frontend: Frontend, agreed: Agreed, layouts: readonly DriverRingLayout[]): void {
    this.#agreed = agreed;
    this.#hadPeer = true;
    this.#established = { frontend, agreed };
    connection.watch(() => this.#look());
    // Devices that start a ring at its first kick, as the protocol has it, get one; DPDK's does not care.
    for (const { kick } of this.#events) kick.signal();
    this.state.publish(
      Array.from({ length: this.spec.queues }, (_, queue): QueueRings => {
        const [rx, tx] = [2 * queue, 2 * queue + 1];
        return {
          queue,
          tx: layouts[tx]!,
          rx: layouts[rx]!,
          txKick: { kind: "eventfd", fd: this.#events[tx]!.kick.fd },
          rxKick: { kind: "eventfd", fd: this.#events[rx]!.kick.fd },
          rxSignal: this.#events[rx]!.call.fd,
        };
      }),
    );
  }

  /** After the handshake a device has nothing to say: all that can come is the end. */
  #look(): void {
    const connection = this.#connection;
    if (connection === null) return;
    const where = this.spec.text;
    try {
      const message = connection.tryReceive();
      if (message === "empty") return;
      const byUs = message !== "closed";
      const what = byUs ? "the device sent an answer to no question" : "the device closed the connection";
      this.#detach(connection, environmentError(what, { where }), byUs);
    } catch (error) {
      if (!(error instanceof PktgenError)) throw error;
      this.#detach(connection, error, true);
    }
  }

  #isBusy(): boolean {
    if (this.#established !== null) this.#look();
    return this.#connection !== null;
  }

  /** The device is gone. Memory and rings stay for the next one. `byUs`: we ended its connection. */
  #detach(connection: Connection, why: PktgenError, byUs: boolean): void {
    connection[Symbol.dispose]();
    if (this.#connection !== connection) return;
    this.#connection = null;
    this.#established = null;
    if (!this.closed) this.state.trouble(why.toLine(), byUs);
    this.state.lose(why.toLine());
    if (this.closed) return;
    if (this.#hadPeer) this.#endpoint.comeBack();
    else if (!this.spec.server) this.state.fail(why);
  }

  /** Stops the rings, so that the device lets go of our memory before it goes. */
  async #sayFarewell(): Promise<void> {
    if (this.#established === null || this.#connection === null) return;
    const { frontend, agreed } = this.#established;
    const connection = this.#connection;
    connection.watch(null);
    const timeout = setTimeout(() => connection[Symbol.dispose](), farewellMs);
    try {
      await frontend.stop(
        agreed,
        this.#events.map((_, vring) => ({ vring })),
      );
    } catch (error) {
      if (!(error instanceof PktgenError)) throw error; // a peer that does not answer is left all the same
    } finally {
      clearTimeout(timeout);
    }
  }

  #release(): void {
    this.#endpoint[Symbol.dispose]();
    for (const { kick, call } of this.#events) {
      kick[Symbol.dispose]();
      call[Symbol.dispose]();
    }
    this.#arena.release(this.#memory.offset);
  }

  protected async close(): Promise<void> {
    const closed = this.error("the port was closed");
    this.state.lose(closed.message);
    await this.#sayFarewell();
    if (this.#connection !== null) this.#detach(this.#connection, closed, true);
    this.#release();
  }
}

/** @throws PktgenError: no memory for the rings, the socket cannot be made, or (as a client) no device listens. */
export function openVirtioUserPort(spec: VhostUserPortSpec, options: OpenPortOptions): Port {
  const port = new VirtioUserPort(spec, options);
  port.open();
  return port;
}
