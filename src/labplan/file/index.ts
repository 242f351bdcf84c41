/**
 * Test plans: YAML files → validated plans, with errors that name file, line and column. Finds what is wrong with a
 * plan without running it: unknown words, a command for a testpmd that does not run at that step, sockets that no side
 * or both sides listen on, traffic without a destination.
 */
import { usageError } from "../../errors.js";
import { checkShape } from "../../profile/check.js";
import { parseYaml, type YamlDocument, type YamlPath } from "../../profile/document.js";
import { isReadError, readInputText, unreadableBecause } from "../../sys/input-file.js";
import { checkSockets, type DevicePart, deviceOf, deviceParts } from "./devices.js";
import { caseSchema, hugepagesSchema, planSchema } from "./schema.js";
import { stepsAt } from "./steps.js";
import type { PlanCase, PlanHugepages, TestPlan } from "./types.js";
import { bytesAt, type TrafficPart, trafficPart } from "./values.js";

export { listens } from "./devices.js";
export type {
  InterfaceVdev,
  PlanCase,
  PlanDeed,
  PlanDevice,
  PlanHugepages,
  PlanStep,
  PlanTraffic,
  PlanVdev,
  TestPlan,
  TextChecks,
  TrafficChecks,
  VhostVdev,
  VirtioUserVdev,
} from "./types.js";

/** The largest file that is read at all. */
const mostPlanBytes = 1_000_000;
const example = "a YAML file such as profiles/plans/virtio-user-container-networking.yaml";

/** What all cases share. */
interface Common {
  readonly devices: ReadonlyMap<string, DevicePart>;
  readonly traffic: readonly TrafficPart[];
  readonly steps: readonly unknown[] | undefined;
}

function hugepagesOf(document: YamlDocument, value: unknown): PlanHugepages | null {
  if (value === undefined || value === "none") return null;
  const { mount, size, count } = checkShape(hugepagesSchema, document, ["hugepages"]);
  return { mount, pageBytes: bytesAt(document, ["hugepages", "size"], size), count };
}

/** `Packet forward, 2 queues` → packet_forward_2_queues: a case's name for the DPDK Test Suite, where it has none. */
const idOf = (name: string): string =>
  name
    .toLowerCase()
    .replace(/\W+/g, "_")
    .replace(/^_+|_+$/g, "");

function caseAt(document: YamlDocument, index: number, common: Common): PlanCase {
  const path: YamlPath = ["cases", index];
  const shape = checkShape(caseSchema, document, path);
  const changes = deviceParts(document, [...path, "devices"], Object.keys(shape.devices ?? {}));
  const names = [...new Set([...common.devices.keys(), ...changes.keys()])];
  const devices = names.map((name) => {
    const parts = [common.devices.get(name), changes.get(name)].filter((part) => part !== undefined);
    return deviceOf(document, name, parts);
  });
  checkSockets(document, path, devices);
  const own = shape.traffic === undefined ? [] : [trafficPart(document, [...path, "traffic"], shape.traffic)];
  const values = shape.steps ?? common.steps;
  if (values === undefined) {
    throw document.errorAt(path, "the case has no steps", { accepted: "steps: here, or for all cases of the plan" });
  }
  const context = { document, devices, traffic: [...common.traffic, ...own] };
  const steps = stepsAt(context, shape.steps === undefined ? ["steps"] : [...path, "steps"], values);
  const { name, id, notes } = shape;
  return { number: index + 1, name, id: id ?? idOf(name), notes: notes ?? [], devices, steps };
}

function checkIds(document: YamlDocument, cases: readonly PlanCase[]): void {
  const twice = cases.findIndex(({ id }, i) => cases.findIndex((other) => other.id === id) !== i);
  if (twice < 0) return;
  const what = `two cases are called ${cases[twice].id}`;
  throw document.errorAt(["cases", twice], what, { accepted: "an id: of its own for each" });
}

const profileKeys = ["streams", "include", "parameters", "sizes", "ethernet", "ip", "udp", "flows"];

/** A traffic profile that was taken for a plan. */
function refuseProfile(document: YamlDocument, file: string): void {
  const { value } = document;
  if (typeof value !== "object" || value === null || "cases" in value || "devices" in value) return;
  if (!profileKeys.some((key) => Object.hasOwn(value, key))) return;
  throw document.errorAt([], `${file} is a traffic profile, no test plan`, {
    accepted: "a test plan: title, devices, cases",
    hint: `pktgen-ts --profile ${file} sends it`,
  });
}

/** Text of a plan → plan. Throws a usage error `file:line:column: what; accepted: …`. */
export function parseTestPlan(text: string, file: string): TestPlan {
  const document = parseYaml(text, file);
  refuseProfile(document, file);
  const shape = checkShape(planSchema, document);
  const hugepages = hugepagesOf(document, shape.hugepages);
  const common: Common = {
    devices: deviceParts(document, ["devices"], Object.keys(shape.devices)),
    traffic: shape.traffic === undefined ? [] : [trafficPart(document, ["traffic"], shape.traffic)],
    steps: shape.steps,
  };
  const cases = shape.cases.map((_, index) => caseAt(document, index, common));
  checkIds(document, cases);
  const wanting = cases.flatMap(({ devices }) => devices).find((device) => device.hugepages && hugepages === null);
  if (wanting !== undefined) {
    const accepted = "hugepages: { mount, size, count }, or hugepages: false for the device";
    throw document.errorAt(["devices", wanting.name], `${wanting.name} uses hugepages, and the plan has none`, {
      accepted,
    });
  }
  const { title, source, notes } = shape;
  return { file, title, source: source ?? "", notes: notes ?? [], hugepages, cases };
}

/** Reads and parses it. */
export function loadTestPlan(file: string): TestPlan {
  let text: string;
  try {
    text = readInputText(file, { mostBytes: mostPlanBytes });
  } catch (cause) {
    if (!isReadError(cause)) throw cause;
    throw usageError(`the test plan ${file} ${unreadableBecause(cause)}`, { where: "plan", accepted: example, cause });
  }
  return parseTestPlan(text, file);
}
