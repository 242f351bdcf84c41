/** The captures of a session: each has an id of its own, and a port has one at a time. */
import type { CapturedFile, Session } from "../../session/index.js";
import type { CaptureBody, CaptureFacts } from "../contract.js";
import { RequestRefusal } from "../refusal.js";

export class ServedCaptures {
  /** null: the session has ended, and its captures with it. */
  #session: Session | null;
  /** Id → port. */
  readonly #ports = new Map<string, string>();
  /** Ports whose capture an exchange has. */
  readonly #lent = new Set<string>();
  #number = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  close(): void {
    this.#session = null;
    this.#ports.clear();
  }

  list(): CaptureFacts[] {
    return [...this.#ports].map(([id, port]) => ({ id, port, running: this.#runs(port) }));
  }

  /** The port's capture is the caller's until the answer is called. @throws RequestRefusal (409): there is one. */
  lend(port: string): () => void {
    this.#refuseLent(port);
    const other = this.list().find((capture) => capture.port === port);
    if (other !== undefined) {
      throw new RequestRefusal("wrong-state", `capture ${other.id} is on ${port}`, {
        where: "rx",
        accepted: "a port without a capture",
        hint: `fetch it, then remove it: DELETE captures/${other.id}`,
      });
    }
    this.#lent.add(port);
    return () => this.#lent.delete(port);
  }

  /** @throws RequestRefusal (409): another one runs there. One that was stopped goes. */
  async start({ port, filter, direction, mostFrames, snapBytes, overwrite }: CaptureBody): Promise<CaptureFacts> {
    this.#refuseLent(port);
    const other = this.list().find((capture) => capture.port === port);
    if (other?.running === true) {
      throw new RequestRefusal("wrong-state", `capture ${other.id} runs on ${port}`, {
        where: "port",
        accepted: "a port without a running capture",
        hint: `stop it: POST captures/${other.id}/stop`,
      });
    }
    await this.#open.startCapture({
      port,
      ...(filter === undefined ? {} : { filter }),
      ...(direction === undefined ? {} : { direction }),
      ...(mostFrames === undefined ? {} : { frames: mostFrames }),
      ...(snapBytes === undefined ? {} : { snapBytes }),
      ...(overwrite === undefined ? {} : { overwrite }),
    });
    if (other !== undefined) this.#ports.delete(other.id);
    const id = `c${++this.#number}`;
    this.#ports.set(id, port);
    return this.info(id);
  }

  info(id: string): CaptureFacts {
    const port = this.#portOf(id);
    return { id, port, running: this.#runs(port) };
  }

  async stop(id: string): Promise<CaptureFacts> {
    const port = this.#portOf(id);
    if (this.#runs(port)) await this.#open.stopCapture(port);
    return { id, port, running: false };
  }

  async remove(id: string): Promise<void> {
    await this.#open.removeCapture(this.#portOf(id));
    this.#ports.delete(id);
  }

  /** While it runs, too. */
  fetch(id: string, format: CapturedFile["format"]): Promise<CapturedFile> {
    return this.#open.fetchCapture(this.#portOf(id), format);
  }

  /** @throws RequestRefusal (409) */
  get #open(): Session {
    if (this.#session !== null) return this.#session;
    throw new RequestRefusal("wrong-state", "the session has ended", { accepted: "a session that is open" });
  }

  #refuseLent(port: string): void {
    if (!this.#lent.has(port)) return;
    throw new RequestRefusal("wrong-state", `an exchange has the capture of ${port}`, {
      where: "port",
      accepted: "a port without a running capture",
      hint: "ask again in a moment",
    });
  }

  #runs(port: string): boolean {
    return this.#open.sample().ports.find(({ name }) => name === port)?.capture === "running";
  }

  /** @throws RequestRefusal (404) */
  #portOf(id: string): string {
    const port = this.#ports.get(id);
    if (port !== undefined) return port;
    throw new RequestRefusal("not-found", `there is no capture "${id}"`, {
      where: "capture",
      accepted: [...this.#ports.keys()].join(", ") || "POST captures begins one",
    });
  }
}
