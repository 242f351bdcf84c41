/**
 * DPDK's telemetry socket (lib/telemetry/telemetry.c, "v2"): SEQPACKET, one packet a question (`/ethdev/stats,0`), one
 * packet of JSON the answer. It disturbs neither the prompt nor "since last show", so it is for sampling in a run.
 */
import { invalidError } from "../../errors.js";
import { waitReadable } from "../../sys/poller.js";
import { connectUnix, type UnixSocket } from "../../sys/socket.js";
import { queueXstats } from "./parse.js";
import { type DpdkVersion, parseDpdkVersion } from "./version.js";

export interface TelemetryGreeting {
  readonly version: DpdkVersion | null;
  readonly pid: number;
  /** Longer answers are cut by leaving entries out. */
  readonly maxOutputBytes: number;
}

/** `/ethdev/stats`, absolute. */
export interface TelemetryStats {
  readonly rxPackets: number;
  readonly txPackets: number;
  readonly rxMissed: number;
  readonly txErrors: number;
}

const timeoutMs = 2_000;
const greetingBytes = 1024;
const defaultOutputBytes = 16_384;

/** One question at a time. */
export class TelemetryClient implements Disposable {
  readonly greeting: TelemetryGreeting;
  readonly #socket: UnixSocket;
  readonly #buffer: Uint8Array;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(socket: UnixSocket, greeting: TelemetryGreeting) {
    this.#socket = socket;
    this.greeting = greeting;
    // Answers may be some bytes longer than the limit of their content.
    this.#buffer = new Uint8Array(greeting.maxOutputBytes + 1024);
  }

  /**
   * `path`: `<runtime folder>/dpdk/<file prefix>/dpdk_telemetry.v2`.
   * @throws PktgenError (3): no program listens; (4): no greeting in time.
   */
  static async connect(path: string): Promise<TelemetryClient> {
    const socket = connectUnix(path, "seqpacket");
    try {
      const hello = parseObject(await packet(socket, new Uint8Array(greetingBytes), "the greeting"));
      return new TelemetryClient(socket, {
        version: typeof hello["version"] === "string" ? parseDpdkVersion(`${hello["version"]} `) : null,
        pid: number(hello["pid"]),
        maxOutputBytes: number(hello["max_output_len"]) || defaultOutputBytes,
      });
    } catch (error) {
      socket[Symbol.dispose]();
      throw error;
    }
  }

  /** The answer's value: what stands behind the command's name; null where the program has none. */
  query(command: string): Promise<unknown> {
    const answer = this.#turn.then(async () => {
      if (this.#socket.send(new TextEncoder().encode(command)) < 0) {
        throw invalidError("the telemetry socket was closed by the program", { where: command });
      }
      const reply = parseObject(await packet(this.#socket, this.#buffer, command));
      return reply[command.split(",")[0]!] ?? null;
    });
    this.#turn = answer.catch(() => {});
    return answer;
  }

  async ports(): Promise<number[]> {
    const ports = await this.query("/ethdev/list");
    return Array.isArray(ports) ? ports.map(Number) : [];
  }

  /** null: no such port, or a DPDK before 20.11. */
  async stats(port: number): Promise<TelemetryStats | null> {
    const value = await this.query(`/ethdev/stats,${port}`);
    if (typeof value !== "object" || value === null) return null;
    const stats = value as Record<string, unknown>;
    return {
      rxPackets: number(stats["ipackets"]),
      txPackets: number(stats["opackets"]),
      rxMissed: number(stats["imissed"]),
      txErrors: number(stats["oerrors"]),
    };
  }

  /** Per queue, as `show port xstats` has it; empty while a net_vhost port has no peer. */
  async xstats(port: number): Promise<ReturnType<typeof queueXstats>> {
    const value = await this.query(`/ethdev/xstats,${port}`);
    if (typeof value !== "object" || value === null) return [];
    return queueXstats(new Map(Object.entries(value).map(([name, count]) => [name, number(count)])));
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }
}

const number = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);

async function packet(socket: UnixSocket, buffer: Uint8Array, what: string): Promise<string> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const received = socket.receive(buffer);
    if (received.status === "data") return new TextDecoder().decode(buffer.subarray(0, received.bytes));
    if (received.status === "closed") throw invalidError("the telemetry socket was closed", { where: what });
    const left = end - performance.now();
    if (left <= 0 || !(await waitReadable(socket.fd, left))) {
      throw invalidError("the telemetry socket did not answer in time", { where: what });
    }
  }
}

/** Answers are one JSON object each. */
function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text.replace(/\0+$/, ""));
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // As below.
  }
  throw invalidError("the telemetry socket answered with something that is no JSON object", {
    where: text.slice(0, 40),
  });
}
