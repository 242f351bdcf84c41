/**
 * A generator of several threads, with the face of one: each has some of the queues of both ports and a share of every
 * trial, and one report is made of theirs.
 */
import { usageError } from "../../errors.js";
import { mergeTrialReports } from "../../stats/merge/merge-trial.js";
import { interleavedParts } from "../../stats/merge/part.js";
import type { WorkerReport } from "../../stats/trial-report.js";
import type { TrialReport, TrialSpec } from "../loop/index.js";
import { strayMemory } from "../receive/index.js";
import { dealPort, startLoopWorker } from "../worker/index.js";
import type { BetweenOutcome, BetweenTask, FloorAnswer, SpeedAnswer } from "./commands.js";
import { generatorCounter as counter } from "./counters.js";
import { Crew, soon } from "./crew.js";
import type { Generator, GeneratorSetup } from "./generator.js";
import { type LiveMemory, liveMemory } from "./live-memory.js";
import { LiveThreads } from "./live-threads.js";
import { progressOf, sumOfProgress } from "./progress.js";
import { splitTrial } from "./split.js";
import type { TrialOptions } from "./trial-traffic.js";

/** Nobody aborts it. */
const never = new AbortController().signal;

/** @throws PktgenError (2): what several threads cannot do. */
function refuseWhatOneDoes({ programs = [] }: GeneratorSetup): void {
  if (programs.length === 0) return;
  throw usageError("traffic of a program needs a generator of one thread", { where: "--workers", accepted: "1" });
}

/** Starts all threads, each with its queues of the ports; what was started is closed again where a later one fails. */
async function startCrew(setup: GeneratorSetup, lives: readonly LiveMemory[]): Promise<Crew> {
  const workers = lives.length;
  const ports = setup.rx === null ? [setup.tx] : [setup.tx, setup.rx];
  const dealt = ports.map((port) => dealPort(port, workers));
  const crew = new Crew(workers);
  const memory = strayMemory(workers);
  const { responders = [], recording = null, busy } = setup;
  try {
    for (const [w, member] of crew.members.entries()) {
      const options: TrialOptions = {
        ports: ports.length === 1 ? 1 : 2,
        responders,
        strays: { worker: w, memory },
        live: lives[w]!,
      };
      member.worker = await startLoopWorker({
        name: `generator ${w + 1} of ${workers}`,
        job: "generator",
        options,
        ports: dealt.map((port) => port[w]!),
        counterSlots: counter.slots,
        cpu: (w === 0 ? setup.cpu : setup.furtherCpus?.[w - 1]) ?? null,
        busy,
        recording: recording === null ? null : { ...recording, shared: true },
        onEvent: member.tell,
        onFailure: member.fail,
      });
    }
    return crew;
  } catch (error) {
    await closeCrew(crew);
    throw error;
  }
}

/** First all stand: none may go on alone while another's thread ends. */
async function closeCrew({ members }: Crew): Promise<void> {
  for (const { worker } of members) await worker?.[Symbol.asyncDispose]();
}

export async function startGenerators(setup: GeneratorSetup, workers: number): Promise<Generator> {
  refuseWhatOneDoes(setup);
  const lives = Array.from({ length: workers }, liveMemory);
  const crew = await startCrew(setup, lives);
  const progress: Generator["progress"] = () => sumOfProgress(crew.workers.map(({ counters }) => progressOf(counters)));
  const threads = new LiveThreads(lives, progress);
  const runDirections: Generator["runDirections"] = async (specs, signal, last, appointed = soon) => {
    const shares = specs.map((spec) => splitTrial({ ...spec, forMerging: true }, workers));
    const order = (w: number) => ({ kind: "trial", specs: shares.map((each) => each[w]!) }) as const;
    await crew.run({ order, signal, appointed });
    await last?.();
    const reports = (await crew.ask(() => ({ kind: "report" }))) as TrialReport[][];
    return specs.map((spec, d) =>
      mergedReport(
        spec,
        reports.map((ofWorker) => ofWorker[d]!),
      ),
    );
  };
  let beside = 0;
  const run = async (task: (worker: number) => BetweenTask, signal = never, untilFirst = false) => {
    await crew.run({ order: (w) => ({ kind: "between", task: task(w) }), signal, appointed: null, untilFirst });
    const outcomes = (await crew.ask(() => ({ kind: "outcome" }))) as BetweenOutcome[];
    for (const outcome of outcomes) beside += outcome.beside;
    return outcomes;
  };
  return {
    workers: crew.workers,
    runDirections,
    runTrial: async (spec, signal) => (await runDirections([spec], signal))[0]!,
    drain: async () => (await run(() => ({ kind: "drain" }))).reduce((sum, { moved }) => sum + moved, 0),
    // One asks; the answer may come in at any.
    resolve: async (port, target, from) => {
      const asks = { kind: "resolve", port, target, from } as const;
      const task = (w: number): BetweenTask => (w === 0 ? asks : { ...asks, listens: true });
      return (await run(task, never, true)).find(({ mac }) => mac !== null)?.mac ?? null;
    },
    rehearse: async (specs, signal) => {
      const shares = specs.map((spec) => splitTrial(spec, workers));
      await run((w) => ({ kind: "rehearse", specs: shares.map((each) => each[w]!) }), signal);
    },
    // The plan has refused it: senders and receivers of different hosts have one thread each.
    tellFlow: async () => {},
    besideTrials: () => beside,
    floorNs: async (spec) => (await crew.members[0]!.say({ kind: "floor", spec })) as FloorAnswer,
    speedPps: async (spec) => {
      const shares = splitTrial(spec, workers);
      const speeds = (await crew.ask((w) => ({ kind: "speed", spec: shares[w]! }))) as SpeedAnswer[];
      return speeds.reduce((sum, pps) => sum + pps, 0);
    },
    change: (turns) => threads.change(turns),
    latency: () => threads.latency(),
    progress,
    [Symbol.asyncDispose]: () => closeCrew(crew),
  };
}

/** One direction's report, as one generator with all queues would have made it. */
function mergedReport(spec: TrialSpec, reports: readonly TrialReport[]): TrialReport {
  const { queues, startSequence, stream } = spec;
  const plan = { queues, startSequence, streams: stream.streams.length };
  const { report, inexact } = mergeTrialReports(plan, interleavedParts(plan, reports));
  return { ...report, inexact, workers: reports.map(workerReport) };
}

/** What is told of each worker. */
const workerReport = ({ transmit, receive, slept, stoodStillNs, begunLateNs = 0 }: TrialReport): WorkerReport => ({
  intended: transmit.intended,
  sent: transmit.queues.reduce((sum, { published, outstanding }) => sum + published - outstanding, 0),
  late: transmit.late,
  missed: transmit.missed,
  blockedOwn: transmit.blockedOwn,
  strayed: receive.strayed?.frames ?? 0,
  unordered: receive.unordered ?? 0,
  windowNs: transmit.windowNs,
  begunLateNs,
  slept,
  ...(stoodStillNs === undefined ? {} : { stoodStillNs }),
});
