/**
 * Plan, then act: makes the list of things to do from a test plan and the order, with every command line as it will be
 * run. Pure. run.ts carries it out, dry-run.ts prints it.
 */
import { join } from "node:path";
import { commandLine, shellLine } from "../dut/testpmd/command-line.js";
import type { LaunchOptions } from "../dut/testpmd/launcher.js";
import { inNamespace, linkEnds } from "../dut/testpmd/links.js";
import { usageError } from "../errors.js";
import { trafficOf } from "../stream/spec.js";
import { deedText } from "./deed-text.js";
import { describeDevice, insideDirectory, insideHugepages, isContained, usesHugepages } from "./describe.js";
import {
  type InterfaceVdev,
  listens,
  type PlanCase,
  type PlanDeed,
  type PlanStep,
  type PlanTraffic,
  type PlanVdev,
} from "./file/index.js";
import type { LabFacts, TestPlanOrder } from "./order.js";
import { pathOf } from "./path.js";
import type { PlannedDeed, PlannedLaunch, PlannedTraffic } from "./planned.js";

export interface PlannedStep {
  /** `1.3`: case, step. */
  readonly number: string;
  readonly heading: string | null;
  /** file:line:column */
  readonly place: string;
  /** What is done, in one line. */
  readonly text: string;
  readonly deed: PlannedDeed;
}

export interface PlannedCase {
  readonly case: PlanCase;
  readonly steps: readonly PlannedStep[];
}

/** The cases that were asked for. Throws a usage error for one that the plan does not have. */
export function chosenCases({ plan, cases }: TestPlanOrder): readonly PlanCase[] {
  if (cases === null) return plan.cases;
  return cases.map((number) => {
    const found = plan.cases.find((one) => one.number === number);
    if (found !== undefined) return found;
    const accepted = plan.cases.map((one) => `${one.number} (${one.name})`).join(", ");
    throw usageError(`${plan.file} has no case ${number}`, { where: "--case", accepted });
  });
}

/** All that a run will do. */
export const planSteps = (order: TestPlanOrder, facts: LabFacts): PlannedCase[] =>
  chosenCases(order).map((one) => ({
    case: one,
    steps: one.steps.map((step, i) => plannedStep(step, `${one.number}.${i + 1}`, { one, order, facts })),
  }));

/** Everything that the generator sends in these cases. */
export const trafficsIn = (cases: readonly PlannedCase[]): PlannedTraffic[] =>
  cases
    .flatMap(({ steps }) => steps)
    .flatMap(({ deed }) => (deed.do === "send" || deed.do === "start traffic" ? [deed.traffic] : []));

interface Context {
  readonly one: PlanCase;
  readonly order: TestPlanOrder;
  readonly facts: LabFacts;
}

function plannedStep(step: PlanStep, number: string, context: Context): PlannedStep {
  const deed = plannedDeed(step, context);
  return { number, heading: step.heading, place: step.place, text: deedText(deed), deed };
}

type Planner<V extends PlanDeed["do"]> = (deed: Extract<PlanDeed, { readonly do: V }>, context: Context) => PlannedDeed;

/** What deeds of the file need besides the file. Absent: nothing, the deed is carried out as it is. */
const planners: { readonly [V in PlanDeed["do"]]?: Planner<V> } = {
  "mount hugepages": (deed, { one, order }) => {
    const wanted = one.devices.some((device) => usesHugepages(device, order));
    return { do: deed.do, wish: wanted ? order.plan.hugepages : null };
  },
  launch: (deed, context) => ({ do: deed.do, device: deed.device, launch: plannedLaunch(deed.device, context) }),
  send: (deed, context) => ({ do: deed.do, check: deed.check, traffic: plannedTraffic(deed.traffic, context) }),
  "start traffic": (deed, context) => {
    const traffic = plannedTraffic(deed.traffic, context);
    return { do: deed.do, traffic: { ...traffic, sizes: traffic.sizes.slice(0, 1), count: null, durationNs: null } };
  },
};

function plannedDeed(step: PlanStep, context: Context): PlannedDeed {
  const { heading: _, place: __, ...deed } = step;
  const plan = planners[deed.do] as Planner<PlanDeed["do"]> | undefined;
  return plan === undefined ? (deed as PlannedDeed) : plan(deed, context);
}

function plannedLaunch(name: string, { one, order, facts }: Context): PlannedLaunch {
  const device = one.devices.find((candidate) => candidate.name === name)!;
  const contained = isContained(device, order, facts);
  const hugepages = usesHugepages(device, order) ? order.plan.hugepages : null;
  return {
    device,
    description: describeDevice(device, one.devices, order, facts),
    contained,
    name: `${facts.prefix}-${name}`,
    mounts: contained
      ? [
          { host: facts.directory, inside: insideDirectory(facts) },
          ...(hugepages === null ? [] : [{ host: hugepages.mount, inside: insideHugepages }]),
        ]
      : [],
    literal: device.literal,
    sockets: device.vdevs.filter(listens).map(({ socket }) => join(facts.directory, socket)),
    hugepages,
    netns: device.vdevs.some(isOnInterface) ? namespaceOf(facts) : null,
  };
}

/** On an interface: in the namespace that the run makes for its links. */
const isOnInterface = (vdev: PlanVdev): vdev is InterfaceVdev =>
  vdev.driver !== "net_vhost" && vdev.driver !== "virtio_user";

const namespaceOf = (facts: LabFacts): string => facts.prefix;

/** What a case needs made before its first step; null: nothing. */
export interface PlannedLinks {
  readonly netns: string;
  /** Those to make: net_tap makes its own. */
  readonly veths: readonly string[];
}

export function plannedLinks({ devices }: PlanCase, facts: LabFacts): PlannedLinks | null {
  const links = devices.flatMap(({ vdevs }) => vdevs.filter(isOnInterface));
  if (links.length === 0) return null;
  const veths = links.filter(({ driver }) => driver !== "net_tap").map(({ socket }) => socket);
  return { netns: namespaceOf(facts), veths };
}

/** What the user asks for replaces what the plan says. */
function plannedTraffic(traffic: PlanTraffic, { one, order, facts }: Context): PlannedTraffic {
  const device = one.devices.find(({ vdevs }) => vdevs.some(({ socket }) => socket === traffic.socket))!;
  const vdev = device.vdevs.find(({ socket }) => socket === traffic.socket)!;
  const timed = order.count !== null || order.durationNs !== null;
  return {
    ...traffic,
    stream: trafficOf(traffic.stream),
    flows: traffic.stream.flows,
    sizes: order.sizes ?? traffic.sizes,
    rate: order.rate ?? traffic.rate,
    count: timed ? order.count : traffic.count,
    durationNs: timed ? order.durationNs : traffic.durationNs,
    port: generatorPort(vdev, traffic, device.queues, facts),
    queues: device.queues,
    path: pathOf(one.devices, traffic.socket),
    device: device.name,
  };
}

const defaultLinkPort = "packet:{iface},netns={netns}";

/** The other end of what the generator faces, as a port spec. */
function generatorPort(vdev: PlanVdev, { socket, port }: PlanTraffic, queues: number, facts: LabFacts): string {
  if (isOnInterface(vdev)) {
    const { testpmd, generator } = linkEnds(socket);
    const iface = vdev.driver === "net_tap" ? testpmd : generator;
    const text = (port ?? defaultLinkPort).replaceAll("{iface}", iface).replaceAll("{netns}", namespaceOf(facts));
    return queues === 1 || text.includes(",queues=") ? text : `${text},queues=${queues}`;
  }
  const path = join(facts.directory, socket).replaceAll(",", "\\,");
  const server = vdev.driver === "net_vhost" && vdev.client ? ",server=on" : "";
  return `virtio-user:${path},queues=${queues}${server}`;
}

/** The whole command line of a launch, as a shell takes it. Without an engine to ask: as the program sees it. */
export function launchLine(launch: PlannedLaunch, facts: LabFacts): string {
  const program = ["stdbuf", "-oL", ...commandLine(launch.description, null)];
  const argv = launch.netns === null ? program : [...inNamespace(launch.netns), ...program];
  if (!launch.contained || facts.launcher === null) return shellLine(argv);
  const options: LaunchOptions = { name: launch.name, mounts: launch.mounts, env: {} };
  const { file, args } = facts.launcher.launch(argv, options);
  return shellLine([file, ...args]);
}
