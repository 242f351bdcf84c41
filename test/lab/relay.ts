/** Runs relay.py between two veth pairs of a test's own: generator's ga and gb, the relay's da and db. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InterfaceStatistics } from "../../src/sys/net/netdev.js";
import { readInterface } from "../../src/sys/net/netdev.js";
import { inNetns } from "../../src/sys/net/netns.js";
import { makeNetns, makeVeth } from "../support/netns.js";
import type { RelayLog, RelayPlan } from "../support/relay-plan.js";

const program = join(import.meta.dirname, "relay.py");

export interface RelayLogFile extends RelayLog {
  /** Frames that the relay itself was too slow for: its log says nothing then. */
  readonly kernelDrops: number;
}

/** Namespaces, wires and a folder, for several relays one after the other. */
export class RelayHouse implements Disposable {
  readonly #gen = makeNetns();
  readonly #relay = makeNetns();
  readonly #folder = mkdtempSync(join(tmpdir(), "pktgen-ts-relay-"));

  constructor() {
    for (const side of ["a", "b"]) {
      makeVeth({ netns: this.#gen.name, name: `g${side}` }, { netns: this.#relay.name, name: `d${side}` });
    }
  }

  /** What the generator is told of its ports. */
  get ports(): readonly string[] {
    return ["--dut", "external", "--tx", this.port("ga"), "--rx", this.port("gb")];
  }

  port(name: "ga" | "gb"): string {
    return `packet:${name},netns=${this.#gen.name}`;
  }

  file(name: string): string {
    return join(this.#folder, name);
  }

  /** The kernel's count of what came in at the relay's door. */
  arrived(): InterfaceStatistics {
    return inNetns(this.#relay.name, "test", () => readInterface("da")!.statistics);
  }

  /** `keep`: a file for all frames that come in; `kept`: such a file, of an earlier relay. */
  async start(plan: RelayPlan, files: { readonly keep?: string; readonly kept?: string } = {}): Promise<Relay> {
    const [planFile, logFile] = [this.file("plan.json"), this.file("log.json")];
    const named = {
      ...(files.keep === undefined ? {} : { keepFile: this.file(files.keep) }),
      ...(files.kept === undefined ? {} : { keptFile: this.file(files.kept) }),
    };
    writeFileSync(planFile, JSON.stringify({ ...plan, ...named }));
    const child = spawn("ip", ["netns", "exec", this.#relay.name, "python3", program, "da", "db", planFile, logFile], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await new Promise<void>((resolve, reject) => {
      child.stdout!.once("data", () => resolve());
      child.once("exit", (code) => reject(new Error(`the relay ended with exit code ${code}`)));
    });
    return new Relay(child, logFile);
  }

  [Symbol.dispose](): void {
    this.#gen[Symbol.dispose]();
    this.#relay[Symbol.dispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export class Relay implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #logFile: string;
  readonly #ended: Promise<unknown>;

  constructor(child: ChildProcess, logFile: string) {
    this.#child = child;
    this.#logFile = logFile;
    this.#ended = new Promise((resolve) => child.once("exit", resolve));
  }

  /** Ends it; what it did. */
  async log(): Promise<RelayLogFile> {
    await this[Symbol.asyncDispose]();
    return JSON.parse(readFileSync(this.#logFile, "utf8")) as RelayLogFile;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin!.end();
    await this.#ended;
  }
}
