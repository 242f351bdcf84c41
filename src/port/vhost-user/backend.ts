/**
 * The device's side of a vhost-user conversation (what net_vhost is). It trusts nothing that the driver says: it checks
 * sizes, counts, features, addresses and descriptors before use. A bad one ends this connection with an error that names
 * message and field. Messages may be repeated in any sensible order.
 */
import { closeSync } from "node:fs";
import { PktgenError } from "../../errors.js";
import { adoptEventfd } from "../../sys/eventfd.js";
import { closeDescriptors } from "../../sys/socket.js";
import type { Connection, Message } from "./connection.js";
import { DriverMemory } from "./driver-memory.js";
import { featureNames, features, protocolFeatures } from "./features.js";
import {
  decodeEmpty,
  decodeMemoryTable,
  decodeU64,
  decodeVringAddresses,
  decodeVringDescriptor,
  decodeVringState,
  encodeU64,
  encodeVringState,
  messageFlags,
  protocolError,
  type RequestName,
  replyFlags,
  requestName,
} from "./message.js";
import { type BackendHost, type BackendRing, type Vring, Vrings, vringFds } from "./vrings.js";

export interface BackendOptions {
  readonly queues: number;
  readonly ring: "auto" | "split" | "packed";
  readonly mergeable: boolean;
  readonly inOrder: boolean;
}

const offeredFeatures = (options: BackendOptions): bigint =>
  features.version1 |
  features.protocol |
  features.indirect |
  features.multiqueue |
  (options.mergeable ? features.mergeable : 0n) |
  (options.ring === "split" ? 0n : features.packed) |
  (options.inOrder ? features.inOrder : 0n);

const offeredProtocolFeatures = protocolFeatures.multiqueue | protocolFeatures.replyAck;

/** A driver that never stops talking gets its turn, then others get theirs. */
const maxMessagesAtOnce = 256;

export class Backend implements Disposable {
  readonly #options: BackendOptions;
  readonly #connection: Connection;
  readonly #memory: DriverMemory;
  readonly #vrings: Vrings;
  readonly #offered: bigint;
  #protocolFeatures = 0n;

  constructor(connection: Connection, options: BackendOptions, host: BackendHost) {
    this.#connection = connection;
    this.#options = options;
    this.#memory = new DriverMemory(host.mapper);
    this.#offered = offeredFeatures(options);
    this.#vrings = new Vrings(options.queues, this.#memory, host);
  }

  /** As negotiated so far. */
  get features(): bigint {
    return this.#vrings.features;
  }

  get vrings(): readonly Readonly<Vring>[] {
    return this.#vrings.all;
  }

  /**
   * Handles what has come, but no endless flood of it. Returns whether rings changed, so that the owner asks for
   * `rings()` again, and whether the driver has ended the connection.
   * @throws PktgenError (3): the driver broke the protocol; the connection is of no use any more.
   */
  pump(): { readonly changed: boolean; readonly closed: boolean } {
    this.#vrings.changed = false;
    for (let handled = 0; handled < maxMessagesAtOnce; handled++) {
      const message = this.#connection.tryReceive();
      if (typeof message === "string") return { changed: this.#vrings.changed, closed: message === "closed" };
      this.#handle(message);
    }
    return { changed: this.#vrings.changed, closed: false };
  }

  #handle(message: Message): void {
    const { request, flags } = message;
    const wantsAck = (flags & messageFlags.needReply) !== 0 && this.#has(protocolFeatures.replyAck);
    const taken = new Set<number>();
    try {
      const reply = this.#dispatch(message, taken);
      if (reply !== null) this.#connection.send(request, reply, replyFlags);
      else if (wantsAck) this.#connection.send(request, encodeU64(0n), replyFlags);
    } catch (error) {
      // The refusal tells the driver which message it was. Then the connection ends.
      if (error instanceof PktgenError && wantsAck) this.#refuse(request);
      throw error;
    } finally {
      closeDescriptors(message.fds.filter((fd) => !taken.has(fd)));
    }
  }

  #refuse(request: number): void {
    try {
      this.#connection.send(request, encodeU64(1n), replyFlags);
    } catch {
      // gone already: the first error is the one to report
    }
  }

  #has(protocolFeature: bigint): boolean {
    return (this.#protocolFeatures & protocolFeature) !== 0n;
  }

  /** The reply to a question; null for a setting. Descriptors that are kept are added to `taken`. */
  #dispatch(message: Message, taken: Set<number>): Uint8Array | null {
    const { request, payload } = message;
    const name = requestName(request);
    switch (name) {
      case "GET_FEATURES":
        decodeEmpty(request, payload);
        return encodeU64(this.#offered);
      case "GET_PROTOCOL_FEATURES":
        decodeEmpty(request, payload);
        return encodeU64(offeredProtocolFeatures);
      case "GET_QUEUE_NUM":
        decodeEmpty(request, payload);
        return encodeU64(BigInt(this.#options.queues));
      case "GET_VRING_BASE":
        return this.#getVringBase(request, payload);
      default:
        this.#applySetting(name, message, taken);
        return null;
    }
  }

  #applySetting(name: RequestName | null, message: Message, taken: Set<number>): void {
    const { request, payload } = message;
    switch (name) {
      case "SET_OWNER":
        decodeEmpty(request, payload);
        break;
      case "RESET_OWNER":
        decodeEmpty(request, payload);
        this.#vrings.stopAll();
        break;
      case "SET_FEATURES":
        this.#setFeatures(request, decodeU64(request, payload));
        break;
      case "SET_PROTOCOL_FEATURES":
        this.#setProtocolFeatures(request, decodeU64(request, payload));
        break;
      case "SET_MEM_TABLE":
        this.#setMemoryTable(message);
        break;
      case "SET_VRING_NUM":
      case "SET_VRING_BASE":
      case "SET_VRING_ENABLE":
        this.#setVringState(name, request, payload);
        break;
      case "SET_VRING_ADDR":
        this.#setAddresses(request, payload);
        break;
      case "SET_VRING_KICK":
      case "SET_VRING_CALL":
      case "SET_VRING_ERR":
        this.#setDescriptor(name, message, taken);
        break;
      default:
        throw protocolError(request, "request", "nothing that was offered asks for this message");
    }
  }

  #setFeatures(request: number, wanted: bigint): void {
    const unknown = wanted & ~this.#offered;
    if (unknown !== 0n) {
      throw protocolError(request, "features", `${featureNames(unknown).join(", ")} was not offered`);
    }
    if (wanted === this.#vrings.features) return;
    if (this.#vrings.all.some(({ started }) => started)) {
      throw protocolError(request, "features", "they change while rings run");
    }
    this.#vrings.features = wanted;
    // Without SET_VRING_ENABLE in the protocol, rings are enabled from the start.
    if ((wanted & features.protocol) === 0n) for (const state of this.#vrings.all) state.enabled = true;
  }

  #setProtocolFeatures(request: number, wanted: bigint): void {
    const unknown = wanted & ~offeredProtocolFeatures;
    if (unknown !== 0n) throw protocolError(request, "features", `bits 0x${unknown.toString(16)} were not offered`);
    this.#protocolFeatures = wanted;
  }

  /** Rings that run go on in the new memory, if they lie in it; else they stand until they are set up again. */
  #setMemoryTable({ request, payload, fds }: Message): void {
    const regions = decodeMemoryTable(request, payload);
    if (fds.length !== regions.length) {
      throw protocolError(request, "descriptors", `${fds.length} came for ${regions.length} regions`);
    }
    this.#vrings.beforeChange();
    this.#memory.replace(request, regions, fds);
    this.#vrings.stopOutsideMemory();
  }

  #vring(request: number, vring: number): Vring {
    const state = this.#vrings.all[vring];
    if (state !== undefined) return state;
    const { queues } = this.#options;
    const have = `this port has ${queues} queue pair${queues === 1 ? "" : "s"}, vrings 0 to ${2 * queues - 1}`;
    throw protocolError(request, "index", `vring ${vring}; ${have}`);
  }

  #setVringState(
    name: "SET_VRING_NUM" | "SET_VRING_BASE" | "SET_VRING_ENABLE",
    request: number,
    payload: Uint8Array,
  ): void {
    const { vring, value } = decodeVringState(request, payload);
    const state = this.#vring(request, vring);
    if (name === "SET_VRING_ENABLE") {
      if (value > 1) throw protocolError(request, "num", `${value}; 0 or 1 is accepted`);
      if (state.enabled === (value === 1)) return;
      if (state.started) this.#vrings.beforeChange();
      state.enabled = value === 1;
      return;
    }
    this.#vrings.stop(state);
    if (name === "SET_VRING_NUM") state.size = value;
    // Newer front-ends carry the used index of a packed ring in the upper half; there it equals the lower.
    else state.base = value & 0xffff;
  }

  #setAddresses(request: number, payload: Uint8Array): void {
    const addresses = decodeVringAddresses(request, payload);
    const state = this.#vring(request, addresses.vring);
    if (addresses.flags !== 0) {
      throw protocolError(request, "flags", `0x${addresses.flags.toString(16)}; dirty logging was not offered`);
    }
    this.#vrings.stop(state);
    state.addresses = addresses;
  }

  #setDescriptor(name: keyof typeof vringFds, message: Message, taken: Set<number>): void {
    const { request, payload, fds } = message;
    const { vring, hasFd } = decodeVringDescriptor(request, payload);
    const state = this.#vring(request, vring);
    if (fds.length !== (hasFd ? 1 : 0)) {
      throw protocolError(request, "descriptors", `${fds.length} came where ${hasFd ? 1 : 0} belong`);
    }
    if (hasFd && !adoptEventfd(fds[0]!)) throw protocolError(request, "descriptors", "this is not an eventfd");
    if (state.started && state.enabled && name !== "SET_VRING_ERR") this.#vrings.beforeChange();
    if (hasFd) taken.add(fds[0]!);
    const field = vringFds[name];
    if (state[field] >= 0) closeSync(state[field]);
    state[field] = hasFd ? fds[0]! : -1;
    if (name === "SET_VRING_KICK") this.#vrings.start(vring, state);
  }

  #getVringBase(request: number, payload: Uint8Array): Uint8Array {
    const { vring } = decodeVringState(request, payload);
    const state = this.#vring(request, vring);
    this.#vrings.stop(state);
    if (state.kickFd >= 0) closeSync(state.kickFd);
    state.kickFd = -1;
    return encodeVringState({ vring, value: state.base });
  }

  /** The usable rings, by vring; null: not started, or not enabled. */
  rings(): (BackendRing | null)[] {
    return this.#vrings.usable();
  }

  /** Only after a quiesce: the driver's memory goes. */
  [Symbol.dispose](): void {
    this.#vrings[Symbol.dispose]();
    this.#memory[Symbol.dispose]();
    this.#connection[Symbol.dispose]();
  }
}
