/** The other side of a port, played by hand: a device that answers as told, and a driver that says what it is told. */
import { Connection, type Message } from "../../src/port/vhost-user/connection.js";
import { features, protocolFeatures } from "../../src/port/vhost-user/features.js";
import {
  decodeU64,
  decodeVringState,
  encodeMemoryTable,
  encodeU64,
  encodeVringAddresses,
  encodeVringDescriptor,
  encodeVringState,
  messageFlags,
  type RequestName,
  replyFlags,
  requestCodes,
  requestLabel,
  type TableRegion,
  type VringAddresses,
} from "../../src/port/vhost-user/message.js";
import { arena, type SharedMemory } from "../../src/sys/arena.js";
import { EventFd } from "../../src/sys/eventfd.js";
import { watchReadable } from "../../src/sys/poller.js";
import { closeDescriptors, connectUnix, type ListeningSocket, listenUnix } from "../../src/sys/socket.js";

export const everyFeature =
  features.version1 |
  features.protocol |
  features.multiqueue |
  features.packed |
  features.inOrder |
  features.mergeable |
  (1n << 29n); // EVENT_IDX, which nobody here wants

export interface DeviceScript {
  readonly features: bigint;
  readonly protocolFeatures: bigint;
  readonly queues: bigint;
  /** Answers this message with 1. */
  readonly refuse?: RequestName;
  /** Sends these bytes as they are instead of answering this message; null: closes. */
  readonly instead?: { readonly of: RequestName; readonly bytes: Uint8Array | null };
  /** Says nothing at all. */
  readonly mute?: boolean;
}

export const goodDevice: DeviceScript = {
  features: everyFeature,
  protocolFeatures: protocolFeatures.multiqueue | protocolFeatures.replyAck | (1n << 16n),
  queues: 8n,
};

/** Listens like net_vhost, and keeps a log: names, `!` where an acknowledgement was asked for, descriptors. */
export class ScriptedDevice implements Disposable {
  readonly log: string[] = [];
  negotiated = 0n;
  readonly #listener: ListeningSocket;
  readonly #watch: Disposable;
  readonly #script: DeviceScript;
  #connections: Connection[] = [];
  #raw: ReturnType<ListeningSocket["accept"]> = null;

  constructor(path: string, script: DeviceScript) {
    this.#script = script;
    this.#listener = listenUnix(path, "stream");
    this.#watch = watchReadable(this.#listener.fd, () => this.#accept());
  }

  #accept(): void {
    const socket = this.#listener.accept();
    if (socket === null) return;
    this.#raw = socket;
    const connection = new Connection(socket, "requests");
    this.#connections.push(connection);
    connection.watch(() => {
      for (let got = connection.tryReceive(); ; got = connection.tryReceive()) {
        if (got === "closed") connection[Symbol.dispose]();
        if (typeof got === "string") return;
        this.#answer(connection, got);
      }
    });
  }

  #answer(connection: Connection, { request, flags, payload, fds }: Message): void {
    closeDescriptors(fds);
    const wantsAck = (flags & messageFlags.needReply) !== 0;
    const name = requestLabel(request);
    this.log.push(`${name}${wantsAck ? "!" : ""}${fds.length > 0 ? ` +${fds.length}` : ""}`);
    const { instead, refuse, mute } = this.#script;
    if (mute === true) return;
    if (name === instead?.of) {
      if (instead.bytes === null) connection[Symbol.dispose]();
      else this.#raw!.send(instead.bytes);
      return;
    }
    if (name === "SET_FEATURES") this.negotiated = decodeU64(request, payload);
    const reply = this.#replyTo(name, request, payload);
    if (reply !== null) connection.send(request, reply, replyFlags);
    else if (wantsAck) connection.send(request, encodeU64(refuse === name ? 1n : 0n), replyFlags);
  }

  #replyTo(name: string, request: number, payload: Uint8Array): Uint8Array | null {
    switch (name) {
      case "GET_FEATURES":
        return encodeU64(this.#script.features);
      case "GET_PROTOCOL_FEATURES":
        return encodeU64(this.#script.protocolFeatures);
      case "GET_QUEUE_NUM":
        return encodeU64(this.#script.queues);
      case "GET_VRING_BASE":
        return encodeVringState({ vring: decodeVringState(request, payload).vring, value: 0 });
      default:
        return null;
    }
  }

  /** As if the device had been killed. */
  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    for (const connection of this.#connections) connection[Symbol.dispose]();
    this.#listener[Symbol.dispose]();
  }
}

const noPayload = new Uint8Array(0);

/** Connects like virtio_user. One megabyte of memory, all zero: rings of split format that offer nothing. */
export class RawDriver implements Disposable {
  readonly connection: Connection;
  readonly memory: SharedMemory;
  readonly event = new EventFd();

  constructor(path: string) {
    this.connection = new Connection(connectUnix(path, "stream"), "replies");
    this.memory = arena().allocateShared("test driver", 1024 * 1024);
  }

  get region(): TableRegion {
    const address = this.address(0);
    return { guestAddress: address, bytes: BigInt(this.memory.bytes), userAddress: address, mmapOffset: 0n };
  }

  /** What a driver calls byte `offset` of its memory. */
  address(offset: number): bigint {
    return arena().address + BigInt(this.memory.offset + offset);
  }

  /** Sends a setting and returns the acknowledgement: 0n is good. */
  async set(name: RequestName, payload: Uint8Array = noPayload, fds: readonly number[] = []): Promise<bigint> {
    this.connection.send(requestCodes[name], payload, messageFlags.needReply, fds);
    const reply = await this.connection.receive(2000, requestCodes[name]);
    return decodeU64(reply.request, reply.payload);
  }

  async ask(name: RequestName, payload: Uint8Array = noPayload): Promise<Message> {
    this.connection.send(requestCodes[name], payload, 0);
    return await this.connection.receive(2000, requestCodes[name]);
  }

  setState(name: RequestName, vring: number, value: number): Promise<bigint> {
    return this.set(name, encodeVringState({ vring, value }));
  }

  setEvent(name: RequestName, vring: number): Promise<bigint> {
    return this.set(name, encodeVringDescriptor({ vring, hasFd: true }), [this.event.fd]);
  }

  setEventWithoutAck(name: RequestName, vring: number): void {
    this.connection.send(requestCodes[name], encodeVringDescriptor({ vring, hasFd: true }), 0, [this.event.fd]);
  }

  setAddresses(vring: number, changed: Partial<VringAddresses> = {}): Promise<bigint> {
    return this.set("SET_VRING_ADDR", this.#addresses(vring, changed));
  }

  sendAddresses(vring: number): void {
    this.connection.send(requestCodes.SET_VRING_ADDR, this.#addresses(vring, {}), 0);
  }

  #addresses(vring: number, changed: Partial<VringAddresses>): Uint8Array {
    const base = 65_536 * vring;
    return encodeVringAddresses({
      vring,
      flags: 0,
      descriptors: this.address(base),
      driverArea: this.address(base + 4096),
      deviceArea: this.address(base + 8192),
      log: 0n,
      ...changed,
    });
  }

  /** All up to the memory table. */
  async greet(wanted = features.version1 | features.protocol): Promise<void> {
    await this.ask("GET_FEATURES");
    const protocol = protocolFeatures.replyAck | protocolFeatures.multiqueue;
    this.connection.send(requestCodes.SET_PROTOCOL_FEATURES, encodeU64(protocol), 0);
    await this.set("SET_FEATURES", encodeU64(wanted));
    await this.set("SET_MEM_TABLE", encodeMemoryTable([this.region]), [this.memory.fd]);
  }

  /** Rings 0 and 1 of 16 descriptors, started and enabled. */
  async start(): Promise<void> {
    for (const vring of [0, 1]) {
      await this.setEvent("SET_VRING_CALL", vring);
      await this.setState("SET_VRING_NUM", vring, 16);
      await this.setState("SET_VRING_BASE", vring, 0);
      await this.setAddresses(vring);
      await this.setEvent("SET_VRING_KICK", vring);
    }
    for (const vring of [0, 1]) await this.setState("SET_VRING_ENABLE", vring, 1);
  }

  /** Waits for the device to end the connection. */
  async ended(): Promise<boolean> {
    try {
      for (;;) await this.connection.receive(2000, 0);
    } catch (error) {
      return /closed the connection/.test(String(error));
    }
  }

  [Symbol.dispose](): void {
    this.connection[Symbol.dispose]();
    this.event[Symbol.dispose]();
    arena().release(this.memory.offset);
  }
}
