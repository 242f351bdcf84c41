/** What control states do: flows, devices, links and captures. */
import type { LiveConfig } from "./live/live-config.js";
import { invalid } from "./refusal.js";
import { request } from "./requests.js";

interface FlowTransmit {
  readonly flow_names: readonly string[];
  readonly state: "start" | "stop" | "pause" | "resume";
}

interface PortLink {
  readonly port_names: readonly string[];
  readonly state: "up" | "down";
}

interface PortCapture {
  readonly port_names: readonly string[];
  readonly state: "start" | "stop";
}

interface ControlState {
  readonly choice: "port" | "protocol" | "traffic";
  readonly traffic?: { readonly flow_transmit: FlowTransmit };
  readonly protocol?: { readonly all: { readonly state: "start" | "stop" } };
  readonly port?: {
    readonly choice: "link" | "capture";
    readonly link?: PortLink;
    readonly capture?: PortCapture;
  };
}

/** @throws OtgRefusal: `path` names a port that is not there. */
export function checkPorts(live: LiveConfig | null, names: readonly string[], path: string): void {
  const ports = live?.plan.ports ?? [];
  const faults = names.flatMap((name, k) =>
    ports.some((port) => port.name === name) ? [] : [`${path}[${k}]: there is no port "${name}"`],
  );
  if (faults.length > 0) throw invalid(...faults);
}

/** Returns warnings. `configured` throws where there is no configuration. @throws OtgRefusal */
export async function setState(value: unknown, configured: () => LiveConfig): Promise<readonly string[]> {
  const state = request<ControlState>("ControlState", value);
  const live = configured();
  if (state.choice === "traffic") await transmit(live, state.traffic!.flow_transmit);
  else if (state.choice === "protocol") await setDevices(live, state.protocol!.all.state);
  else if (state.port!.choice === "link") return setLinks(live, state.port!.link!);
  else await setCaptures(live, state.port!.capture!);
  return [];
}

async function transmit(live: LiveConfig, { flow_names: names, state }: FlowTransmit): Promise<void> {
  const plans = live.named(names, "traffic.flow_transmit.flow_names");
  if (state === "start") await live.start(plans);
  else if (state === "resume") await live.resume(plans);
  else await live.halt(plans, state);
}

async function setDevices({ neighbours, plan }: LiveConfig, state: "start" | "stop"): Promise<void> {
  if (state === "stop") await neighbours.stop();
  else if (!neighbours.isOn && plan.hosts.length > 0) await neighbours.start();
}

function setLinks(live: LiveConfig, { port_names: names, state }: PortLink): Promise<readonly string[]> {
  checkPorts(live, names, "port.link.port_names");
  return live.setLinks(names.length > 0 ? names : live.plan.ports.map((port) => port.name), state);
}

async function setCaptures(live: LiveConfig, { port_names: names, state }: PortCapture): Promise<void> {
  const { captures } = live.plan;
  checkPorts(live, names, "port.capture.port_names");
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
}
