/**
 * What those who look at a session of `pktgen-ts serve` cost its traffic: ten pages that follow its events with 100 scrapes
 * of /metrics a second, then 1,000 requests a second, beside the same session without anybody. The server is a process of
 * its own, with both ports on one vhost-user socket; whoever asks has the CPUs that it has, too.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { Agent, get, type IncomingMessage, request } from "node:http";
import { createInterface } from "node:readline";
import { alternate, pairedRatio, seriesOf } from "./harness.js";
import { type Outcome, seriesLine } from "./outcome.js";
import { openPlace, sleep } from "./place.js";

const flowCount = 100;
const allPps = 20_000;
const phaseMs = 3_000;
const pages = 10;
const scrapesPerSecond = 100;
const asksPerSecond = 1_000;
/** Requests of a flood that are open at once, at most: a server that cannot keep up is not buried. */
const mostOpen = 100;
/** It has a flow of its own, whose gaps are looked at. */
const probe = { name: "probe", tx: "east", rx: "west", rate: "1kpps", options: { sizes: "64" } };

interface Flow {
  readonly figures: { readonly sent: number; readonly late: number };
  readonly gaps: readonly (readonly [number, number])[];
}

class Asker {
  readonly #origin: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 20 });

  constructor(origin: string) {
    this.#origin = origin;
  }

  async ask<T>(method: string, path: string, body?: object): Promise<T> {
    const headers = { "Content-Type": "application/json" };
    const asking = request(this.#origin + path, { method, headers, agent: this.#agent });
    asking.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = (await once(asking, "response")) as [IncomingMessage];
    const text = (await response.toArray()).join("");
    if (response.statusCode! >= 300) throw new Error(`${method} ${path}: ${response.statusCode} ${text}`);
    return (path === "/metrics" ? text : JSON.parse(text)) as T;
  }

  /** Returns what ends it. */
  follow(path: string): () => void {
    const following = get(this.#origin + path, (response) => response.resume());
    following.on("error", () => {});
    return () => following.destroy();
  }

  end(): void {
    this.#agent.destroy();
  }
}

async function originOf(child: ChildProcess): Promise<string> {
  let origin = "";
  for await (const line of createInterface({ input: child.stdout! })) {
    origin ||= /http:\/\/[\d.]+:\d+/.exec(line)?.[0] ?? "";
    if (line.includes("ready")) return origin;
  }
  throw new Error("pktgen-ts serve did not begin");
}

/** What each thread but the main one had of a CPU, ms. */
function threadMs(pid: number): Map<string, number> {
  const threads = readdirSync(`/proc/${pid}/task`).filter((thread) => thread !== `${pid}`);
  return new Map(
    threads.map((thread) => {
      const [ns] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ");
      return [thread, Number(ns) / 1e6];
    }),
  );
}

/** `times` a second, until it is ended. Those that fail are thrown when it ends. */
function again(times: number, ask: () => Promise<unknown>): () => Promise<number> {
  let [open, done] = [0, 0];
  let failure: unknown = null;
  const startMs = performance.now();
  let due = 0;
  const timer = setInterval(() => {
    for (; due < ((performance.now() - startMs) * times) / 1000; due++) {
      if (open >= mostOpen) continue;
      open++;
      ask()
        .then(
          () => done++,
          (error: unknown) => {
            failure ??= error;
          },
        )
        .finally(() => open--);
    }
  }, 5);
  return async () => {
    clearInterval(timer);
    while (open > 0) await sleep(10);
    if (failure !== null) throw failure;
    return done;
  };
}

interface Phase {
  readonly latePercent: number;
  readonly gapP99Us: number;
  readonly loopPercent: number;
  /** Requests that were answered. */
  readonly asked: number;
}

function p99Us(gaps: Flow["gaps"]): number {
  const total = gaps.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [upToNs, count] of gaps) {
    seen += count;
    if (seen >= 0.99 * total) return upToNs / 1000;
  }
  return Number.NaN;
}

class Bench {
  readonly #asker: Asker;
  readonly #pid: number;
  readonly #session: string;

  constructor(asker: Asker, pid: number, session: string) {
    this.#asker = asker;
    this.#pid = pid;
    this.#session = session;
  }

  async #sums(): Promise<Flow["figures"]> {
    const { flows } = await this.#asker.ask<{ flows: readonly Flow[] }>("GET", `${this.#session}/flows`);
    const sum = (of: keyof Flow["figures"]): number => flows.reduce((all, { figures }) => all + figures[of], 0);
    return { sent: sum("sent"), late: sum("late") };
  }

  /** `beside` begins what goes on meanwhile, and returns what ends it, with the number of answers. */
  async phase(beside: () => () => Promise<number>): Promise<Phase> {
    await this.#asker.ask("POST", `${this.#session}/start`, { flows: [probe.name] });
    const end = beside();
    await sleep(500);
    const before = await this.#sums();
    const [fromMs, threads] = [performance.now(), threadMs(this.#pid)];
    await sleep(phaseMs);
    const busy = [...threadMs(this.#pid)].map(([thread, ms]) => ms - (threads.get(thread) ?? ms));
    const loopPercent = (Math.max(...busy) / (performance.now() - fromMs)) * 100;
    const after = await this.#sums();
    const { gaps } = await this.#asker.ask<Flow>("GET", `${this.#session}/flows/${probe.name}`);
    const asked = await end();
    const latePercent = ((after.late - before.late) / (after.sent - before.sent)) * 100;
    return { latePercent, gapP99Us: p99Us(gaps), loopPercent, asked };
  }

  readonly alone = (): (() => Promise<number>) => async () => 0;

  readonly readers = (): (() => Promise<number>) => {
    const follows = Array.from({ length: pages }, () => this.#asker.follow(`${this.#session}/events`));
    const end = again(scrapesPerSecond, () => this.#asker.ask("GET", "/metrics"));
    return () => {
      for (const leave of follows) leave();
      return end();
    };
  };

  readonly flood = (): (() => Promise<number>) => again(asksPerSecond, () => this.#asker.ask("GET", this.#session));
}

async function openSession(asker: Asker): Promise<string> {
  const rate = `${allPps / flowCount}pps`;
  const flows = Array.from({ length: flowCount }, (_, k) => ({ ...probe, name: `f${k}`, rate, start: true }));
  const { id } = await asker.ask<{ id: string }>("POST", "/sessions", {
    ports: ["east", "west"],
    flows: [...flows, probe],
  });
  return `/sessions/${id}`;
}

/** The order of the series of each figure. */
const besides = {
  alone: "nobody",
  readers: `${pages} pages, ${scrapesPerSecond} scrapes a second`,
  flood: `${asksPerSecond} requests a second`,
} as const;
type Beside = keyof typeof besides;

export async function serveBench(rounds: number): Promise<Outcome> {
  using place = openPlace();
  const path = place.path("s");
  const ports = ["--port", `east=vhost:${path},server=on`, "--port", `west=virtio-user:${path}`];
  const words = ["dist/cli/main.js", "serve", "--listen", "127.0.0.1:0", ...ports];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  const asker = new Asker(await originOf(child));
  try {
    const bench = new Bench(asker, child.pid!, await openSession(asker));
    await sleep(1_000);
    const found: Record<Beside, Phase[]> = { alone: [], readers: [], flood: [] };
    const contenders = (Object.keys(besides) as Beside[]).map((beside) => ({
      name: `frames late, ${besides[beside]}`,
      run: async () => {
        const phase = await bench.phase(bench[beside]);
        found[beside].push(phase);
        return phase.latePercent;
      },
    }));
    const late = await alternate(contenders, rounds, "%", "lower");
    const of = (figure: "gapP99Us" | "loopPercent", what: string, unit: string) =>
      (Object.keys(besides) as Beside[]).map((beside) =>
        seriesOf(
          `${what}, ${besides[beside]}`,
          unit,
          found[beside].map((phase) => phase[figure]),
          "lower",
        ),
      );
    const gaps = of("gapP99Us", "gap of a flow of 1 kpps, 99 %", "us");
    const loop = of("loopPercent", "CPU of the loop's thread", "%");
    const ratios = Object.fromEntries(
      [gaps, loop].flatMap(([alone, ...others]) =>
        others.map((other) => [`${other!.name} / ${alone!.name}`, pairedRatio(other!, alone!)]),
      ),
    );
    const asked = (["readers", "flood"] as const).map(
      (beside) => `${besides[beside]}: ${found[beside].map((phase) => phase.asked).join(", ")} answers`,
    );
    const series = [...late, ...gaps, ...loop];
    const ratioLines = Object.entries(ratios).map(([name, ratio]) => `  ratio ${ratio.toFixed(2)}   ${name}`);
    return { lines: [...series.map(seriesLine), ...ratioLines, ...asked], series, ratios };
  } finally {
    asker.end();
    child.kill("SIGTERM");
    await once(child, "exit");
  }
}
