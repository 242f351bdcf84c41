/** What a run works with: the DUT, the generator's ports, the generator. Opened together, closed together. */
import { type Dut, startDut } from "../dut/index.js";
import type { TrialSpec } from "../engine/loop/index.js";
import type { ResponderSetup } from "../engine/neighbour/index.js";
import { type Generator, startGenerator } from "../engine/trial/index.js";
import { environmentError } from "../errors.js";
import { parsePortSpec } from "../port/index.js";
import type { PortSpec } from "../port/kinds.js";
import type { Port, PortFacts } from "../port/port.js";
import { programUrls } from "../program/load-program.js";
import { sharingWords } from "../stats/words.js";
import { reverseStream } from "../stream/reverse.js";
import type { TrafficSpec } from "../stream/spec/traffic.js";
import { frameSizesOf, isSigned } from "../stream/spec.js";
import { watchDisturbance } from "../sys/host.js";
import { allowedCpus } from "../sys/thread.js";
import type { FrameSize } from "../units.js";
import { externalOf, externalPorts, neighbourStreams, respondersOf } from "./external.js";
import { ExternalCounters, readSentByPort } from "./external-counters.js";
import { closeAll, openReady, type WantedPort } from "./open-ports.js";
import type { RunPlan } from "./plan.js";
import { type PortDrops, readPortDrops } from "./port-drops.js";
import { type Recorder, startRecorder } from "./recorder.js";
import { TrialNumbers } from "./trial-numbers.js";
import { peerPatience, untilReady, waitForPeers } from "./until-ready.js";

/** RFC 2544 §23: wait two seconds for residual frames. */
const settleNsUnknownDut = 2e9;
/** Buffers hold at least this many bytes: a device may send its own frames. */
const usualFrameBytes = 1518;

/** Frames that were sent outside of the trials in the result. */
export interface BesideTrialsTally {
  /** Through the built-in device. */
  warmUp: number;
  /** Learning frames, from which devices learn where to send to (RFC 2544 §23). */
  learning: number;
  /** In a search's trials at the greatest load, which are not part of its result. */
  probes: number;
}

export interface Lab extends AsyncDisposable {
  readonly beside: BesideTrialsTally;
  /** null: nothing is recorded. */
  readonly recorder: Recorder | null;
  /** null: the device is external, and its counters are elsewhere. */
  readonly dut: Dut | null;
  readonly generator: Generator;
  /** What each direction sends, with its addresses. The forward direction is first. */
  readonly streams: readonly [TrafficSpec, TrafficSpec];
  /** Counters of a device that this program did not start. null: there are none to read. */
  readonly external: ExternalCounters | null;
  readonly settleNs: number;
  /** Gives out the ids of trials, of warm-ups and of learning frames. */
  readonly numbers: TrialNumbers;
  /** The generator may have to share its CPU with another polling thread. */
  readonly cooperative: boolean;
  readonly sharing: Sharing | null;
  /** What a reader of the figures should know. */
  readonly notes: readonly string[];
  /** Measures the generator's own share of latencies, once. `floorNs` returns it afterwards. */
  measureFloor(spec: TrialSpec): Promise<void>;
  floorNs(): number | null;
  isSigned(size: FrameSize): boolean;
  portFacts(): readonly PortFacts[];
  /** What our own ports lost since they were opened. */
  portDrops(): PortDrops;
  /** Resolves when all ports have peers. A peer may have to come back first. Rejects with a PktgenError. */
  ready(): Promise<void>;
  /**
   * null: the device and all peers are there. Else what is missing, and how that was noticed, since the last `ready`.
   */
  lost(): string | null;
  comesBack(): Promise<boolean>;
  /** Starts counting what disturbs; `disturbance` gives it. */
  watchDisturbance(): void;
  disturbance(): { readonly stealMs: number; readonly switches: number };
}

/** The longest frame of the run, without FCS: what buffers must hold. */
const longestFrameBytes = (plan: RunPlan): number => Math.max(usualFrameBytes, ...plan.sizes.flatMap(frameSizesOf));

/** null: the device is external. */
async function startPlannedDut(plan: RunPlan, maxFrameBytes: number, signal: AbortSignal): Promise<Dut | null> {
  if (plan.dut.kind === "external") return null;
  const [host, container = host] = plan.cores?.slice(plan.workers ?? 1) ?? [];
  const { yesThisInterface } = plan;
  const cores = host === undefined || container === undefined ? undefined : { host, container };
  return startDut(plan.dut, { queues: plan.queues, maxFrameBytes, busy: plan.busy, cores, signal, yesThisInterface });
}

function portSpecs({ dut }: RunPlan, started: Dut | null): PortSpec[] {
  const ports = dut.kind === "external" ? dut : dut.kind === "testpmd" ? dut.ports : null;
  if (ports === null) return (started?.generatorPorts ?? []).map((text) => parsePortSpec(text));
  return ports.rx === null ? [ports.tx] : [ports.tx, ports.rx];
}

async function streamsOf(
  plan: RunPlan,
  responders: readonly (ResponderSetup | null)[],
  generator: Generator,
): Promise<Lab["streams"]> {
  const choice = externalOf(plan);
  if (choice === null) return [plan.stream, plan.bidirectional ? reverseStream(plan.stream) : plan.stream];
  return neighbourStreams(choice, plan.stream, responders, generator, plan.bidirectional);
}

function externalCounters(plan: RunPlan, generator: Generator): ExternalCounters | null {
  const choice = externalOf(plan);
  if (choice === null) return null;
  const counters = new ExternalCounters(choice, plan.bidirectional ? 2 : 1, {
    drain: () => generator.drain(),
    sent: async () => [readSentByPort(externalPorts(choice))],
  });
  return counters.any ? counters : null;
}

/** Our ports, opened and with their peers, in the order of the plan's specs. */
function openLabPorts(plan: RunPlan, dut: Dut | null, maxFrameBytes: number, signal: AbortSignal) {
  const specs = portSpecs(plan, dut);
  const neighbours = plan.dut.kind === "external" && plan.dut.sides !== null;
  const both = specs.length === 1 || plan.bidirectional || neighbours;
  const frames = {
    maxFrameBytes: maxFrameBytes + (dut?.growthBytes ?? 0),
    sendFrameBytes: Math.max(...plan.sizes.flatMap(frameSizesOf)),
  };
  const { yesThisInterface } = plan;
  const wanted = specs.map((spec, index): WantedPort => {
    const use = { sends: both || index === 0 || plan.learns === true, receives: both || index === 1 };
    return { spec, options: { ...frames, ...use, yesThisInterface } };
  });
  return openReady(wanted, (ports) => waitForPeers(ports, plan.waitPeerNs, signal));
}

/** Opens everything; what was opened is closed again where a later part fails. */
export async function openLab(plan: RunPlan, signal: AbortSignal): Promise<Lab> {
  const maxFrameBytes = longestFrameBytes(plan);
  const opened: AsyncDisposable[] = [];
  const keep = <T extends AsyncDisposable | null>(part: T): T => {
    if (part !== null) opened.push(part);
    return part;
  };
  try {
    const dut = keep(await startPlannedDut(plan, maxFrameBytes, signal));
    const ports = (await openLabPorts(plan, dut, maxFrameBytes, signal)).map(keep);
    const choice = externalOf(plan);
    const responders = choice === null ? [] : respondersOf(choice, plan.stream);
    const { record, busy } = plan;
    const names = ports.map(({ spec }) => spec.text);
    const recorder = keep(record === undefined ? null : startRecorder(record, names));
    const setup = {
      tx: ports[0]!,
      rx: ports[1] ?? null,
      responders,
      recording: recorder?.setup ?? null,
      programs: programUrls(plan.stream),
      workers: plan.workers ?? 1,
      cpu: plan.cores?.[0] ?? null,
      furtherCpus: plan.cores?.slice(1, plan.workers) ?? [],
      busy,
    };
    const generator = keep(await startGenerator(setup));
    const streams = await streamsOf(plan, responders, generator);
    const external = keep(externalCounters(plan, generator));
    await external?.begin();
    return assemble({ recorder, plan, dut, ports, generator, streams, external, opened, signal });
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

/** Polling threads, where they are more than the CPUs that they may use; else null. */
export interface Sharing {
  readonly pollers: number;
  readonly cpus: number;
}

function sharingOf({ cores, workers = 1, labs = 1 }: RunPlan, dut: Dut | null): Sharing | null {
  // Behind external ports is at least one more.
  const pollers = labs * (workers + (dut?.pollers ?? 1));
  const cpus = cores?.length ?? allowedCpus().length;
  return pollers > cpus ? { pollers, cpus } : null;
}

interface Assembly extends Pick<Lab, "recorder" | "dut" | "generator" | "streams" | "external"> {
  readonly plan: RunPlan;
  readonly ports: readonly Port[];
  readonly opened: readonly AsyncDisposable[];
  readonly signal: AbortSignal;
}

/** Are the ports' peers there? Of the time since the last `ready`. */
function peersOf({ plan, dut, ports, signal }: Assembly): Pick<Lab, "ready" | "lost" | "comesBack"> {
  const generationsNow = (): number[] => ports.map((port) => port.rings()?.generation ?? 0);
  /** The rings as they were when all ports were last ready. */
  let generations = generationsNow();
  const { returnMs } = peerPatience(plan.waitPeerNs);
  const ready = async (): Promise<void> => {
    const died = dut?.alive() ?? null;
    if (died !== null) throw environmentError(died);
    for (const port of ports) await untilReady(port, returnMs, signal);
    generations = generationsNow();
  };
  return {
    ready,
    lost: () =>
      dut?.alive() ?? ports.map((port, i) => port.whyLost(generations[i]!)).find((why) => why !== null) ?? null,
    comesBack: () =>
      ready().then(
        () => true,
        () => false,
      ),
  };
}

function assemble(parts: Assembly): Lab {
  const { recorder, plan, dut, ports, generator, streams, external, opened } = parts;
  const sharing = sharingOf(plan, dut);
  const watch = () => watchDisturbance(generator.workers.map(({ threadId }) => threadId));
  let disturbance = watch();
  let floorNs: number | null = null;
  return {
    beside: { warmUp: 0, learning: 0, probes: 0 },
    ...{ recorder, dut, generator, streams, external, sharing },
    measureFloor: async (spec) => {
      const measured = await generator.floorNs(spec);
      floorNs = Number.isFinite(measured) ? measured : null;
    },
    floorNs: () => floorNs,
    settleNs: dut?.settleNs ?? settleNsUnknownDut,
    numbers: new TrialNumbers(plan.runId),
    cooperative: sharing !== null && !(plan.workers === undefined && (dut?.leavesGenerator ?? false)),
    notes: [
      ...(plan.notes ?? []),
      ...(sharing === null ? [] : [sharingWords(sharing)]),
      ...ports.flatMap((port) => port.facts().remark ?? []),
    ],
    isSigned: (size) => isSigned(plan.stream, size),
    portFacts: () => ports.map((port) => port.facts()),
    portDrops: () => readPortDrops(ports),
    ...peersOf(parts),
    watchDisturbance: () => {
      disturbance = watch();
    },
    disturbance: () => disturbance(),
    [Symbol.asyncDispose]: () => closeAll(opened),
  };
}
