/** The owner's side of the generator: starts its thread on a port or two, and runs one trial at a time in it. */
import type { TrialReport } from "../loop/index.js";
import { RunToDone, startLoopWorker } from "../worker/index.js";
import type {
  BetweenOutcome,
  BetweenTask,
  FloorAnswer,
  GeneratorCommand,
  GeneratorEvent,
  SpeedAnswer,
} from "./commands.js";
import { generatorCounter as counter } from "./counters.js";
import type { Generator, GeneratorSetup } from "./generator.js";
import { liveMemory } from "./live-memory.js";
import { LiveThreads } from "./live-threads.js";
import { progressOf } from "./progress.js";
import { startGenerators } from "./start-generators.js";
import type { TrialOptions } from "./trial-traffic.js";

/** Nobody aborts it. */
const never = new AbortController().signal;

/** Starts the generator's threads. */
export const startGenerator = (setup: GeneratorSetup): Promise<Generator> => {
  const { workers = 1 } = setup;
  return workers === 1 ? startOne(setup) : startGenerators(setup, workers);
};

async function startOne(setup: GeneratorSetup): Promise<Generator> {
  const runs = new RunToDone();
  const ports = setup.rx === null ? [setup.tx] : [setup.tx, setup.rx];
  const { responders = [], programs = [] } = setup;
  const live = liveMemory();
  const options: TrialOptions = { ports: ports.length === 1 ? 1 : 2, responders, programs, live };
  const worker = await startLoopWorker({
    name: "generator",
    job: "generator",
    options,
    ports,
    counterSlots: counter.slots,
    cpu: setup.cpu,
    busy: setup.busy,
    recording: setup.recording ?? null,
    onEvent: (event) => {
      if ((event as GeneratorEvent).kind === "done") runs.done();
    },
    onFailure: (error) => runs.fail(error),
  });
  const say = (command: GeneratorCommand): Promise<unknown> => worker.command(command);
  const runUntilDone = (begin: () => Promise<unknown>, signal: AbortSignal): Promise<void> =>
    runs.run(worker, { begin, stop: () => say({ kind: "stop" }), signal });
  const runDirections: Generator["runDirections"] = async (specs, signal, last, appointed) => {
    const begin = async (): Promise<void> => {
      await say({ kind: "trial", specs });
      if (appointed !== undefined) await say({ kind: "appoint", startAtNs: await appointed() });
    };
    await runUntilDone(begin, signal);
    await last?.();
    return (await say({ kind: "report" })) as TrialReport[];
  };
  const progress: Generator["progress"] = () => progressOf(worker.counters);
  const threads = new LiveThreads([live], progress);
  let beside = 0;
  const run = async (task: BetweenTask, signal: AbortSignal = never): Promise<BetweenOutcome> => {
    await runUntilDone(() => say({ kind: "between", task }), signal);
    const outcome = (await say({ kind: "outcome" })) as BetweenOutcome;
    beside += outcome.beside;
    return outcome;
  };
  return {
    workers: [worker],
    runDirections,
    drain: async () => (await run({ kind: "drain" })).moved,
    resolve: async (port, target, from) => (await run({ kind: "resolve", port, target, from })).mac,
    rehearse: async (specs, signal) => void (await run({ kind: "rehearse", specs }, signal)),
    tellFlow: async (command) => void (await say(command)),
    besideTrials: () => beside,
    runTrial: async (spec, signal) => (await runDirections([spec], signal))[0]!,
    floorNs: async (spec) => (await say({ kind: "floor", spec })) as FloorAnswer,
    speedPps: async (spec) => (await say({ kind: "speed", spec })) as SpeedAnswer,
    change: (turns) => threads.change(turns),
    latency: () => threads.latency(),
    progress,
    [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose](),
  };
}
