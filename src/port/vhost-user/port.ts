/**
 * `vhost:PATH`, the device side of a vhost-user socket (what DPDK's net_vhost is). Memory and rings are the driver's, and
 * rings come and go as it says. Workers stand whenever something under them changes.
 */

import { environmentError, PktgenError } from "../../errors.js";
import { type DeviceRingLayout, ringScratchBytes } from "../../ring/index.js";
import { type Arena, arena as theArena } from "../../sys/arena.js";
import type { UnixSocket } from "../../sys/socket.js";
import { fcsBytes } from "../../units.js";
import type { OpenPortOptions } from "../options.js";
import { type Kick, noKick, type Port, type PortFacts, type QueueRings } from "../port.js";
import { RingPort } from "../ring-port.js";
import { Backend } from "./backend.js";
import { Connection } from "./connection.js";
import { Endpoint } from "./endpoint.js";
import { featureNames } from "./features.js";
import type { VhostUserPortSpec } from "./spec.js";
import type { BackendRing } from "./vrings.js";

/**
 * How long a driver that has started its rings may take to enable them all. After that the enabled ones count as all.
 * DPDK's virtio_user enables its second queue pair 0.6 s after the first. A guest with fewer CPUs than queue pairs never
 * enables the rest.
 */
const settleMs = 2_000;

const eventfdKick = (fd: number | undefined): Kick => (fd === undefined || fd < 0 ? noKick : { kind: "eventfd", fd });

class VhostPort extends RingPort<VhostUserPortSpec> {
  readonly #arena: Arena;
  readonly #endpoint: Endpoint;
  /** Scratch memory of all rings, one after the other. */
  readonly #scratch: number;
  readonly #maxFrameBytes: number;
  #backend: Backend | null = null;
  #connection: Connection | null = null;
  #settle: NodeJS.Timeout | null = null;
  #hadPeer = false;
  /** The usable rings as they were published last, by vring: the numbers of their starts. */
  #published: readonly (number | null)[] = [];
  #facts: Pick<PortFacts, "ringFormat" | "ringSize" | "features"> = { ringFormat: "none", ringSize: 0, features: [] };

  constructor(spec: VhostUserPortSpec, options: OpenPortOptions) {
    super(spec);
    this.#arena = theArena();
    this.#maxFrameBytes = options.maxFrameBytes - fcsBytes;
    this.#scratch = this.#arena.mapAnonymous(2 * spec.queues * ringScratchBytes).offset;
    this.#endpoint = new Endpoint({
      path: spec.path,
      server: spec.server,
      onPeer: (socket) => this.#attach(socket),
      isBusy: () => this.#isBusy(),
    });
  }

  /** Listens, or connects. */
  open(): void {
    try {
      this.#endpoint.open();
    } catch (error) {
      this.#arena.release(this.#scratch);
      throw error;
    }
  }

  facts(): PortFacts {
    const { text, kind, queues } = this.spec;
    return { spec: text, kind, queues, ...this.#facts, maxFrameBytes: this.#maxFrameBytes };
  }

  breakConnection(why: string): void {
    const what = `the driver broke a ring (${why}), and its connection was ended`;
    this.#detach(environmentError(what, { where: this.spec.text }), true);
  }

  protected override late(timeoutMs: number): PktgenError {
    const what =
      this.#backend === null
        ? `no driver connected to ${this.spec.path} within ${timeoutMs} ms`
        : `the driver connected to ${this.spec.path} but did not start its rings within ${timeoutMs} ms`;
    return environmentError(what + this.state.troubles(), {
      where: this.spec.text,
      hint: "start the other side, e.g. dpdk-testpmd with --vdev=net_virtio_user0,path=… and `start`",
    });
  }

  #attach(socket: UnixSocket): void {
    this.#connection = new Connection(socket, "requests");
    this.#backend = new Backend(this.#connection, this.spec, {
      mapper: this.#arena,
      quiesce: () => this.state.quiesce(),
      positions: this.state.positions,
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
      if (closed) this.#detach(this.#driverGone(), false);
      else if (changed) this.#ringsChanged(backend);
    } catch (error) {
      if (!(error instanceof PktgenError)) throw error;
      this.#detach(error, true);
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

  /** Where there are no rings, waits until 0 and 1 can be used, and a while for the others. */
  #ringsChanged(backend: Backend): void {
    const rings = backend.rings();
    const usable = rings[0] !== null && rings[1] !== null;
    const complete = usable && backend.vrings.every((vring) => vring.enabled || !vring.started);
    if (this.state.rings !== null && rings.every((ring) => ring === null)) {
      this.#published = [];
      this.state.lose(this.#said("the driver stopped its rings"));
    } else if (this.state.rings !== null || complete) {
      this.#publish(rings);
    } else if (usable) {
      this.#settle ??= setTimeout(() => {
        this.#settle = null;
        if (this.#backend === backend && this.state.rings === null) this.#publishIfUsable(backend.rings());
      }, settleMs);
    }
  }

  #publishIfUsable(rings: readonly (BackendRing | null)[]): void {
    if (rings[0] !== null && rings[1] !== null) this.#publish(rings);
  }

  #publish(rings: readonly (BackendRing | null)[]): void {
    const withScratch = (ring: BackendRing | null | undefined): DeviceRingLayout | null => {
      if (ring === null || ring === undefined) return null;
      const { callFd: _, kickFd: __, ...layout } = ring;
      return { ...layout, scratch: this.#scratch + ring.vring * ringScratchBytes, scratchBytes: ringScratchBytes };
    };
    const queues = Array.from({ length: this.spec.queues }, (_, queue): QueueRings => {
      const [tx, rx] = [rings[2 * queue], rings[2 * queue + 1]];
      return {
        queue,
        tx: withScratch(tx),
        rx: withScratch(rx),
        txKick: eventfdKick(tx?.callFd),
        rxKick: eventfdKick(rx?.callFd),
        // A driver without a descriptor to kick with says that we have to poll.
        ...(rx === null || rx === undefined || rx.kickFd < 0 ? {} : { rxSignal: rx.kickFd }),
      };
    });
    this.#remember(rings);
    const ended = this.#changeOf(rings);
    this.#published = rings.map((ring) => ring?.starts ?? null);
    this.state.publish(queues, ended === null ? null : this.#said(ended));
  }

  readonly #said = (what: string): string => environmentError(what, { where: this.spec.text }).toLine();

  /** What became of rings that were published before; null: they all go on, and others may have come. */
  #changeOf(rings: readonly (BackendRing | null)[]): string | null {
    const before = this.#published;
    const numbers = (is: (vring: number) => boolean): string =>
      rings.flatMap((_, vring) => (typeof before[vring] === "number" && is(vring) ? [vring] : [])).join(", ");
    const stopped = numbers((vring) => rings[vring] === null);
    if (stopped !== "") return `the driver stopped ring ${stopped}`;
    const anew = numbers((vring) => rings[vring]?.starts !== before[vring]);
    return anew === "" ? null : `the driver set ring ${anew} up anew`;
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

  /** The driver is gone: workers stand, then its memory goes, then the next may come. `byUs`: we ended its connection. */
  #detach(why: PktgenError, byUs: boolean): void {
    const backend = this.#backend;
    if (backend === null) return;
    if (this.#settle !== null) clearTimeout(this.#settle);
    this.#settle = null;
    this.#backend = null;
    this.#connection = null;
    this.#published = [];
    if (!this.closed) this.state.trouble(why.toLine(), byUs);
    this.state.lose(why.toLine());
    backend[Symbol.dispose]();
    if (this.closed) return;
    if (this.#hadPeer) this.#endpoint.comeBack();
    else if (!this.spec.server) this.state.fail(why);
  }

  protected close(): void {
    this.#endpoint[Symbol.dispose]();
    this.#detach(this.error("the port was closed"), true);
    this.#arena.release(this.#scratch);
  }
}

/** @throws PktgenError: the socket cannot be made, or (as a client) no driver listens. */
export function openVhostPort(spec: VhostUserPortSpec, options: OpenPortOptions): Port {
  const port = new VhostPort(spec, options);
  port.open();
  return port;
}
