/** A configuration at work: its session, its flows, devices and captures. */
import type { FlowCounters, FlowRate, TestSession } from "../../session/index.js";
import { maxFrameBytes } from "../../units.js";
import type { OtgCapture } from "../model.js";
import { invalid } from "../refusal.js";
import type { PlannedConfig } from "../translate/config.js";
import type { PlannedFlow } from "../translate/flows.js";
import { otgCaptureFile, type Slice } from "./capture-file.js";
import { FlowSet } from "./flow-set.js";
import { baselineOf, flowRow, type PortBaseline, portRow, type Row } from "./metrics.js";
import { Neighbours } from "./neighbours.js";
import { type TaggedAsked, taggedRows } from "./tagged-rows.js";

/** A capture's memory: whole frames. */
const captureBytes = 192 << 20;
const mostCaptureFrames = 1_000_000;
const slotBytes = 64;
const ethernetBytes = 14;

/** What an agent that is gone had of a flow is as it was last known: what was lost since, nobody knows. */
const isKnown = ({ from, to }: PlannedFlow, lost: ReadonlySet<string>): boolean =>
  lost.size === 0 || !(lost.has(from) || to.some((port) => lost.has(port)));

export class LiveConfig {
  readonly session: TestSession;
  readonly plan: PlannedConfig;
  readonly neighbours: Neighbours;
  readonly #flows: FlowSet;
  #baseline: PortBaseline = new Map();
  readonly #setDown = new Set<string>();

  constructor(session: TestSession, plan: PlannedConfig) {
    this.session = session;
    this.plan = plan;
    this.neighbours = new Neighbours(session, plan.hosts, plan.endpoints);
    this.#flows = new FlowSet(session, this.neighbours);
  }

  get flows(): readonly PlannedFlow[] {
    return this.#flows.plans;
  }

  /** Nothing of an earlier configuration is left in the session. @throws OtgRefusal */
  async begin(): Promise<readonly string[]> {
    await this.session.removeFlows("all");
    for (const port of (await this.session.look(true)).ports) {
      if (port.capture !== null) await this.session.removeCapture(port.name);
    }
    if (this.plan.startsDevices && this.plan.hosts.length > 0) await this.neighbours.start();
    else await this.session.setHosts([]);
    await this.#flows.add(this.plan.flows);
    this.#baseline = baselineOf(await this.session.look(true));
    return [...this.#warningsOfPorts(), ...(await this.warningsOf(this.plan.flows))];
  }

  /** The plans of these names, or all; both ways. @throws OtgRefusal: `path` names a flow that is not there. */
  named(names: readonly string[], path: string): readonly PlannedFlow[] {
    if (names.length === 0) return this.flows;
    const asked = new Set(names);
    const found = this.flows.filter(({ name }) => asked.has(name));
    const known = new Set(found.map(({ name }) => name));
    const faults = names.flatMap((name, k) => (known.has(name) ? [] : [`${path}[${k}]: there is no flow "${name}"`]));
    if (faults.length > 0) throw invalid(...faults.slice(0, 50));
    return found;
  }

  async start(plans: readonly PlannedFlow[]): Promise<void> {
    await this.#flows.complete(plans);
    await this.session.start(this.#flows.namesOf(plans));
  }

  async resume(plans: readonly PlannedFlow[]): Promise<void> {
    await this.#flows.complete(plans);
    await this.session.resume(this.#flows.namesOf(plans));
  }

  /** What was never started is stopped already. */
  async halt(plans: readonly PlannedFlow[], how: "stop" | "pause"): Promise<void> {
    await this.session[how](this.#flows.addedOf(plans));
  }

  changeRate(plan: PlannedFlow, rate: FlowRate): Promise<void> {
    return this.#flows.setRate(plan, rate);
  }

  /** Returns warnings. A link that cannot be set is one: the models say so of virtual ports. */
  async setLinks(names: readonly string[], state: "up" | "down"): Promise<readonly string[]> {
    const warnings: string[] = [];
    for (const name of names) {
      try {
        await this.session.setLink(name, state);
        if (state === "down") this.#setDown.add(name);
        else this.#setDown.delete(name);
      } catch (error) {
        warnings.push(`port.link: port "${name}" was not set ${state}: ${(error as Error).message}`);
      }
    }
    return warnings;
  }

  /** Links that it set down are up again. */
  async end(): Promise<void> {
    await this.setLinks([...this.#setDown], "up");
  }

  isIdle({ key }: PlannedFlow): boolean {
    const flow = this.session.flows().find(({ spec }) => spec.name === key);
    return flow === undefined || flow.state === "stopped";
  }

  add(plans: readonly PlannedFlow[]): Promise<void> {
    return this.#flows.add(plans);
  }

  remove(plans: readonly PlannedFlow[]): Promise<void> {
    return this.#flows.remove(plans);
  }

  /** In the place of those of the same names. */
  replace(old: readonly PlannedFlow[], plans: readonly PlannedFlow[]): Promise<void> {
    return this.#flows.replace(old, plans);
  }

  /** What is told of flows that is less than was asked. */
  async warningsOf(plans: readonly PlannedFlow[]): Promise<readonly string[]> {
    const { flows } = await this.session.look(true);
    const counters = new Map(flows.map((flow) => [flow.name, flow]));
    return plans.flatMap(({ key, path, metrics, from, to }) => {
      if (!metrics.enable) return [];
      const isUnsigned = counters.get(key)?.signed === false;
      const what = "the frames have no room for a signature: they are counted by their headers, without latency";
      const agents = new Set([from, ...to].map((port) => this.session.agentOf(port)));
      const isTwoClocks = metrics.latency && agents.size > 1;
      const clocks = `latency is not told between agents, as their clocks are not one: ${[...agents].join(", ")}`;
      const hidden = this.#copiesHideLoss(metrics, to);
      return [
        ...(isUnsigned ? [`${path}.size: ${what}`] : []),
        ...(isTwoClocks ? [`${path}.metrics.latency: ${clocks}`] : []),
        ...(hidden === null ? [] : [`${path}.tx_rx: ${hidden}`]),
      ];
    });
  }

  /** Agents know no numbers that came to another one: what is not to be copied may be. null: it hides nothing. */
  #copiesHideLoss({ ratio }: PlannedFlow["metrics"], to: readonly string[]): string | null {
    const agents = new Set(to.map((port) => this.session.agentOf(port)));
    if (ratio !== 1 || agents.size <= 1) return null;
    const where = `each frame may come at any of ${[...agents].join(", ")}`;
    return `${where}; one that comes at two of them hides a lost one: loss is that much or more`;
  }

  flowRows(plans: readonly PlannedFlow[]): readonly Row[] {
    const { flows } = this.session.snapshot();
    const lost = this.#lostPorts();
    let byKey: ReadonlyMap<string, FlowCounters> | null = null;
    const rows: Row[] = [];
    for (const [place, plan] of plans.entries()) {
      if (!plan.metrics.enable) continue;
      const there = flows[place];
      // Plans and flows mostly have the same order: then no index of all names has to be made.
      if (there?.name === plan.key) {
        rows.push(flowRow(plan, there, isKnown(plan, lost)));
        continue;
      }
      byKey ??= new Map(flows.map((flow) => [flow.name, flow]));
      rows.push(flowRow(plan, byKey.get(plan.key), isKnown(plan, lost)));
    }
    return rows;
  }

  /** Of agents that are gone. */
  #lostPorts(): ReadonlySet<string> {
    return new Set(this.plan.ports.map(({ name }) => name).filter((name) => this.session.lostPort(name) !== null));
  }

  /** With rows of tags, where there are some. They are read last: of a flow that is complete, they are complete. */
  taggedFlowRows(plans: readonly PlannedFlow[], asked: TaggedAsked): readonly Row[] {
    const rows = this.flowRows(plans);
    const tagged = this.#flows.taggedOf(plans);
    if (tagged.length === 0) return rows;
    const counters = new Map(this.session.snapshot().flows.map((flow) => [flow.name, flow]));
    const splits = new Map(tagged.map(({ key }) => [key, this.session.splitOf(key)]));
    return plans
      .filter(({ metrics }) => metrics.enable)
      .map((plan, place) => {
        const split = splits.get(plan.key);
        if (split === undefined) return rows[place]!;
        return { ...rows[place], tagged_metrics: taggedRows(split, plan, counters.get(plan.key), asked) };
      });
  }

  portRows(names: readonly string[]): readonly Row[] {
    const counters = new Map(this.session.snapshot().ports.map((port) => [port.name, port]));
    const links = new Map(this.session.linkStates().map((link) => [link.port, link]));
    return this.plan.ports
      .filter(({ name }) => names.length === 0 || names.includes(name))
      .map((port) => {
        const changedNs = this.session.epochUnixNs + (links.get(port.name)?.sinceNs ?? 0);
        return portRow(port, counters.get(port.name)!, this.#baseline.get(port.name), changedNs);
      });
  }

  async startCapture(port: string, { overwrite }: OtgCapture): Promise<void> {
    const facts = this.session.ports.find(({ name }) => name === port)?.facts;
    const longest = facts?.maxFrameBytes ?? maxFrameBytes;
    const frames = Math.min(mostCaptureFrames, Math.floor(captureBytes / (longest + slotBytes)));
    await this.session.startCapture({ port, direction: "rx", frames, overwrite });
  }

  hasCapture(port: string): boolean {
    return this.session.snapshot().ports.find(({ name }) => name === port)?.capture != null;
  }

  stopCapture(port: string): Promise<void> {
    return this.session.stopCapture(port);
  }

  /** It is stopped with that. */
  async fetchCapture(port: string, capture: OtgCapture, slice: Slice | null): Promise<Uint8Array> {
    await this.session.stopCapture(port);
    const { file } = await this.session.fetchCapture(port, "pcapng");
    return otgCaptureFile(file, capture, slice);
  }

  #warningsOfPorts(): readonly string[] {
    return this.plan.ports.flatMap(({ name, mtu }, k) => {
      const most = this.session.ports.find((port) => port.name === name)?.facts?.maxFrameBytes;
      if (mtu === null || most === undefined || mtu + ethernetBytes <= most) return [];
      return [`layer1: port "${name}" (ports[${k}]) takes packets up to ${most - ethernetBytes} bytes, not ${mtu}`];
    });
  }
}
