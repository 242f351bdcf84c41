/**
 * `vhost:PATH`, the device side of a vhost-user socket (what DPDK's net_vhost is): the driver's memory, its rings and
 * its decisions. Rings come and go as the driver says; workers stand whenever something under them changes.
 */
import { environmentError, PktgenError } from "../errors.js";
import { type DeviceRingLayout, SCRATCH_BYTES } from "../ring/index.js";
import { type Arena, arena as theArena } from "../sys/arena.js";
import type { UnixSocket } from "../sys/socket.js";
import type { OpenPortOptions } from "./options.js";
import {
  type Kick,
  noKick,
  type Port,
  type PortFacts,
  type PortObserver,
  type PortRings,
  type QueueRings,
  type VhostUserPortSpec,
} from "./port.js";
import { PortState } from "./port-state.js";
import { Backend, type BackendRing } from "./vhost-user/backend.js";
import { Connection } from "./vhost-user/connection.js";
import { Endpoint } from "./vhost-user/endpoint.js";
import { featureNames } from "./vhost-user/features.js";

/** A driver that has started its rings but enables only some of them gets this long before those are taken for all. */
const settleMs = 100;

const eventfdKick = (fd: number | undefined): Kick => (fd === undefined || fd < 0 ? noKick : { kind: "eventfd", fd });

export class VhostPort implements Port {
  readonly spec: VhostUserPortSpec;
  readonly #arena: Arena;
  readonly #state: PortState;
  readonly #endpoint: Endpoint;
  /** Scratch memory of all rings, one after the other. */
  readonly #scratch: number;
  readonly #maxFrameBytes: number;
  #backend: Backend | null = null;
  #connection: Connection | null = null;
  #settle: NodeJS.Timeout | null = null;
  #hadPeer = false;
  #closed = false;
  /** Why the last driver went, for who waits in vain. */
  #lastTrouble: PktgenError | null = null;
  #facts: Pick<PortFacts, "ringFormat" | "ringSize" | "features"> = { ringFormat: "none", ringSize: 0, features: [] };

  private constructor(spec: VhostUserPortSpec, options: OpenPortOptions) {
    this.spec = spec;
    this.#arena = theArena();
    this.#state = new PortState(this.#arena, spec.queues);
    this.#maxFrameBytes = options.maxFrameBytes - 4;
    this.#scratch = this.#arena.mapAnonymous(2 * spec.queues * SCRATCH_BYTES).offset;
    this.#endpoint = new Endpoint({
      path: spec.path,
      server: spec.server,
      onPeer: (socket) => this.#attach(socket),
      isBusy: () => this.#isBusy(),
    });
  }

  /** @throws PktgenError: the socket cannot be made, or (as a client) nobody is there. */
  static open(spec: VhostUserPortSpec, options: OpenPortOptions): VhostPort {
    const port = new VhostPort(spec, options);
    try {
      port.#endpoint.open();
    } catch (error) {
      port.#arena.release(port.#scratch);
      throw error;
    }
    return port;
  }

  ready(timeoutMs: number): Promise<PortRings> {
    return this.#state.ready(timeoutMs, () => this.#late(timeoutMs));
  }

  rings(): PortRings | null {
    return this.#state.rings;
  }

  observe(observer: PortObserver): void {
    this.#state.observe(observer);
  }

  facts(): PortFacts {
    const { text, kind, queues } = this.spec;
    return { spec: text, kind, queues, ...this.#facts, maxFrameBytes: this.#maxFrameBytes };
  }

  breakConnection(why: string): void {
    this.#detach(environmentError(why, { where: this.spec.text }));
  }

  #late(timeoutMs: number): PktgenError {
    const what =
      this.#backend === null
        ? `no driver connected to ${this.spec.path} within ${timeoutMs} ms`
        : `the driver connected to ${this.spec.path} but did not start its rings within ${timeoutMs} ms`;
    const trouble = this.#lastTrouble === null ? "" : ` (the last one: ${this.#lastTrouble.toLine()})`;
    return environmentError(what + trouble, {
      where: this.spec.text,
      hint: "start the other side, e.g. dpdk-testpmd with --vdev=net_virtio_user0,path=… and `start`",
    });
  }

  #attach(socket: UnixSocket): void {
    this.#connection = new Connection(socket, "requests");
    this.#backend = new Backend(this.#connection, this.spec, {
      mapper: this.#arena,
      quiesce: () => this.#state.quiesce(),
      positions: this.#state.positions,
    });
    this.#connection.watch(() => this.#pump());
  }

  #isBusy(): boolean {
    if (this.#backend !== null) this.#pump();
    return this.#backend !== null;
  }

  #pump(): void {
    const backend = this.#backend;
    if (backend === null) return;
    try {
      const { changed, closed } = backend.pump();
      if (closed) this.#detach(this.#driverGone());
      else if (changed) this.#ringsChanged(backend);
    } catch (error) {
      if (!(error instanceof PktgenError)) throw error;
      this.#detach(error);
    }
  }

  /** Where we are the client and never had a driver, the likeliest cause is that it has a device already. */
  #driverGone(): PktgenError {
    return environmentError("the driver closed the connection", {
      where: this.spec.text,
      ...(this.spec.server || this.#hadPeer
        ? {}
        : { hint: "is another device connected? one socket serves one device" }),
    });
  }

  /** Before a first ready, waits until rings 0 and 1 can be used, and a moment for the others. */
  #ringsChanged(backend: Backend): void {
    const rings = backend.rings();
    const usable = rings[0] !== null && rings[1] !== null;
    const complete = usable && backend.vrings.every((vring) => vring.enabled || !vring.started);
    if (this.#state.rings !== null || complete) {
      this.#publish(rings);
    } else if (usable) {
      this.#settle ??= setTimeout(() => {
        this.#settle = null;
        if (this.#backend === backend && this.#state.rings === null) this.#publishIfUsable(backend.rings());
      }, settleMs);
    }
  }

  #publishIfUsable(rings: readonly (BackendRing | null)[]): void {
    if (rings[0] !== null && rings[1] !== null) this.#publish(rings);
  }

  #publish(rings: readonly (BackendRing | null)[]): void {
    const withScratch = (ring: BackendRing | null | undefined): DeviceRingLayout | null => {
      if (ring === null || ring === undefined) return null;
      const { callFd: _, ...layout } = ring;
      return { ...layout, scratch: this.#scratch + ring.vring * SCRATCH_BYTES, scratchBytes: SCRATCH_BYTES };
    };
    const queues = Array.from({ length: this.spec.queues }, (_, queue): QueueRings => {
      const [tx, rx] = [rings[2 * queue], rings[2 * queue + 1]];
      return {
        queue,
        tx: withScratch(tx),
        rx: withScratch(rx),
        txKick: eventfdKick(tx?.callFd),
        rxKick: eventfdKick(rx?.callFd),
      };
    });
    this.#remember(rings);
    this.#state.publish(queues);
  }

  #remember(rings: readonly (BackendRing | null)[]): void {
    const first = rings.find((ring) => ring !== null);
    if (first === undefined || first === null || this.#backend === null) return;
    this.#hadPeer = true;
    this.#facts = {
      ringFormat: first.format,
      ringSize: first.size,
      features: featureNames(this.#backend.features),
    };
  }

  /** The driver is gone: workers stand, then its memory goes, then the next may come. */
  #detach(why: PktgenError): void {
    const backend = this.#backend;
    if (backend === null) return;
    if (this.#settle !== null) clearTimeout(this.#settle);
    this.#settle = null;
    this.#backend = null;
    this.#connection = null;
    this.#lastTrouble = why;
    this.#state.lose(why.toLine());
    backend[Symbol.dispose]();
    if (this.#closed) return;
    if (this.#hadPeer) this.#endpoint.comeBack();
    else if (!this.spec.server) this.#state.fail(why);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const closed = environmentError("the port was closed", { where: this.spec.text });
    this.#endpoint[Symbol.dispose]();
    this.#detach(closed);
    this.#state.fail(closed);
    this.#arena.release(this.#scratch);
  }
}
