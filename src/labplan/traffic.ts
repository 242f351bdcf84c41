/** The generator of a plan's run: its port, its thread, and one trial at a time through a case's devices. */
import type { DeviceHopCounters } from "../dut/dut.js";
import type { TrialReport, TrialSpec } from "../engine/loop/index.js";
import type { RecordingSetup } from "../engine/pipe/index.js";
import { type Generator, startGenerator } from "../engine/trial/index.js";
import { hopDifferences } from "../measure/hops.js";
import type { MeasureRequest } from "../measure/measurer.js";
import { openReady } from "../measure/open-ports.js";
import { endedBy, type Recorder } from "../measure/recorder.js";
import { sentFrames } from "../measure/sent-frames.js";
import type { TrialNumbers } from "../measure/trial-numbers.js";
import { requestedOf, trialResult } from "../measure/trial-result.js";
import { trialSpec } from "../measure/trial-spec.js";
import { untilReady } from "../measure/until-ready.js";
import { warmUp } from "../measure/warm-up.js";
import { parsePortSpec } from "../port/index.js";
import type { Port, PortFacts } from "../port/port.js";
import type { Trial } from "../result/run-result.js";
import { faultReason, type Reason } from "../stats/cause.js";
import { frameSizesOf, isSigned } from "../stream/spec.js";
import { watchDisturbance } from "../sys/host.js";
import { type FrameSize, formatRate, meanFrameBytes, ratePps } from "../units.js";
import type { RunningDevice } from "./device.js";
import { planSettleNs } from "./order.js";
import { compareRates } from "./own-rate.js";
import { type PathPort, portsOnPath } from "./path.js";
import type { PlannedTraffic } from "./planned.js";

const connectTimeoutMs = 15_000;

export interface TrafficSetup {
  readonly maxFrameBytes: number;
  readonly lineRateBps: number | null;
  readonly yesThisInterface: boolean;
  /** There are more pollers than CPUs. */
  readonly cooperative: boolean;
  readonly warmUpNs: number;
  readonly devices: () => readonly RunningDevice[];
  /** null: nothing is recorded. */
  readonly recording: PlanRecording | null;
  readonly numbers: TrialNumbers;
  readonly signal: AbortSignal;
}

/** The recorder of the whole run, and the port specs that it knows, in its order. */
export interface PlanRecording {
  readonly recorder: Recorder;
  readonly ports: readonly string[];
}

/** One trial, and what the ports on its path counted in it. */
export interface TrafficResult {
  readonly trial: Trial;
  readonly counted: readonly { readonly at: PathPort; readonly rx: number; readonly tx: number }[];
}

interface Reading {
  readonly hops: DeviceHopCounters[] | null;
  readonly ports: ReadonlyMap<string, { readonly rx: number; readonly tx: number }>;
}

/** A trial that goes on until it is stopped. */
export interface OpenTrial {
  readonly traffic: PlannedTraffic;
  finish(): Promise<TrafficResult>;
}

const portKey = ({ device, port }: PathPort): string => `${device} ${port}`;

export class PlanGenerator implements AsyncDisposable {
  readonly #setup: TrafficSetup;
  #open: { readonly spec: string; readonly port: Port; readonly generator: Generator } | null = null;

  constructor(setup: TrafficSetup) {
    this.#setup = setup;
  }

  portFacts(): PortFacts | null {
    return this.#open?.port.facts() ?? null;
  }

  /** Frames that have come back, now. */
  received(): number {
    return this.#open?.generator.progress()?.received ?? 0;
  }

  /** One size, from its first frame until nothing comes any more. */
  async send(traffic: PlannedTraffic, size: FrameSize): Promise<TrafficResult> {
    const open = await this.#start(traffic, size, this.#setup.signal);
    return open.finish();
  }

  /** Frames from now on, until `stop`. */
  async begin(traffic: PlannedTraffic): Promise<OpenTrial> {
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, this.#setup.signal]);
    const open = await this.#start(traffic, traffic.sizes[0], signal);
    return {
      traffic,
      finish: () => {
        stop.abort();
        return open.finish();
      },
    };
  }

  /** The device at the other end is gone, or will be: its socket must be opened again. */
  async close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    await open?.generator[Symbol.asyncDispose]();
    await open?.port[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #opened(traffic: PlannedTraffic): Promise<Generator> {
    if (this.#open?.spec === traffic.port) {
      await this.#untilReady(this.#open.port);
      return this.#open.generator;
    }
    await this.close();
    const { maxFrameBytes, yesThisInterface } = this.#setup;
    const sendFrameBytes = Math.max(...traffic.sizes.flatMap(frameSizesOf));
    const options = { maxFrameBytes, sendFrameBytes, yesThisInterface };
    const wanted = { spec: parsePortSpec(traffic.port), options };
    const ports = await openReady([wanted], ([opened]) => this.#untilReady(opened!));
    const port = ports[0]!;
    try {
      const recording = this.#recordingOf(traffic.port);
      const generator = await startGenerator({ tx: port, rx: null, recording, cpu: null, busy: false });
      this.#open = { spec: traffic.port, port, generator };
    } catch (error) {
      await port[Symbol.asyncDispose]();
      throw error;
    }
    // Pollers that have just begun are spread over the CPUs meanwhile.
    await this.#warmUp(traffic, this.#open.generator);
    return this.#open.generator;
  }

  async #warmUp(traffic: PlannedTraffic, generator: Generator): Promise<void> {
    const first = this.#requestOf(traffic, traffic.sizes[0]);
    const number = this.#setup.numbers.next();
    const specs = (pps: number | null, durationNs: number): TrialSpec[] => {
      const most = pps === null ? null : Math.min(pps, first.pps ?? pps);
      return [this.#specOf(traffic, { ...first, pps: most, count: null, durationNs }, number)];
    };
    const { warmUpNs: durationNs, signal } = this.#setup;
    await warmUp({ generator, durationNs, signal, throughDevice: false, specs });
  }

  #recordingOf(port: string): RecordingSetup | null {
    const { recording } = this.#setup;
    return recording === null ? null : { ...recording.recorder.setup, firstPort: recording.ports.indexOf(port) };
  }

  #untilReady(port: Port): Promise<void> {
    const { signal } = this.#setup;
    return untilReady(
      port,
      connectTimeoutMs,
      signal,
      () => `${endedBy(signal).text} while the generator was connecting`,
    );
  }

  #requestOf({ rate, count, durationNs }: PlannedTraffic, size: FrameSize): MeasureRequest {
    const asked = ratePps(rate, meanFrameBytes(size), this.#setup.lineRateBps);
    const pps = Number.isFinite(asked) ? asked : null;
    return {
      size,
      // An exact count at a pace must all come back; anything else shows a rate.
      phase: count !== null && pps !== null ? "forwarding" : "rate",
      rateText: formatRate(rate),
      pps,
      durationNs: durationNs ?? Number.POSITIVE_INFINITY,
      count,
    };
  }

  #specOf({ stream, queues }: PlannedTraffic, request: MeasureRequest, number = this.#setup.numbers.next()): TrialSpec {
    const { cooperative } = this.#setup;
    return trialSpec(number, stream, request, {
      ...{ queues, cooperative },
      startSequence: 0,
      settleNs: planSettleNs,
      integrity: false,
    });
  }

  async #start(
    traffic: PlannedTraffic,
    size: FrameSize,
    signal: AbortSignal,
  ): Promise<{ finish(): Promise<TrafficResult> }> {
    const generator = await this.#opened(traffic);
    const request = this.#requestOf(traffic, size);
    const spec = this.#specOf(traffic, request);
    const before = await this.#read(traffic);
    const dropsBefore = this.#receiveDrops();
    const disturbance = watchDisturbance(generator.workers.map(({ threadId }) => threadId));
    const recorder = this.#setup.recording?.recorder;
    recorder?.keep(true);
    const generation = this.#open?.port.rings()?.generation ?? 0;
    const running = generator.runTrial(spec, signal);
    running.catch(() => {});
    const ownRate = this.#ownRate(traffic, spec, generator);
    const finish = async (): Promise<TrafficResult> => {
      const report = await running.finally(() => recorder?.keep(false));
      const rates = await ownRate;
      const disturbed = disturbance();
      this.#expect(traffic, report);
      const after = await this.#read(traffic);
      const trial = trialResult({
        phase: request.phase,
        requested: requestedOf(request),
        spec,
        report,
        signed: isSigned(traffic.stream, size),
        hops: before.hops === null || after.hops === null ? [] : hopDifferences(before.hops, after.hops),
        disturbance: disturbed,
        drops: { received: this.#receiveDrops() - dropsBefore, sent: 0 },
        faults: this.#faults(report.transmit.cutShort, generation),
        notes: rates === null ? [] : [rates],
      });
      return { trial, counted: countedBetween(traffic, before, after) };
    };
    return { finish };
  }

  /** Never spoils the trial: what cannot be compared is not said. */
  #ownRate(traffic: PlannedTraffic, { load, count }: TrialSpec, generator: Generator): Promise<string | null> {
    if (load.kind !== "max" || count !== null) return Promise.resolve(null);
    const device = this.#setup.devices().find(({ name }) => name === traffic.device);
    return compareRates(traffic, device, () => generator.progress()).catch(() => null);
  }

  #faults(cutShort: string | null, generation: number): Reason[] {
    if (this.#setup.signal.aborted) return [endedBy(this.#setup.signal)];
    const died = this.#setup
      .devices()
      .find(({ process, endedOnPurpose }) => !endedOnPurpose && process.ended() !== null);
    if (died !== undefined) {
      return [faultReason(`${died.name} went away in the trial: ${died.process.ended()!.sentence}`)];
    }
    if (cutShort !== "peer gone") return [];
    const lost = this.#open?.port.whyLost(generation) ?? null;
    return [faultReason(`the peer of the generator went away in the trial${lost === null ? "" : `: ${lost}`}`)];
  }

  #receiveDrops(): number {
    return this.#open?.port.receiveDrops?.() ?? 0;
  }

  /** What the devices on the path must have counted since their launch. */
  #expect(traffic: PlannedTraffic, report: TrialReport): void {
    const names = new Set(traffic.path.map(({ device }) => device));
    const sent = sentFrames([report]);
    const received = report.receive.queues.reduce((sum, { packets }) => sum + packets, 0);
    for (const { name, expected } of this.#setup.devices()) {
      if (!names.has(name)) continue;
      expected.sent += sent;
      expected.received += received;
      if (traffic.rate.kind === "max") expected.exact = false;
    }
  }

  /** All counters on the path. Empty where a device on it is gone. */
  async #read({ path }: PlannedTraffic): Promise<Reading> {
    const devices = new Map(this.#setup.devices().map((device) => [device.name, device]));
    const names = [...new Set(path.map(({ device }) => device))];
    const ports = new Map<string, { rx: number; tx: number }>();
    const readings = new Map<string, Awaited<ReturnType<RunningDevice["read"]>>>();
    for (const name of names) {
      const device = devices.get(name);
      if (device === undefined || device.process.ended() !== null) return { hops: null, ports };
      for (const { port, rxPackets, txPackets } of await device.portStats()) {
        ports.set(`${name} ${port}`, { rx: rxPackets, tx: txPackets });
      }
      readings.set(name, await device.read());
    }
    const hops = path.map(({ name, device, rxPort, txPort }) => {
      const queues = devices.get(device)!.hopQueues(readings.get(device)!, rxPort, txPort);
      return queues === null ? null : { name, rxPort, txPort, queues };
    });
    return {
      hops: hops.some((hop) => hop === null) || hops.length === 0 ? null : (hops as DeviceHopCounters[]),
      ports,
    };
  }
}

function countedBetween({ path }: PlannedTraffic, before: Reading, after: Reading): TrafficResult["counted"] {
  return portsOnPath(path).flatMap((at) => {
    const [from, to] = [before.ports.get(portKey(at)), after.ports.get(portKey(at))];
    return from === undefined || to === undefined ? [] : [{ at, rx: to.rx - from.rx, tx: to.tx - from.tx }];
  });
}
