/**
 * A fleet of two simulated agents over a real server, each party with a way of its own to it, and something that happens
 * to one of them in one state of a run. States are known by the message that is on the way, so that nothing depends on
 * how fast the machine is.
 */
import type { Bus } from "../../src/fleet/bus.js";
import { collectRun } from "../../src/fleet/collect.js";
import { findAgents } from "../../src/fleet/coordinator.js";
import { openFleetBench } from "../../src/fleet/fleet-bench.js";
import { connectNats } from "../../src/fleet/nats/nats-bus.js";
import type { Bench } from "../../src/measure/bench.js";
import { parseNatsAddress } from "../../src/options/fleet-address.js";
import type { RunResult, Trial } from "../../src/result/run-result.js";
import { fleetPlan, fleetRequest } from "./fleet-rig.js";
import type { RunningNats } from "./nats.js";
import { shortTimes, simulatedAgent, simulatedSettings } from "./simulated-agents.js";
import { type Heading, type TcpProxy, tcpProxy } from "./tcp-proxy.js";

/** What is on the way to or from agent a2 when a run is in that state; `in`: to the agent. */
const messagesOf = {
  claim: ["in", /agent\.a2\.claim /],
  claimed: ["out", /"kind":"granted"/],
  opening: ["in", /agent\.a2\.open /],
  opened: ["out", /"kind":"opened"/],
  clocks: ["in", /agent\.a2\.clock /],
  preparing: ["in", /agent\.a2\.prepare /],
  armed: ["out", /"kind":"armed"/],
  appointed: ["in", /run\.[\w-]+\.go /],
  going: ["out", /"kind":"going"/],
  confirmed: ["in", /run\.[\w-]+\.confirm /],
  reporting: ["in", /agent\.a2\.report /],
  /** Its report goes to the journal. */
  keeping: ["out", /keep\.\S+\.trial\.0\.a2 /],
  reported: ["out", /(PUB|MSG) _INBOX[^\r\n]*\r\n\{[^\r\n]*"from":"a2"[^\r\n]*"kind":"report"/],
  releasing: ["in", /agent\.a2\.release /],
} as const satisfies Readonly<Record<string, readonly [Heading, RegExp]>>;

/** `sending`: both agents are in their trial; `settling`: one has ended it; `between`: two trials. */
export type RunState = keyof typeof messagesOf | "sending" | "settling" | "between";

export type Party = "agent" | "server" | "run";

export type Happening =
  | "killed"
  | "killed and started again"
  | "held for a second"
  | "cut for a second"
  | "cut for 12 s"
  | "cut for good"
  | "gone until the trial is over"
  | "taken by another run"
  | "asked for by another run";

export interface Scene {
  readonly party: Party;
  readonly event: Happening;
  readonly state: RunState;
  /** A trial of a search. */
  readonly searches?: boolean;
}

/** What came of it. */
export interface Played {
  /** What the run's trials came to, in their order. */
  readonly trials: readonly Trial[];
  /** The sentence and the exit code with which the run ended early. */
  readonly error: { readonly message: string; readonly exitCode: number } | null;
  /** Of the second run, where there was one. */
  readonly other: Trial | string | null;
  /** Ports that were opened and not closed, when all was over. */
  readonly leftOpen: number;
  /** States of the agents that are there, when all was over. */
  readonly states: readonly string[];
  /** What `fleet collect` makes of the run; else why it cannot. */
  readonly collected: RunResult | string;
}

const names = ["a1", "a2"] as const;
type Name = (typeof names)[number];

const sceneTimes = {
  ...shortTimes,
  prepareNs: 8e9,
  overtimeNs: 1e9,
  collectNs: 8e9,
  reconnectNs: 25e9,
  leadNs: 800e6,
  askAgainNs: 1e9,
} as const;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks again until it is so. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await pause(50);
}

/** What never comes about is said, and the other rows have their turn. */
const patienceMs = 90_000;

async function within<T>(work: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it does not come about: ${what}`)), patienceMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function gate() {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

let fleets = 0;

export class FleetScene implements AsyncDisposable {
  readonly #nats: RunningNats;
  readonly #scene: Scene;
  readonly #fleet = `s${process.pid}-${++fleets}`;
  readonly #opened: AsyncDisposable[] = [];
  readonly #proxies = new Map<string, TcpProxy>();
  readonly #buses = new Map<string, Bus>();
  readonly #happened = gate();
  readonly #over = gate();
  /** Who is in its trial, and who may end it. */
  readonly #inTrial = new Set<Name>();
  /** By agent's process: ports that are open. */
  readonly #open = new Map<string, number>();
  #isOver = false;
  #happening: Promise<void> | null = null;
  #other: Promise<Trial | string> | null = null;

  /** The server is the scene's own where something happens to it. */
  constructor(nats: RunningNats, scene: Scene) {
    this.#nats = nats;
    this.#scene = scene;
  }

  async play(): Promise<Played> {
    const watcher = await this.#connect("watcher", this.#nats.port);
    for (const name of names) await this.#agent(name, name);
    const bus = await this.#way("run");
    this.#await();
    const trials: Trial[] = [];
    const running = this.#run(bus, trials);
    const isKilled = this.#scene.party === "run" && this.#scene.event === "killed";
    // Nobody waits for a run that is dead.
    if (isKilled) await within(Promise.race([running, this.#happened.opened]), "the run");
    const error = isKilled ? null : await within(running, "the end of the run");
    // A release may have been what it waited for.
    await within(this.#happened.opened, `the state, after ${error?.message ?? "a whole run"}`);
    await within(this.#over.opened, "the end of the trial");
    const run = await this.#runName(watcher);
    const states = async (): Promise<string[]> => (await findAgents(watcher, null, 500)).map(({ state }) => state);
    const alive = this.#scene.party === "agent" && this.#scene.event === "killed" ? 1 : names.length;
    const isCut = this.#scene.event === "cut for good" && this.#scene.party === "agent" ? 1 : 0;
    let seen: readonly string[] = [];
    const isFree = async (): Promise<boolean> => {
      const all = await states();
      seen = all;
      return all.length === alive - isCut && all.every((state) => state === "idle");
    };
    await within(until(isFree), "that agents are free");
    const collected = run === null ? "there was no run" : await collectRun(watcher, run).catch((e: Error) => e.message);
    const other = (await this.#other) ?? null;
    return { trials, error, other, leftOpen: this.#leftOpen, states: seen, collected };
  }

  /** Why it ended early; null: it did not. */
  async #run(bus: Bus, trials: Trial[]): Promise<Played["error"]> {
    const settings = { ...simulatedSettings, times: sceneTimes, names, startWithinNs: 100e9 };
    try {
      await using bench = await openFleetBench(bus, settings)(fleetPlan, { signal: new AbortController().signal }, 2);
      await this.#trials(bench, trials);
      return null;
    } catch (error) {
      return error as PlayedError;
    }
  }

  async #trials(bench: Bench, trials: Trial[]): Promise<void> {
    const request = this.#scene.searches === true ? { ...fleetRequest, lossGoals: [0] } : fleetRequest;
    const count = this.#scene.state === "between" ? 2 : 1;
    for (let index = 0; index < count; index++) {
      if (index === 1) await this.#happen();
      trials.push(...(await bench.trial(request, index)));
    }
  }

  async #runName(watcher: Bus): Promise<string | null> {
    const kept = (await watcher.journal?.read("keep.*.plan").catch(() => [])) ?? [];
    const runs = kept.map(({ subject }) => subject.split(".")[1]!);
    return runs[0] ?? null;
  }

  /** The state in question is the next one that it is in. */
  #await(): void {
    const { party, state } = this.#scene;
    if (state === "between" || state === "sending") return;
    const happen = (): void => void this.#happen();
    if (state === "settling") {
      this.#proxies.get("a1")!.when("out", /"kind":"done"/, happen);
      return;
    }
    const [heading, fits] = messagesOf[state];
    const there: Heading = heading === "in" ? "out" : "in";
    if (party === "run") this.#proxies.get("run")!.when(there, ofAgent(fits), happen);
    else this.#proxies.get("a2")!.when(heading, fits, happen);
  }

  /** Once, however often the state comes again. */
  #happen(): Promise<void> {
    this.#happening ??= this.#does().finally(() => this.#happened.open());
    return this.#happening;
  }

  async #does(): Promise<void> {
    const { party, event } = this.#scene;
    const who = party === "run" ? "run" : "a2";
    const way = this.#proxies.get(who)!;
    switch (event) {
      case "killed":
        return party === "server" ? this.#nats.restart() : this.#kill(who);
      case "killed and started again":
        await this.#kill("a2");
        this.#proxies.delete("a2");
        await this.#agent("a2", "a2 again");
        return;
      case "held for a second":
        if (party === "server") return this.#stopServer(1_000);
        way.hold();
        await pause(1_000);
        return way.resume();
      case "cut for a second":
      case "cut for 12 s":
        if (party === "server") return this.#stopServer(12_000);
        if (event === "cut for 12 s") this.#end();
        way.cut();
        await pause(event === "cut for 12 s" ? 12_000 : 1_000);
        return way.mend();
      case "cut for good":
        return way.cut();
      case "gone until the trial is over":
        await this.#nats.kill();
        this.#end();
        await pause(2_000);
        return this.#nats.restart();
      case "taken by another run":
      case "asked for by another run":
        way.hold();
        this.#other = this.#secondRun(event === "taken by another run");
        await this.#other;
        way.resume();
    }
  }

  async #stopServer(ms: number): Promise<void> {
    this.#nats.process.kill("SIGSTOP");
    await pause(ms);
    this.#nats.process.kill("SIGCONT");
  }

  async #secondRun(force: boolean): Promise<Trial | string> {
    const bus = await this.#connect("other", this.#nats.port);
    const settings = { ...simulatedSettings, times: sceneTimes, names, startWithinNs: 100e9, force };
    try {
      await using bench = await openFleetBench(bus, settings)(fleetPlan, { signal: new AbortController().signal }, 1);
      this.#end();
      return (await bench.trial(fleetRequest, 0))[0]!;
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** As a process that is killed: what it was about to say is not said, and the server sees that it is gone. */
  async #kill(who: string): Promise<void> {
    const proxy = this.#proxies.get(who)!;
    proxy.cut();
    const closed = this.#buses.get(who)![Symbol.asyncDispose]();
    proxy.mend();
    await closed;
  }

  /** Ports of a process that was killed are closed with it. */
  get #leftOpen(): number {
    const isDead = this.#scene.party === "agent" && this.#scene.event.startsWith("killed");
    return [...this.#open].reduce((sum, [way, open]) => sum + (isDead && way === "a2" ? 0 : open), 0);
  }

  /** Trials may end. */
  #end(): void {
    this.#isOver = true;
    this.#over.open();
  }

  async #agent(name: Name, way: string): Promise<void> {
    const bus = await this.#way(way);
    const holds = async (): Promise<void> => {
      this.#inTrial.add(name);
      const { state } = this.#scene;
      if (state === "sending" && this.#inTrial.size === names.length) {
        void this.#happen().finally(() => this.#end());
      }
      if (state === "settling" && name === "a2") void this.#happened.opened.then(() => this.#end());
      if (state === "sending" || (state === "settling" && name === "a2")) await until(() => this.#isOver);
    };
    const behaviour = {
      holds,
      onOpen: () => void this.#open.set(way, (this.#open.get(way) ?? 0) + 1),
      onClose: () => void this.#open.set(way, this.#open.get(way)! - 1),
    };
    // The second agent is as on another host: its clock is compared.
    const ahead = 7e12;
    const clock = { id: "another host", nowNs: () => Number(process.hrtime.bigint()) + ahead };
    this.#opened.push(await simulatedAgent(bus, name, behaviour, name === "a2" ? { clock } : {}));
    if (this.#scene.state !== "sending" && this.#scene.state !== "settling") this.#end();
  }

  /** A way of its own to the server. */
  async #way(name: string): Promise<Bus> {
    const proxy = await tcpProxy(this.#nats.port);
    this.#proxies.set(name.split(" ")[0]!, proxy);
    this.#opened.push(proxy);
    const bus = await this.#connect(name.replace(" ", "-"), proxy.port);
    this.#buses.set(name.split(" ")[0]!, bus);
    return bus;
  }

  async #connect(name: string, port: number): Promise<Bus> {
    const address = parseNatsAddress(`nats://127.0.0.1:${port}/${this.#fleet}`, "test");
    const bus = await connectNats({ address, name });
    this.#opened.push(bus);
    return bus;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
    for (const one of this.#opened.reverse()) await one[Symbol.asyncDispose]();
  }
}

type PlayedError = { readonly message: string; readonly exitCode: number };

/** At the run's own way, the answers of both agents pass. */
const ofAgent = (fits: RegExp): RegExp =>
  fits.source.startsWith('"kind"') ? new RegExp(`"from":"a2"[^\\r\\n]*${fits.source}`) : fits;
