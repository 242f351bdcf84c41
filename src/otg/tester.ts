/**
 * What the models' calls do, without a wire: plain messages in, plain messages out, refusals thrown. Calls that change
 * something go one after the other, whoever sends them.
 */
import type { Session } from "../session/index.js";
import { filterFaults } from "./live/capture-file.js";
import { LiveConfig } from "./live/live-config.js";
import { askedColumns, portColumns } from "./live/metrics.js";
import { type OwnPort, type OwnPorts, openPortsOf, portsKey } from "./live/open-ports.js";
import { type PingAction, ping } from "./live/pings.js";
import type { Config, OtgCapture, OtgFlow } from "./model.js";
import { invalid, OtgRefusal } from "./refusal.js";
import { type PlannedConfig, planConfig, planFlows, surroundingsOf } from "./translate/config.js";
import { flowRate } from "./translate/timing.js";
import { type OtgFindings, readOtg, type Value, withDefaults } from "./wire/read-value.js";

interface Current {
  /** As it was sent, in normal form. */
  readonly given: Value;
  readonly live: LiveConfig | null;
}

const nothing: Current = { given: {}, live: null };
const mostWarnings = 200;

function warningOf(warnings: readonly string[]): Value {
  if (warnings.length <= mostWarnings) return { warnings };
  const more = `${warnings.length - mostWarnings} more of these`;
  return { warnings: [...warnings.slice(0, mostWarnings), more] };
}

/** Reads a request. @throws OtgRefusal */
function readRequest(name: string, value: unknown): { readonly given: Value; readonly warnings: readonly string[] } {
  const found: OtgFindings = { errors: [], warnings: [] };
  const given = readOtg(name, value, "", found);
  if (found.errors.length > 0) throw invalid(...found.errors);
  return { given, warnings: found.warnings };
}

/** Reads a request, with defaults. @throws OtgRefusal */
function request<T>(name: string, value: unknown): T {
  return withDefaults(name, readRequest(name, value).given) as T;
}

interface FlowTransmit {
  readonly flow_names: readonly string[];
  readonly state: "start" | "stop" | "pause" | "resume";
}

interface ControlState {
  readonly choice: "port" | "protocol" | "traffic";
  readonly traffic?: { readonly flow_transmit: FlowTransmit };
  readonly protocol?: { readonly all: { readonly state: "start" | "stop" } };
  readonly port?: {
    readonly choice: "link" | "capture";
    readonly link?: { readonly port_names: readonly string[]; readonly state: "up" | "down" };
    readonly capture?: { readonly port_names: readonly string[]; readonly state: "start" | "stop" };
  };
}

interface MetricsRequest {
  readonly choice: "port" | "flow";
  readonly port?: { readonly port_names: readonly string[]; readonly column_names: readonly string[] };
  readonly flow?: { readonly flow_names: readonly string[]; readonly metric_names: readonly string[] };
}

export class Tester {
  readonly #own: OwnPorts;
  readonly #open: typeof openPortsOf;
  #current: Current = nothing;
  #session: { readonly key: string; readonly session: Session } | null = null;
  /** Why the session of this configuration is gone. */
  #ended: string | null = null;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(own: OwnPorts, open = openPortsOf) {
    this.#own = own;
    this.#open = open;
  }

  setConfig(value: unknown): Promise<Value> {
    return this.#inTurn(() => this.#setConfig(value));
  }

  getConfig(): Value {
    return this.#current.given;
  }

  updateConfig(value: unknown): Promise<Value> {
    return this.#inTurn(() => this.#update(value));
  }

  appendConfig(value: unknown): Promise<Value> {
    return this.#inTurn(() => this.#append(value));
  }

  deleteConfig(value: unknown): Promise<Value> {
    return this.#inTurn(() => this.#delete(value));
  }

  setControlState(value: unknown): Promise<Value> {
    return this.#inTurn(async () => warningOf(await this.#control(value)));
  }

  setControlAction(value: unknown): Promise<Value> {
    return this.#inTurn(() => this.#act(value));
  }

  /** Rows of an empty configuration are none. @throws OtgRefusal */
  getMetrics(value: unknown): Value {
    const { choice, port, flow } = request<MetricsRequest>("MetricsRequest", value);
    this.#checkEnded();
    const { live } = this.#current;
    if (choice === "port") {
      const { port_names: names, column_names: columns } = port!;
      this.#knowPorts(names, "port.port_names");
      return { choice: "port_metrics", port_metrics: portColumns(live?.portRows(names) ?? [], columns) };
    }
    const { flow_names: names, metric_names: columns } = flow!;
    if (live === null && names.length > 0) throw invalid(`flow.flow_names[0]: there is no flow "${names[0]}"`);
    const rows = live === null ? [] : live.flowRows(live.named(names, "flow.flow_names"));
    const always = ["name", "port_tx", "port_rx", "loss", "timestamps", "latency"];
    return { choice: "flow_metrics", flow_metrics: rows.map((row) => askedColumns(row, columns, always)) };
  }

  /** @throws OtgRefusal */
  getStates(value: unknown): Value {
    type Asked = Readonly<Record<string, { readonly ethernet_names: readonly string[] }>> & { readonly choice: string };
    const asked = request<Asked>("StatesRequest", value);
    this.#checkEnded();
    const names = asked[asked.choice]!.ethernet_names;
    const neighbours = this.#current.live?.neighbours;
    const rows = neighbours?.states(asked.choice === "ipv4_neighbors" ? 4 : 6, names) ?? [];
    return { choice: asked.choice, [asked.choice]: rows };
  }

  getCapture(value: unknown): Promise<Uint8Array> {
    return this.#inTurn(() => this.#capture(value));
  }

  async close(): Promise<void> {
    await this.#inTurn(async () => {
      await this.#forget();
      await this.#release();
    });
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(act);
    this.#queue = result.catch(() => {});
    return result;
  }

  /** The configuration goes; its session may stay. */
  async #forget(): Promise<void> {
    const { live } = this.#current;
    this.#current = nothing;
    this.#ended = null;
    await live?.end();
  }

  async #openSession(plan: PlannedConfig): Promise<Session> {
    const session = await this.#open(plan, this.#own);
    session.onEvent((event) => {
      if (event.kind === "ended") this.#lose(session, event.message);
    });
    return session;
  }

  /** What is asked of this configuration from now on is answered with the reason; the next one opens its ports anew. */
  #lose(session: Session, message: string): void {
    const isOurs = (): boolean => this.#session?.session === session;
    if (!isOurs()) return;
    this.#ended = message;
    this.#inTurn(async () => (isOurs() ? this.#release() : undefined)).catch(() => {});
  }

  /** @throws OtgRefusal */
  #checkEnded(): void {
    if (this.#ended === null) return;
    const what = `ports: they were lost: ${this.#ended}; set the configuration again to open them anew`;
    throw new OtgRefusal("internal", [what]);
  }

  async #release(): Promise<void> {
    const held = this.#session;
    this.#session = null;
    await held?.session.close();
  }

  async #setConfig(value: unknown): Promise<Value> {
    const { given, warnings } = readRequest("Config", value);
    const config = withDefaults("Config", given) as unknown as Config;
    const plan = planConfig(config, placesOf(this.#own.ports));
    const faults = config.captures.flatMap((capture, k) => filterFaults(capture, `captures[${k}]`));
    if (faults.length > 0) throw invalid(...faults);
    const key = portsKey(plan);
    const isKept = this.#ended === null && this.#session?.key === key;
    await this.#forget();
    if (!isKept) await this.#release();
    if (plan.ports.length === 0) return warningOf([...warnings, ...plan.warnings]);
    this.#session ??= { key, session: await this.#openSession(plan) };
    const live = new LiveConfig(this.#session.session, plan);
    try {
      const more = await live.begin();
      this.#current = { given, live };
      return warningOf([...warnings, ...plan.warnings, ...more]);
    } catch (error) {
      await this.#release();
      throw error;
    }
  }

  /** @throws OtgRefusal */
  #live(): LiveConfig {
    this.#checkEnded();
    const { live } = this.#current;
    if (live === null) throw invalid("there is no configuration with ports yet; set one first");
    return live;
  }

  #knowPorts(names: readonly string[], path: string): void {
    const ports = this.#current.live?.plan.ports ?? [];
    const faults = names.flatMap((name, k) =>
      ports.some((port) => port.name === name) ? [] : [`${path}[${k}]: there is no port "${name}"`],
    );
    if (faults.length > 0) throw invalid(...faults);
  }

  async #control(value: unknown): Promise<readonly string[]> {
    const state = request<ControlState>("ControlState", value);
    if (state.choice === "traffic") return this.#transmit(state.traffic!.flow_transmit);
    if (state.choice === "protocol") return this.#protocols(state.protocol!.all.state);
    return state.port!.choice === "link" ? this.#link(state.port!.link!) : this.#captures(state.port!.capture!);
  }

  async #transmit({ flow_names: names, state }: FlowTransmit): Promise<readonly string[]> {
    const live = this.#live();
    const plans = live.named(names, "traffic.flow_transmit.flow_names");
    if (state === "start") await live.start(plans);
    else if (state === "resume") await live.resume(plans);
    else await live.halt(plans, state);
    return [];
  }

  async #protocols(state: "start" | "stop"): Promise<readonly string[]> {
    const { neighbours, plan } = this.#live();
    if (state === "stop") await neighbours.stop();
    else if (!neighbours.isOn && plan.hosts.length > 0) await neighbours.start();
    return [];
  }

  #link({ port_names: names, state }: { port_names: readonly string[]; state: "up" | "down" }) {
    const live = this.#live();
    this.#knowPorts(names, "port.link.port_names");
    return live.setLinks(names.length > 0 ? names : live.plan.ports.map((port) => port.name), state);
  }

  async #captures({ port_names: names, state }: { port_names: readonly string[]; state: "start" | "stop" }) {
    const live = this.#live();
    const { captures } = live.plan;
    this.#knowPorts(names, "port.capture.port_names");
    const without = names.findIndex((name) => !captures.has(name));
    if (without >= 0) {
      throw invalid(
        `port.capture.port_names[${without}]: port "${names[without]}" is in no capture of the configuration`,
      );
    }
    for (const name of names.length > 0 ? names : captures.keys()) {
      if (state === "start") await live.startCapture(name, captures.get(name)!);
      else if (live.hasCapture(name)) await live.stopCapture(name);
    }
    return [];
  }

  async #capture(value: unknown): Promise<Uint8Array> {
    interface Asked {
      readonly port_name: string;
      readonly packets?: { readonly slice?: { readonly initial?: { readonly start: number; readonly count: number } } };
    }
    const { port_name: port, packets } = request<Asked>("CaptureRequest", value);
    const live = this.#live();
    this.#knowPorts([port], "port_name");
    const capture: OtgCapture | undefined = live.plan.captures.get(port);
    if (capture === undefined || !live.hasCapture(port)) {
      throw new OtgRefusal("validation", [`port_name: no capture was started at port "${port}"`], 404);
    }
    return live.fetchCapture(port, capture, packets?.slice?.initial ?? null);
  }

  async #act(value: unknown): Promise<Value> {
    const asked = request<PingAction>("ControlAction", value);
    const response = await ping(this.#live(), asked);
    return { warnings: [], response };
  }

  async #append(value: unknown): Promise<Value> {
    const { given, warnings } = readRequest("ConfigAppend", value);
    const { config_append_list: list } = withDefaults("ConfigAppend", given) as unknown as {
      readonly config_append_list: readonly { readonly flows: readonly OtgFlow[] }[];
    };
    const live = this.#live();
    const taken = new Set(namesIn(this.#current.given));
    const plans = list.flatMap(({ flows }, k) => {
      const at = `config_append_list[${k}].flows`;
      for (const [n, { name }] of flows.entries()) {
        if (taken.has(name)) throw invalid(`${at}[${n}].name: there is an object "${name}" already`);
        taken.add(name);
      }
      return planFlows(flows, surroundingsOf(live.plan), at);
    });
    await live.add(plans);
    const added = (given["config_append_list"] as readonly Value[]).flatMap((one) => one["flows"] as readonly Value[]);
    this.#keepFlows([...this.#givenFlows(), ...added]);
    return warningOf([...warnings, ...plans.flatMap((plan) => plan.warnings), ...live.warningsOf(plans)]);
  }

  async #delete(value: unknown): Promise<Value> {
    const { config_delete_list: list } = request<{
      readonly config_delete_list: readonly { readonly flows: readonly string[] }[];
    }>("ConfigDelete", value);
    const live = this.#live();
    const plans = list.flatMap(({ flows }, k) =>
      flows.length === 0 ? [] : live.named(flows, `config_delete_list[${k}].flows`),
    );
    await live.remove([...new Set(plans)]);
    const gone = new Set(plans.map(({ name }) => name));
    this.#keepFlows(this.#givenFlows().filter(({ name }) => !gone.has(name as string)));
    return warningOf([]);
  }

  async #update(value: unknown): Promise<Value> {
    const { given, warnings } = readRequest("ConfigUpdate", value);
    const { flows: update } = withDefaults("ConfigUpdate", given) as unknown as {
      readonly flows?: { readonly property_names: readonly string[]; readonly flows: readonly OtgFlow[] };
    };
    if (update === undefined) throw invalid("flows: is needed");
    const live = this.#live();
    const news = (given["flows"] as Value)["flows"] as readonly Value[];
    const changed = new Map(news.map((flow) => [flow["name"] as string, flow]));
    live.named([...changed.keys()], "flows.flows");
    const kept = this.#givenFlows().map((flow) => {
      const other = changed.get(flow["name"] as string);
      if (other === undefined) return flow;
      const taken = update.property_names.map((name) => [name, other[name]]);
      return withoutAbsent({ ...flow, ...Object.fromEntries(taken) });
    });
    if (update.property_names.includes("size")) await this.#resize(live, kept, changed);
    else await this.#setRates(live, update.flows);
    this.#keepFlows(kept);
    return warningOf(warnings);
  }

  /** While they go on. */
  async #setRates(live: LiveConfig, flows: readonly OtgFlow[]): Promise<void> {
    for (const [k, { name, rate }] of flows.entries()) {
      const plans = live.named([name], "flows.flows");
      for (const plan of plans) {
        const lineBps = live.plan.ports.find((port) => port.name === plan.from)!.lineBps;
        const asked = flowRate(rate, { bps: lineBps }, `flows.flows[${k}].rate`);
        await live.changeRate(plan, asked, `flows.flows[${k}].rate`);
      }
    }
  }

  /** Their frames are made anew, so they have to be stopped. */
  async #resize(live: LiveConfig, kept: readonly Value[], changed: ReadonlyMap<string, Value>): Promise<void> {
    const old = live.named([...changed.keys()], "flows.flows");
    const running = old.find((plan) => !live.isIdle(plan));
    if (running !== undefined) {
      throw invalid(`flows.property_names: the size of a flow that runs cannot change; stop "${running.name}" first`);
    }
    const all = kept.filter(({ name }) => changed.has(name as string));
    const flows = all.map((flow) => withDefaults("Flow", flow) as unknown as OtgFlow);
    await live.replace(old, planFlows(flows, surroundingsOf(live.plan), "flows.flows"));
  }

  #givenFlows(): readonly Value[] {
    return (this.#current.given["flows"] as readonly Value[] | undefined) ?? [];
  }

  #keepFlows(flows: readonly Value[]): void {
    this.#current = { ...this.#current, given: { ...this.#current.given, flows } };
  }
}

const placesOf = (ports: readonly OwnPort[]) => ports.map(({ name, spec }) => ({ name, spec: spec.text }));

const withoutAbsent = (value: Value): Value =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined));

/** Of all objects of a configuration. */
function namesIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(namesIn);
  if (typeof value !== "object" || value === null) return [];
  const own = (value as Value)["name"];
  return [...(typeof own === "string" ? [own] : []), ...Object.values(value).flatMap(namesIn)];
}
