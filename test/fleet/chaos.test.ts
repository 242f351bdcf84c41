/**
 * Each state of a trial, and what goes away in it: agent, server or the run's own way, for a moment or for good. Agents
 * have simulated generators; the server is a real one, and ways to it are proxies that swallow what is said.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Bus, BusMessage } from "../../src/fleet/bus.js";
import { openFleetBench } from "../../src/fleet/fleet-bench.js";
import { connectNats } from "../../src/fleet/nats/nats-bus.js";
import { parseNatsAddress } from "../../src/options/fleet-address.js";
import type { Trial } from "../../src/result/run-result.js";
import { type FleetRig, fleetPlan, fleetRequest as request } from "../support/fleet-rig.js";
import { natsPrograms, type RunningNats, startNats } from "../support/nats.js";
import { shortTimes, simulatedAgent, simulatedSettings } from "../support/simulated-agents.js";
import { type TcpProxy, tcpProxy } from "../support/tcp-proxy.js";

const program = natsPrograms.find(({ missing }) => missing === null) ?? natsPrograms[0]!;
const times = { ...shortTimes, prepareNs: 2e9, collectNs: 3e9, reconnectNs: 5e9 } as const;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The states of a trial, each by the message after which a fleet is in it. */
const states = {
  prepare: "agent.a1.prepare",
  countdown: "run.*.go",
  running: "running",
  collect: "run.*.event.a1",
} as const;
type State = keyof typeof states;

interface Scene {
  readonly nats: RunningNats;
  readonly proxies: Readonly<Record<"a1" | "a2" | "run", TcpProxy>>;
  kill(agent: "a2"): Promise<void>;
}

/** What happens to a fleet; it is called once, in the state in question. */
type Deed = (scene: Scene) => Promise<void> | void;

const cutAndMend =
  (who: "a2" | "run", ms: number): Deed =>
  async ({ proxies }) => {
    proxies[who].cut();
    await pause(ms);
    proxies[who].mend();
  };
const kill: Deed = ({ kill }) => kill("a2");
const restart: Deed = ({ nats }) => nats.restart();

interface Outcome {
  /** The trial's verdict; else the sentence with which the run ended. */
  readonly said: string;
  readonly trial: Trial | null;
}

let nats: RunningNats;
let fleets = 0;

async function play(state: State, deed: Deed): Promise<Outcome> {
  const opened: AsyncDisposable[] = [];
  const keep = <T extends AsyncDisposable>(one: T): T => {
    opened.push(one);
    return one;
  };
  try {
    return await playOn(keep, state, deed);
  } finally {
    for (const one of opened.reverse()) await one[Symbol.asyncDispose]();
  }
}

/** A fleet of two, in which that happens in that state. */
async function playOn(keep: FleetRig["keep"], state: State, deed: Deed): Promise<Outcome> {
  const fleet = `f${++fleets}`;
  const proxyOf = async (): Promise<TcpProxy> => keep(await tcpProxy(nats.port));
  const proxies = { a1: await proxyOf(), a2: await proxyOf(), run: await proxyOf() };
  const connect = async (name: string, port: number): Promise<Bus> =>
    keep(await connectNats({ address: parseNatsAddress(`nats://127.0.0.1:${port}/${fleet}`, "test"), name }));
  const buses = { a1: await connect("a1", proxies.a1.port), a2: await connect("a2", proxies.a2.port) };
  const kill = async (agent: "a2"): Promise<void> => buses[agent][Symbol.asyncDispose]();
  let done: Promise<void> | null = null;
  const happen = (): void => {
    done ??= Promise.resolve(deed({ nats, proxies, kill }));
  };
  const holds = async (): Promise<void> => {
    await pause(times.leadNs / 1e6 + 200);
    if (state === "running") happen();
    await done;
    await pause(200);
  };
  const watcher = await connect("watcher", nats.port);
  if (state !== "running") await watcher.subscribe(states[state], (_: BusMessage) => happen());
  for (const name of ["a1", "a2"] as const) keep(await simulatedAgent(buses[name], name, { holds }));
  const bus = await connect("run", proxies.run.port);
  const all = { ...simulatedSettings, times, names: ["a1", "a2"], startWithinNs: 10e9 };
  try {
    const bench = keep(await openFleetBench(bus, all)(fleetPlan, { signal: new AbortController().signal }, 1));
    const [trial] = await bench.trial(request, 0);
    return { said: trial!.verdict, trial: trial! };
  } catch (error) {
    return { said: (error as Error).message, trial: null };
  } finally {
    await done;
  }
}

const whole = { sent: 1_000, accepted: 1_000, lost: 0, fleet: { lost: [], left: [] } };

/** What is to come of it: the whole trial, an invalid one without that agent, or a sentence. */
const rows: readonly [state: State, what: string, deed: Deed, outcome: "whole" | "lost" | RegExp][] = [
  ["prepare", "the agent is killed", kill, /^the trial could not begin: a2: /],
  ["countdown", "the agent is killed", kill, /^the trial could not begin: a2: |^invalid$/],
  ["running", "the agent is killed", kill, "lost"],
  ["prepare", "the agent's way is cut and mended", cutAndMend("a2", 1_000), "whole"],
  ["countdown", "the agent's way is cut and mended", cutAndMend("a2", 1_000), "whole"],
  ["running", "the agent's way is cut and mended", cutAndMend("a2", 1_000), "whole"],
  ["running", "the agent's way is cut for good", ({ proxies }) => proxies.a2.cut(), "lost"],
  ["collect", "the agent's way is cut and mended", cutAndMend("a2", 1_000), "whole"],
  ["prepare", "the run's way is cut and mended", cutAndMend("run", 1_000), "whole"],
  ["countdown", "the run's way is cut and mended", cutAndMend("run", 1_000), "whole"],
  ["running", "the run's way is cut and mended", cutAndMend("run", 1_000), "whole"],
  ["collect", "the run's way is cut and mended", cutAndMend("run", 1_000), "whole"],
  ["prepare", "the server is killed and started again", restart, "whole"],
  ["countdown", "the server is killed and started again", restart, "whole"],
  ["running", "the server is killed and started again", restart, "whole"],
  ["collect", "the server is killed and started again", restart, "whole"],
];

describe.skipIf(program.missing !== null)(
  `what goes away in a trial, ${program.name} (${program.missing ?? ""})`,
  () => {
    beforeAll(async () => {
      nats = await startNats(program);
    });
    afterAll(() => nats?.stop());

    // They share the server, and a restart is for all of them.
    describe.concurrent("with the server there", () => {
      for (const row of rows) if (row[2] !== restart) it(`${row[0]}: ${row[1]}`, () => check(row));
    });
    for (const row of rows) if (row[2] === restart) it(`${row[0]}: ${row[1]}`, () => check(row));
  },
);

async function check([state, , deed, outcome]: (typeof rows)[number]): Promise<void> {
  const { said, trial } = await play(state, deed);
  if (outcome instanceof RegExp) {
    expect(said).toMatch(outcome);
  } else if (outcome === "whole") {
    expect(trial ?? said).toMatchObject({ verdict: "pass", ...whole });
  } else {
    expect(trial).toMatchObject({ verdict: "invalid", fleet: { lost: [{ agent: "a2" }], agents: [{ name: "a1" }] } });
    expect(trial!.fleet!.agents[0]!.sent).toBe(500);
    expect(trial!.reasons.join()).toContain("a2 was lost");
  }
}
