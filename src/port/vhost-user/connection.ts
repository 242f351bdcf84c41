/**
 * Whole vhost-user messages over a stream socket. A message may come in pieces; its descriptors come with any of
 * them. What the other side may not send (wrong version, a reply where a request belongs, too long, descriptors
 * where none belong) is an error that names the message; descriptors that nobody takes over are closed.
 */
import { environmentError, type PktgenError } from "../../errors.js";
import { waitReadable, watchReadable } from "../../sys/poller.js";
import { closeDescriptors, type UnixSocket } from "../../sys/socket.js";
import {
  decodeHeader,
  encodeMessage,
  headerBytes,
  type MessageHeader,
  maxFdsOf,
  maxRegions,
  messageFlags,
  protocolError,
  requestLabel,
} from "./message.js";

export interface Message {
  readonly request: number;
  readonly flags: number;
  readonly payload: Uint8Array;
  /** The receiver's to close. */
  readonly fds: readonly number[];
}

export class Connection implements Disposable {
  readonly #socket: UnixSocket;
  readonly #expects: "requests" | "replies";
  readonly #headerBuffer = new Uint8Array(headerBytes);
  readonly #abort = new AbortController();
  #watch: Disposable | null = null;
  #header: MessageHeader | null = null;
  #payload = new Uint8Array(0);
  /** Bytes of the part under way (header or payload) that have come. */
  #filled = 0;
  #fds: number[] = [];

  /** Owns the socket. */
  constructor(socket: UnixSocket, expects: "requests" | "replies") {
    this.#socket = socket;
    this.#expects = expects;
  }

  get closed(): boolean {
    return this.#abort.signal.aborted;
  }

  /** Sends one message in one piece. Throws where the peer does not take it. */
  send(request: number, payload: Uint8Array, flags: number, fds: readonly number[] = []): void {
    if (this.closed)
      throw environmentError("the connection is closed", { where: `vhost-user ${requestLabel(request)}` });
    const bytes = encodeMessage(request, flags | messageFlags.version, payload);
    const sent = this.#socket.send(bytes, fds);
    if (sent === bytes.length) return;
    if (sent === -2) throw this.#closedInstead(request);
    throw environmentError("the peer does not read its messages", { where: `vhost-user ${requestLabel(request)}` });
  }

  #closedInstead(request: number): PktgenError {
    return environmentError("the peer closed the connection instead of answering", {
      where: `vhost-user ${requestLabel(request)}`,
      ...(this.#expects === "replies" ? { hint: "is another client connected? one socket serves one client" } : {}),
    });
  }

  /** The next message if all of it is there, "empty" if not, "closed" if the peer ended the connection after a whole one. */
  tryReceive(): Message | "empty" | "closed" {
    while (!this.closed) {
      const part = this.#header === null ? this.#headerBuffer : this.#payload;
      if (this.#filled < part.length) {
        const got = this.#receivePart(part);
        if (got !== "data") return got;
        if (this.#filled < part.length) continue;
      }
      const message = this.#partDone();
      if (message !== null) return message;
    }
    return "closed";
  }

  #receivePart(part: Uint8Array): "data" | "empty" | "closed" {
    const received = this.#socket.receive(part.subarray(this.#filled), maxRegions - this.#fds.length);
    if (received.status === "empty") return "empty";
    if (received.status === "closed") {
      if (this.#header === null && this.#filled === 0) return "closed";
      const request = this.#header?.request;
      throw environmentError("the peer closed the connection in the middle of a message", {
        where: request === undefined ? "vhost-user" : `vhost-user ${requestLabel(request)}`,
      });
    }
    this.#filled += received.bytes;
    this.#fds.push(...received.fds);
    if (received.fdsCut) throw environmentError("more descriptors came than any message has", { where: "vhost-user" });
    return "data";
  }

  /** Goes on from header to payload, or returns the whole message. */
  #partDone(): Message | null {
    if (this.#header === null) {
      this.#header = this.#checkedHeader();
      this.#payload = new Uint8Array(this.#header.payloadBytes);
      this.#filled = 0;
      if (this.#payload.length > 0) return null;
    }
    const { request, flags } = this.#header;
    const maxFds = this.#expects === "requests" ? maxFdsOf(request) : 0;
    if (this.#fds.length > maxFds) {
      throw protocolError(request, "descriptors", `${this.#fds.length} came with it, at most ${maxFds} belong to it`);
    }
    const message = { request, flags, payload: this.#payload, fds: this.#fds };
    this.#header = null;
    this.#filled = 0;
    this.#fds = [];
    return message;
  }

  #checkedHeader(): MessageHeader {
    const header = decodeHeader(this.#headerBuffer);
    const isReply = (header.flags & messageFlags.reply) !== 0;
    if (isReply !== (this.#expects === "replies")) {
      throw protocolError(
        header.request,
        "flags",
        isReply ? "a reply that nobody asked for" : "a request, not a reply",
      );
    }
    return header;
  }

  /**
   * The next message, waiting for it.
   * @throws PktgenError (3) when the peer closes, breaks the protocol, or says nothing for `timeoutMs`.
   */
  async receive(timeoutMs: number, request: number): Promise<Message> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const message = this.tryReceive();
      if (message === "closed") throw this.#closedInstead(request);
      if (message !== "empty") return message;
      const leftMs = deadline - performance.now();
      if (leftMs <= 0 || !(await waitReadable(this.#socket.fd, leftMs, this.#abort.signal))) {
        if (this.closed) continue;
        throw environmentError(`the peer did not answer within ${timeoutMs} ms`, {
          where: `vhost-user ${requestLabel(request)}`,
        });
      }
    }
  }

  /** Calls back whenever there is something to `tryReceive`, until disposed. One callback at a time; null: none. */
  watch(onReadable: (() => void) | null): void {
    this.#watch?.[Symbol.dispose]();
    this.#watch = onReadable === null ? null : watchReadable(this.#socket.fd, onReadable);
  }

  [Symbol.dispose](): void {
    if (this.closed) return;
    this.#watch?.[Symbol.dispose]();
    this.#abort.abort();
    closeDescriptors(this.#fds);
    this.#fds = [];
    this.#socket[Symbol.dispose]();
  }
}
