/** Changes of a configuration at work: flows that come, go, or have another rate or size. */
import type { LiveConfig } from "./live/live-config.js";
import type { OtgFlow } from "./model.js";
import { invalid } from "./refusal.js";
import { readRequest, request } from "./requests.js";
import { planFlows, surroundingsOf } from "./translate/config.js";
import { flowRate, ppsOf } from "./translate/timing.js";
import { type Value, withDefaults } from "./wire/read-value.js";

/** A configuration as it was sent, and what it is at work. */
export interface ConfigAtWork {
  readonly given: Value;
  readonly live: LiveConfig;
}

export interface Changed {
  /** All flows of the configuration, as they were sent. */
  readonly flows: readonly Value[];
  readonly warnings: readonly string[];
}

const flowsIn = (given: Value): readonly Value[] => (given["flows"] as readonly Value[] | undefined) ?? [];

/** @throws OtgRefusal */
export async function appendFlows(value: unknown, atWork: () => ConfigAtWork): Promise<Changed> {
  const { given: asked, warnings } = readRequest("ConfigAppend", value);
  const { config_append_list: list } = withDefaults("ConfigAppend", asked) as unknown as {
    readonly config_append_list: readonly { readonly flows: readonly OtgFlow[] }[];
  };
  const { given, live } = atWork();
  const taken = new Set(namesIn(given));
  const plans = list.flatMap(({ flows }, k) => {
    const at = `config_append_list[${k}].flows`;
    for (const [n, { name }] of flows.entries()) {
      if (taken.has(name)) throw invalid(`${at}[${n}].name: there is an object "${name}" already`);
      taken.add(name);
    }
    return planFlows(flows, surroundingsOf(live.plan), at);
  });
  await live.add(plans);
  const added = ((asked["config_append_list"] ?? []) as readonly Value[]).flatMap(flowsIn);
  return {
    flows: [...flowsIn(given), ...added],
    warnings: [...warnings, ...plans.flatMap((plan) => plan.warnings), ...(await live.warningsOf(plans))],
  };
}

/** @throws OtgRefusal */
export async function deleteFlows(value: unknown, atWork: () => ConfigAtWork): Promise<Changed> {
  const { config_delete_list: list } = request<{
    readonly config_delete_list: readonly { readonly flows: readonly string[] }[];
  }>("ConfigDelete", value);
  const { given, live } = atWork();
  const plans = list.flatMap(({ flows }, k) =>
    flows.length === 0 ? [] : live.named(flows, `config_delete_list[${k}].flows`),
  );
  await live.remove([...new Set(plans)]);
  const gone = new Set(plans.map(({ name }) => name));
  return { flows: flowsIn(given).filter(({ name }) => !gone.has(name as string)), warnings: [] };
}

/** @throws OtgRefusal */
export async function updateFlows(value: unknown, atWork: () => ConfigAtWork): Promise<Changed> {
  const { given: asked, warnings } = readRequest("ConfigUpdate", value);
  const { flows: update } = withDefaults("ConfigUpdate", asked) as unknown as {
    readonly flows?: { readonly property_names: readonly string[]; readonly flows: readonly OtgFlow[] };
  };
  if (update === undefined) throw invalid("flows: is needed");
  const { given, live } = atWork();
  const changed = new Map(flowsIn(asked["flows"] as Value).map((flow) => [flow["name"] as string, flow]));
  live.named([...changed.keys()], "flows.flows");
  const flows = flowsIn(given).map((flow) => {
    const other = changed.get(flow["name"] as string);
    if (other === undefined) return flow;
    const taken = update.property_names.map((name) => [name, other[name]]);
    return withoutAbsent({ ...flow, ...Object.fromEntries(taken) });
  });
  if (update.property_names.includes("size")) await resize(live, flows, changed);
  else await setRates(live, update.flows);
  return { flows, warnings };
}

/** While they go on: all, or none where one cannot be. */
async function setRates(live: LiveConfig, flows: readonly OtgFlow[]): Promise<void> {
  const changes = flows.flatMap(({ name, rate }, k) => {
    const at = `flows.flows[${k}]`;
    return live.named([name], "flows.flows").map((plan) => {
      const { lineBps } = live.plan.ports.find((port) => port.name === plan.from)!;
      const asked = flowRate(rate, { bps: lineBps }, `${at}.rate`);
      ppsOf(asked, plan.meanBytes, { bps: lineBps }, at);
      return { plan, asked };
    });
  });
  for (const { plan, asked } of changes) await live.changeRate(plan, asked);
}

/** Their frames are made anew, so they have to be stopped. */
async function resize(live: LiveConfig, kept: readonly Value[], changed: ReadonlyMap<string, Value>): Promise<void> {
  const old = live.named([...changed.keys()], "flows.flows");
  await live.session.look(true);
  const running = old.find((plan) => !live.isIdle(plan));
  if (running !== undefined) {
    throw invalid(`flows.property_names: the size of a flow that runs cannot change; stop "${running.name}" first`);
  }
  const all = kept.filter(({ name }) => changed.has(name as string));
  const flows = all.map((flow) => withDefaults("Flow", flow) as unknown as OtgFlow);
  await live.replace(old, planFlows(flows, surroundingsOf(live.plan), "flows.flows"));
}

const withoutAbsent = (value: Value): Value =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined));

/** Of all objects of a configuration. */
function namesIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(namesIn);
  if (typeof value !== "object" || value === null) return [];
  const own = (value as Value)["name"];
  return [...(typeof own === "string" ? [own] : []), ...Object.values(value).flatMap(namesIn)];
}
