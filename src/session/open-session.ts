/** Opens a session: its ports, its loops, a rehearsal of the loops' code, and the flows and hosts that are there from the beginning. */
import { startSession } from "../engine/session/index.js";
import { untilReady } from "../measure/until-ready.js";
import { openPort, type Port } from "../port/index.js";
import { drawnByChance } from "../random.js";
import { dealPorts } from "./deal-ports.js";
import { LiveSession } from "./live-session.js";
import { SessionError } from "./session-error.js";
import type { SharedFlows } from "./shared-flows.js";
import type { Session, SessionSpec } from "./types.js";
import { warmUpSessions } from "./warm-up.js";

const usualCapacity = 4096;
const mostCapacity = 65_536;
const mostPorts = 64;
const usualReadyMs = 10_000;
const trialIds = 2 ** 24;
/** Templates, sequences of sizes and lists. Only what is used takes memory of the machine. */
const heapBytes = 2 ** 28;

const never = new AbortController().signal;

/** @throws SessionError bad-spec, exists */
function check({ ports, capacity = usualCapacity }: SessionSpec): void {
  if (ports.length < 1 || ports.length > mostPorts) {
    throw new SessionError("bad-spec", `a session cannot have ${ports.length} ports`, {
      where: "ports",
      accepted: `1 to ${mostPorts}`,
    });
  }
  const names = new Set(ports.map(({ name }) => name));
  if (names.size < ports.length) throw new SessionError("exists", "two ports have the same name", { where: "ports" });
  if (!Number.isInteger(capacity) || capacity < 1 || capacity > mostCapacity) {
    throw new SessionError("bad-spec", `a session has no room for ${capacity} flows`, {
      where: "capacity",
      accepted: `1 to ${mostCapacity}`,
    });
  }
}

async function openPorts({ ports, readyTimeoutMs = usualReadyMs }: SessionSpec, signal: AbortSignal): Promise<Port[]> {
  const opened: Port[] = [];
  try {
    for (const { port, options } of ports) opened.push(await openPort(port, options));
    if (readyTimeoutMs > 0) for (const port of opened) await untilReady(port, readyTimeoutMs, signal);
    return opened;
  } catch (error) {
    for (const port of opened.toReversed()) await port[Symbol.asyncDispose]();
    throw error;
  }
}

/** Of a port without a peer, those that it was opened with. */
function queuesOf(port: Port): number {
  const { queues } = port.spec as { readonly queues?: unknown };
  const asked = typeof queues === "number" ? queues : 1;
  return Math.max(1, port.rings()?.queues.length ?? 0, asked);
}

/** Rejects where a port, the thread, a flow or a host cannot be; then nothing is left open. */
export function openSession(spec: SessionSpec, signal: AbortSignal = never): Promise<Session> {
  return openLive(spec, signal);
}

/** `epochNs`: its time 0 by the clock of this host. */
export type SharedSession = Session & { readonly shared: SharedFlows; readonly epochNs: number };

/** Of ports whose flows may be shared with sessions that have other ports. It has one thread. */
export function openSharedSession(spec: SessionSpec, signal: AbortSignal = never): Promise<SharedSession> {
  return openLive({ ...spec, workers: 1 }, signal);
}

async function openLive(spec: SessionSpec, signal: AbortSignal): Promise<LiveSession> {
  check(spec);
  const partOf = dealPorts(spec);
  const ports = await openPorts(spec, signal);
  const trial = spec.trial ?? drawnByChance(trialIds);
  const capacity = 2 ** Math.ceil(Math.log2(spec.capacity ?? usualCapacity));
  const moreQueues = ports.flatMap((port, index) => Array<number>(queuesOf(port) - 1).fill(index));
  const shape = { capacity, lanes: 2 * capacity, ports: ports.length, moreQueues, partOf, trial, heapBytes };
  let session: LiveSession | null = null;
  try {
    const handle = await startSession({
      ports,
      shape,
      cpu: spec.cpu ?? null,
      busy: spec.busy ?? false,
      onEvent: (event) => session?.take(event),
      onTrouble: (why) => session?.trouble(why),
      onFailure: (error) => session?.fail(error),
    });
    session = new LiveSession({ handle, ports, spec });
    const parts = Math.max(...partOf) + 1;
    await handle.rehearse((part) => {
      const own = partOf.filter((each) => each === part).length;
      return warmUpSessions(Math.min(2, own), trial, parts);
    });
    session.begin(await handle.begin());
    await session.setHosts(spec.hosts ?? []);
    await session.addFlows(spec.flows ?? []);
    return session;
  } catch (error) {
    if (session !== null) await session.close();
    else for (const port of ports.toReversed()) await port[Symbol.asyncDispose]();
    throw error;
  }
}
