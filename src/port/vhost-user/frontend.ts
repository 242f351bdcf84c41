/**
 * The driver's side of a vhost-user conversation (what virtio_user does). Its order of messages is one that every DPDK
 * since 18.11 accepts: all SET_VRING_CALL before SET_FEATURES, one memory region, all rings configured before the first
 * is enabled. It asks for an acknowledgement of every setting if the peer offers that, so that a refusal names its
 * message.
 */
import { environmentError } from "../../errors.js";
import type { Connection } from "./connection.js";
import { featureNames, features, netHeaderBytes, protocolFeatures } from "./features.js";
import {
  decodeU64,
  decodeVringState,
  encodeMemoryTable,
  encodeU64,
  encodeVringAddresses,
  encodeVringDescriptor,
  encodeVringState,
  messageFlags,
  protocolError,
  type RequestName,
  requestCodes,
  type TableRegion,
} from "./message.js";

/** What the port's spec asks for. */
export interface WantedFeatures {
  readonly queues: number;
  readonly ring: "auto" | "split" | "packed";
  readonly mergeable: boolean;
  readonly inOrder: boolean;
}

/** What both sides can do. */
export interface Agreed {
  readonly features: bigint;
  readonly format: "split" | "packed";
  readonly headerBytes: 10 | 12;
  readonly mergeable: boolean;
  readonly inOrder: boolean;
}

/** One ring as the peer must know it; addresses are ours (the memory table's userspace addresses). */
export interface FrontendRing {
  readonly vring: number;
  readonly size: number;
  /** 0 for a new split ring, 0x8000 (wrap counter 1, index 0) for a new packed one. */
  readonly base: number;
  readonly descriptors: bigint;
  readonly driverArea: bigint;
  readonly deviceArea: bigint;
  /** We write it to wake the device. */
  readonly kickFd: number;
  /** The device writes it to wake us. */
  readonly callFd: number;
}

/**
 * Chooses from what the peer offers. Offloads, EVENT_IDX and IOMMU_PLATFORM are never asked for.
 * @throws PktgenError (3) where the spec insists on what the peer lacks.
 */
export function chooseFeatures(offered: bigint, wanted: WantedFeatures): Agreed {
  const has = (feature: bigint): boolean => (offered & feature) !== 0n;
  const packedOffered = has(features.packed) && has(features.version1);
  if (wanted.ring === "packed" && !packedOffered) {
    throw environmentError("the peer offers no packed ring", {
      where: "ring=packed",
      accepted: "ring=auto or ring=split with this peer",
      hint: `it offers ${featureNames(offered).join(" ")}`,
    });
  }
  if (wanted.queues > 1 && !has(features.multiqueue)) throw tooFewQueues(wanted.queues, 1);
  const format = wanted.ring !== "split" && packedOffered ? "packed" : "split";
  const mergeable = wanted.mergeable && has(features.mergeable);
  const inOrder = wanted.inOrder && has(features.inOrder);
  const chosen =
    (offered & (features.version1 | features.protocol)) |
    (mergeable ? features.mergeable : 0n) |
    (inOrder ? features.inOrder : 0n) |
    (format === "packed" ? features.packed : 0n) |
    (wanted.queues > 1 ? features.multiqueue : 0n);
  return { features: chosen, format, headerBytes: netHeaderBytes(chosen), mergeable, inOrder };
}

const tooFewQueues = (wanted: number, offered: number): ReturnType<typeof environmentError> =>
  environmentError(`${wanted} queue pairs are asked for, but the peer offers ${offered}`, {
    where: "queues",
    hint: `ask for queues=${offered}, or give the peer more (DPDK: queues= of its vdev, --rxq and --txq)`,
  });

export class Frontend {
  readonly #connection: Connection;
  readonly #wanted: WantedFeatures;
  readonly #timeoutMs: number;
  #acknowledged = false;

  /** `timeoutMs` bounds each answer. */
  constructor(connection: Connection, wanted: WantedFeatures, timeoutMs: number) {
    this.#connection = connection;
    this.#wanted = wanted;
    this.#timeoutMs = timeoutMs;
  }

  /** Asks what the peer can do and decides; nothing is set but the protocol features. */
  async negotiate(): Promise<Agreed> {
    const offered = await this.#getU64("GET_FEATURES");
    const agreed = chooseFeatures(offered, this.#wanted);
    await this.#set("SET_OWNER", new Uint8Array(0));
    const protocol = (agreed.features & features.protocol) === 0n ? 0n : await this.#agreeOnProtocol();
    await this.#checkQueues(protocol);
    return agreed;
  }

  async #agreeOnProtocol(): Promise<bigint> {
    const offered = await this.#getU64("GET_PROTOCOL_FEATURES");
    // STATUS, where a peer offers it, would oblige us to speak of the status for the device to become ready.
    const chosen = offered & (protocolFeatures.multiqueue | protocolFeatures.replyAck);
    await this.#set("SET_PROTOCOL_FEATURES", encodeU64(chosen));
    this.#acknowledged = (chosen & protocolFeatures.replyAck) !== 0n;
    return chosen;
  }

  /** GET_QUEUE_NUM counts pairs. DPDK's net_vhost says 128 whatever its `queues=`. */
  async #checkQueues(protocol: bigint): Promise<void> {
    if (this.#wanted.queues === 1) return;
    if ((protocol & protocolFeatures.multiqueue) === 0n) throw tooFewQueues(this.#wanted.queues, 1);
    const offered = await this.#getU64("GET_QUEUE_NUM");
    if (offered < this.#wanted.queues) throw tooFewQueues(this.#wanted.queues, Number(offered));
  }

  /** Hands rings and memory over, and starts the rings. The rings must be initialised before. */
  async start(agreed: Agreed, region: TableRegion, memoryFd: number, rings: readonly FrontendRing[]): Promise<void> {
    for (const ring of rings) await this.#setDescriptor("SET_VRING_CALL", ring.vring, ring.callFd);
    await this.#set("SET_FEATURES", encodeU64(agreed.features));
    await this.#set("SET_MEM_TABLE", encodeMemoryTable([region]), [memoryFd]);
    for (const ring of rings) {
      const { vring, descriptors, driverArea, deviceArea } = ring;
      await this.#set("SET_VRING_NUM", encodeVringState({ vring, value: ring.size }));
      await this.#set("SET_VRING_BASE", encodeVringState({ vring, value: ring.base }));
      const addresses = { vring, flags: 0, descriptors, driverArea, deviceArea, log: 0n };
      await this.#set("SET_VRING_ADDR", encodeVringAddresses(addresses));
      await this.#setDescriptor("SET_VRING_KICK", vring, ring.kickFd);
    }
    if ((agreed.features & features.protocol) !== 0n) await this.#enable(rings, 1);
    // Without acknowledgements, a question that must be answered shows whether the peer is still there after all this.
    if (!this.#acknowledged) await this.#getU64("GET_FEATURES");
  }

  async #enable(rings: readonly { readonly vring: number }[], value: 0 | 1): Promise<void> {
    for (const { vring } of rings) await this.#set("SET_VRING_ENABLE", encodeVringState({ vring, value }));
  }

  /** Stops rings; returns the position of each, where the device would go on. */
  async stop(agreed: Agreed, rings: readonly { readonly vring: number }[]): Promise<number[]> {
    if ((agreed.features & features.protocol) !== 0n) await this.#enable(rings, 0);
    const positions: number[] = [];
    for (const { vring } of rings) positions.push(await this.#getBase(vring));
    return positions;
  }

  async #getBase(vring: number): Promise<number> {
    const request = requestCodes.GET_VRING_BASE;
    this.#connection.send(request, encodeVringState({ vring, value: 0 }), 0);
    const state = decodeVringState(request, await this.#reply(request));
    if (state.vring !== vring) throw protocolError(request, "index", `the answer is for vring ${state.vring}`);
    return state.value & 0xffff;
  }

  async #getU64(name: RequestName): Promise<bigint> {
    const request = requestCodes[name];
    this.#connection.send(request, new Uint8Array(0), 0);
    return decodeU64(request, await this.#reply(request));
  }

  #setDescriptor(name: RequestName, vring: number, fd: number): Promise<void> {
    return this.#set(name, encodeVringDescriptor({ vring, hasFd: true }), [fd]);
  }

  async #set(name: RequestName, payload: Uint8Array, fds: readonly number[] = []): Promise<void> {
    const request = requestCodes[name];
    this.#connection.send(request, payload, this.#acknowledged ? messageFlags.needReply : 0, fds);
    if (!this.#acknowledged) return;
    const status = decodeU64(request, await this.#reply(request));
    if (status !== 0n)
      throw environmentError(`the peer refused the message (${status})`, { where: `vhost-user ${name}` });
  }

  async #reply(request: number): Promise<Uint8Array> {
    const reply = await this.#connection.receive(this.#timeoutMs, request);
    if (reply.request !== request)
      throw protocolError(request, "request", `the answer is for request ${reply.request}`);
    return reply.payload;
  }
}
