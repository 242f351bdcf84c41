/**
 * Questions and answers about time between two agents, host to host: the kernel stamps when they arrive, so that neither
 * the server in between nor a busy event loop is in their round trips. An agent opens the socket only if it was started
 * with --clock-udp, only while a run has it, and answers only who knows the run's key. Both datagrams are of one length.
 *
 *     question  magic u32 | key 16 bytes | number u32 | 24 bytes of zeros
 *     answer    magic u32 | key 16 bytes | number u32 | t2 f64 | t3 f64 | 8 bytes of zeros
 */
import { randomBytes } from "node:crypto";
import type { ClockExchange } from "../stats/index.js";
import { watchReadable } from "../sys/poller.js";
import { type StampedDatagram, type UdpPeer, UdpStampSocket } from "../sys/udp-stamps.js";

const magic = { question: 0x70_74_43_51, answer: 0x70_74_43_41 } as const;
const datagramBytes = 48;
const keyAt = 4;
const keyBytes = 16;
const numberAt = 20;
const receivedAt = 24;
const sentAt = 32;
const answerMs = 200;

export const newClockKey = (): string => randomBytes(keyBytes).toString("hex");

export class ClockSocket implements Disposable {
  readonly port: number;
  readonly #socket: UdpStampSocket;
  readonly #watch: Disposable;
  readonly #nowNs: () => number;
  /** Of the run that has the agent. */
  #key: Buffer;
  /** No two questions have one number: a late answer is nobody's. */
  #number = 0;
  #asked: ((answer: StampedDatagram) => void) | null = null;

  /** @throws PktgenError (3): the address is not this host's, or the port is taken. */
  constructor(at: UdpPeer, key: string, nowNs: () => number, where: string) {
    this.#nowNs = nowNs;
    this.#key = Buffer.from(key, "hex");
    this.#socket = new UdpStampSocket(at, nowNs, where);
    this.port = this.#socket.own.port;
    this.#watch = watchReadable(this.#socket.fd, () => this.#readAll());
  }

  /** From now on for this run. */
  use(key: string): void {
    this.#key = Buffer.from(key, "hex");
  }

  /** Asks another agent, one question after the other. Those that are not answered are left out. */
  async ask(peer: UdpPeer, exchanges: number): Promise<ClockExchange[]> {
    const known: ClockExchange[] = [];
    for (let n = 1; n <= exchanges; n++) {
      this.#number = (this.#number + 1) >>> 0;
      const found = await this.#askOnce(peer, this.#number);
      if (found !== null) known.push(found);
      // Nobody answers: it is not to be reached.
      else if (known.length === 0 && n >= 3) break;
    }
    return known;
  }

  async #askOnce(peer: UdpPeer, number: number): Promise<ClockExchange | null> {
    const question = Buffer.alloc(datagramBytes);
    question.writeUInt32BE(magic.question, 0);
    this.#key.copy(question, keyAt);
    question.writeUInt32BE(number, numberAt);
    const answered = new Promise<StampedDatagram | null>((resolve) => {
      const timer = setTimeout(() => resolve(null), answerMs);
      this.#asked = (answer) => {
        if (Buffer.from(answer.bytes).readUInt32BE(numberAt) !== number) return;
        clearTimeout(timer);
        resolve(answer);
      };
    });
    const t1Ns = this.#socket.send(question, peer);
    const look = setInterval(() => this.#readAll(), 1);
    const answer = t1Ns === null ? null : await answered;
    clearInterval(look);
    this.#asked = null;
    if (t1Ns === null || answer === null) return null;
    const bytes = Buffer.from(answer.bytes);
    const [t2Ns, t3Ns] = [bytes.readDoubleBE(receivedAt), bytes.readDoubleBE(sentAt)];
    return Number.isFinite(t2Ns) && Number.isFinite(t3Ns) ? { t1Ns, t2Ns, t3Ns, t4Ns: answer.atNs } : null;
  }

  #readAll(): void {
    for (let next = this.#socket.receive(); next !== null; next = this.#socket.receive()) this.#take(next);
  }

  /** Whoever does not know the key is nobody. */
  #take(datagram: StampedDatagram): void {
    const bytes = Buffer.from(datagram.bytes);
    if (bytes.length !== datagramBytes || !bytes.subarray(keyAt, keyAt + keyBytes).equals(this.#key)) return;
    const kind = bytes.readUInt32BE(0);
    if (kind === magic.answer) this.#asked?.(datagram);
    if (kind !== magic.question) return;
    bytes.writeUInt32BE(magic.answer, 0);
    bytes.writeDoubleBE(datagram.atNs, receivedAt);
    bytes.writeDoubleBE(this.#nowNs(), sentAt);
    this.#socket.send(bytes, datagram.from);
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    this.#socket[Symbol.dispose]();
  }
}
