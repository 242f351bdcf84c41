/**
 * What the models' calls do, without a wire: plain messages in, plain messages out, refusals thrown. Calls that change
 * something go one after the other, whoever sends them.
 */
import type { TestSession } from "../session/index.js";
import { appendFlows, type ConfigAtWork, deleteFlows, updateFlows } from "./changes.js";
import { checkPorts, setState } from "./control.js";
import { filterFaults } from "./live/capture-file.js";
import { LiveConfig } from "./live/live-config.js";
import { askedColumns, portColumns } from "./live/metrics.js";
import { type OwnPort, type OwnPorts, openPortsOf, portsKey, wordsOf } from "./live/open-ports.js";
import { type PingAction, ping } from "./live/pings.js";
import { checkFilters, type TaggedAsked } from "./live/tagged-rows.js";
import type { Config, OtgCapture } from "./model.js";
import { invalid, OtgRefusal } from "./refusal.js";
import { readRequest, request, warningOf } from "./requests.js";
import { type PlannedConfig, planConfig } from "./translate/config.js";
import { type Value, withDefaults } from "./wire/read-value.js";

interface Current {
  /** As it was sent, in normal form. */
  readonly given: Value;
  readonly live: LiveConfig | null;
}

const nothing: Current = { given: {}, live: null };

interface MetricsRequest {
  readonly choice: "port" | "flow";
  readonly port?: { readonly port_names: readonly string[]; readonly column_names: readonly string[] };
  readonly flow?: {
    readonly flow_names: readonly string[];
    readonly metric_names: readonly string[];
    readonly tagged_metrics?: TaggedAsked;
  };
}

const allTags: TaggedAsked = { include: true, include_empty_metrics: false, metric_names: [], filters: [] };
const alwaysOfFlows = [
  "name",
  "port_tx",
  "port_rx",
  "loss",
  "timestamps",
  "latency",
  "tagged_metrics",
  "packet_loss_duration",
];

function flowRowsOf(live: LiveConfig, plans: LiveConfig["flows"], tagged: TaggedAsked) {
  if (!tagged.include) return live.flowRows(plans);
  checkFilters(tagged, plans, "flow.tagged_metrics");
  return live.taggedFlowRows(plans, tagged);
}

export class Tester {
  readonly #own: OwnPorts;
  readonly #open: typeof openPortsOf;
  #current: Current = nothing;
  #session: { readonly key: string; readonly session: TestSession } | null = null;
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
    return this.#change(updateFlows, value);
  }

  appendConfig(value: unknown): Promise<Value> {
    return this.#change(appendFlows, value);
  }

  deleteConfig(value: unknown): Promise<Value> {
    return this.#change(deleteFlows, value);
  }

  setControlState(value: unknown): Promise<Value> {
    return this.#inTurn(async () => warningOf(await setState(value, () => this.#atWork().live)));
  }

  setControlAction(value: unknown): Promise<Value> {
    return this.#inTurn(() => this.#act(value));
  }

  /** Rows of an empty configuration are none. @throws OtgRefusal */
  async getMetrics(value: unknown): Promise<Value> {
    const { choice, port, flow } = request<MetricsRequest>("MetricsRequest", value);
    this.#checkEnded();
    const { live } = this.#current;
    await live?.session.look();
    if (choice === "port") {
      const { port_names: names, column_names: columns } = port!;
      checkPorts(live, names, "port.port_names");
      return { choice: "port_metrics", port_metrics: portColumns(live?.portRows(names) ?? [], columns) };
    }
    const { flow_names: names, metric_names: columns, tagged_metrics: tagged = allTags } = flow!;
    if (live === null && names.length > 0) throw invalid(`flow.flow_names[0]: there is no flow "${names[0]}"`);
    const rows = live === null ? [] : flowRowsOf(live, live.named(names, "flow.flow_names"), tagged);
    return { choice: "flow_metrics", flow_metrics: askedColumns(rows, columns, alwaysOfFlows) };
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

  async #openSession(plan: PlannedConfig): Promise<TestSession> {
    const session = await this.#open(plan, this.#own);
    session.onEvent((event) => {
      if (event.kind === "ended") this.#lose(session, event.message);
    });
    return session;
  }

  /** What is asked of this configuration from now on is answered with the reason; the next one opens its ports anew. */
  #lose(session: TestSession, message: string): void {
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
    const plan = planConfig(config, placesOf(this.#own.ports), this.#own.innerFcs);
    const faults = config.captures.flatMap((capture, k) => [
      ...filterFaults(capture, `captures[${k}]`),
      ...fleetFaults(capture.port_names, plan, this.#own.ports, `captures[${k}]`),
    ]);
    if (faults.length > 0) throw invalid(...faults);
    const key = portsKey(plan);
    const isKept = this.#ended === null && this.#session?.key === key && isWhole(this.#session.session, plan);
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
  #atWork(): ConfigAtWork {
    this.#checkEnded();
    const { given, live } = this.#current;
    if (live === null) throw invalid("there is no configuration with ports yet; set one first");
    return { given, live };
  }

  #change(change: typeof updateFlows, value: unknown): Promise<Value> {
    return this.#inTurn(async () => {
      const { flows, warnings } = await change(value, () => this.#atWork());
      this.#current = { ...this.#current, given: { ...this.#current.given, flows } };
      return warningOf(warnings);
    });
  }

  async #capture(value: unknown): Promise<Uint8Array> {
    interface Asked {
      readonly port_name: string;
      readonly packets?: { readonly slice?: { readonly initial?: { readonly start: number; readonly count: number } } };
    }
    const { port_name: port, packets } = request<Asked>("CaptureRequest", value);
    const live = this.#atWork().live;
    checkPorts(live, [port], "port_name");
    const capture: OtgCapture | undefined = live.plan.captures.get(port);
    if (capture === undefined || !live.hasCapture(port)) {
      throw new OtgRefusal("validation", [`port_name: no capture was started at port "${port}"`], 404);
    }
    return live.fetchCapture(port, capture, packets?.slice?.initial ?? null);
  }

  async #act(value: unknown): Promise<Value> {
    const asked = request<PingAction>("ControlAction", value);
    const response = await ping(this.#atWork().live, asked);
    return { warnings: [], response };
  }
}

const placesOf = (ports: readonly OwnPort[]) => ports.map((port) => ({ name: port.name, spec: wordsOf(port) }));

/** All its ports are there: what an agent had that is gone is opened anew. */
const isWhole = (session: TestSession, { ports }: PlannedConfig): boolean =>
  ports.every(({ name }) => session.lostPort(name) === null);

/** What is not done at ports of other hosts. */
function fleetFaults(
  names: readonly string[],
  { ports }: PlannedConfig,
  own: readonly OwnPort[],
  path: string,
): readonly string[] {
  return names.flatMap((name, k) => {
    const place = ports.find((port) => port.name === name)?.place;
    const agent = own.find((port) => port.name === place)?.agent;
    if (agent === undefined) return [];
    return [
      `${path}.port_names[${k}]: not supported at a port of an agent; capture at the host of ${agent}, e.g. with tcpdump`,
    ];
  });
}
