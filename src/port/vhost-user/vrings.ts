/**
 * The vrings of a vhost device: what the driver has set, which of them run, and where they lie in its memory. A ring
 * starts with its SET_VRING_KICK and does not wait for a kick (DPDK's driver may never send one). It is usable while it
 * is also enabled.
 */
import type { DeviceRingLayout } from "../../ring/ring.js";
import { closeDescriptors } from "../../sys/socket.js";
import type { DriverMemory, MemoryMapper } from "./driver-memory.js";
import { features, netHeaderBytes } from "./features.js";
import type { VringAddresses } from "./message.js";
import { ringAreasIn } from "./ring-areas.js";

/** What the port lends its back-end. */
export interface BackendHost {
  readonly mapper: MemoryMapper;
  /** Rings are about to change: returns when no worker touches them and `positions` are stored. May be called twice. */
  quiesce(): void;
  /** One per vring, written by the workers. */
  readonly positions: Int32Array;
}

export interface Vring {
  size: number;
  base: number;
  addresses: VringAddresses | null;
  kickFd: number;
  callFd: number;
  errFd: number;
  enabled: boolean;
  started: boolean;
  /** How often it was started. A change around a running ring does not count. */
  starts: number;
}

/** A usable ring, but for scratch memory, which is the port's. */
export type BackendRing = Omit<DeviceRingLayout, "scratch" | "scratchBytes"> & {
  readonly callFd: number;
  readonly kickFd: number;
  /** Grows when the driver sets the ring up again. */
  readonly starts: number;
};

/** Which descriptors a vring message sets. */
export const vringFds = { SET_VRING_KICK: "kickFd", SET_VRING_CALL: "callFd", SET_VRING_ERR: "errFd" } as const;

export class Vrings implements Disposable {
  readonly all: readonly Vring[];
  /** As negotiated so far. */
  features = 0n;
  /** Something has changed what `usable` says, or made it stale. */
  changed = false;
  readonly #memory: DriverMemory;
  readonly #host: BackendHost;

  constructor(queues: number, memory: DriverMemory, host: BackendHost) {
    this.#memory = memory;
    this.#host = host;
    this.all = Array.from({ length: 2 * queues }, () => ({
      size: 0,
      base: 0,
      addresses: null,
      kickFd: -1,
      callFd: -1,
      errFd: -1,
      enabled: false,
      started: false,
      starts: 0,
    }));
  }

  /** Before anything changes that a worker may be using. */
  beforeChange(): void {
    this.changed = true;
    this.#host.quiesce();
    for (const [vring, state] of this.all.entries()) {
      if (state.started) state.base = this.#host.positions[vring]! & 0xffff;
    }
  }

  start(vring: number, state: Vring): void {
    this.#areas(state, vring);
    this.beforeChange(); // workers go on with all rings opened anew
    if (!state.started) state.starts++;
    state.started = true;
    this.#host.positions[vring] = state.base;
  }

  #areas(state: Vring, vring = 0): ReturnType<typeof ringAreasIn> {
    return ringAreasIn(this.#memory, this.features, vring, state);
  }

  /** Also where a driver sets a ring up again without having stopped it, as some do after a restart of their own. */
  stop(state: Vring): void {
    if (!state.started) return;
    this.beforeChange();
    state.started = false;
  }

  stopAll(): void {
    this.beforeChange();
    for (const state of this.all) state.started = false;
  }

  /** Rings that run go on in new memory where they lie in it; others stop until they are set up again. */
  stopOutsideMemory(): void {
    for (const state of this.all) {
      if (state.started && !this.#liesInMemory(state)) state.started = false;
    }
  }

  #liesInMemory(state: Vring): boolean {
    try {
      this.#areas(state);
      return true;
    } catch {
      return false;
    }
  }

  /** The usable rings, by vring; null: not started, or not enabled. */
  usable(): (BackendRing | null)[] {
    return this.all.map((state, vring) => {
      if (!state.started || !state.enabled) return null;
      return {
        role: "device",
        direction: vring % 2 === 0 ? "tx" : "rx",
        vring,
        ...this.#areas(state, vring),
        headerBytes: netHeaderBytes(this.features),
        inOrder: (this.features & features.inOrder) !== 0n,
        mergeable: (this.features & features.mergeable) !== 0n,
        indirect: (this.features & features.indirect) !== 0n,
        regions: this.#memory.regions,
        callFd: state.callFd,
        kickFd: state.kickFd,
        starts: state.starts,
      };
    });
  }

  [Symbol.dispose](): void {
    for (const state of this.all) {
      closeDescriptors([state.kickFd, state.callFd, state.errFd].filter((fd) => fd >= 0));
      Object.assign(state, { kickFd: -1, callFd: -1, errFd: -1, started: false });
    }
  }
}
