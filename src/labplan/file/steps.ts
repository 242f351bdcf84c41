/** The steps of a test plan: each is read by the shape of its verb, then checked against those before it. */
import type { z } from "zod";
import type { PktgenError } from "../../errors.js";
import { didYouMean } from "../../nearest.js";
import { checkShape } from "../../profile/check.js";
import type { YamlDocument, YamlPath } from "../../profile/document.js";
import { type StepVerb, stepSchemas, type textChecksSchema, type trafficChecksSchema } from "./schema.js";
import type { PlanDeed, PlanDevice, PlanStep, PlanTraffic, TextChecks, TrafficChecks } from "./types.js";
import { framesRateAt, planTrafficOf, ratioAt, type TrafficPart, timeAt, trafficPart } from "./values.js";

/** What the steps of a case stand among. */
export interface StepContext {
  readonly document: YamlDocument;
  readonly devices: readonly PlanDevice[];
  /** Of the plan and the case. */
  readonly traffic: readonly TrafficPart[];
}

/** A link or a stream that does not come by then does not come. */
const defaultWithin = "20s";

type Shape<V extends StepVerb> = z.infer<(typeof stepSchemas)[V]>;

function refuse(
  document: YamlDocument,
  path: YamlPath,
  what: string,
  names: readonly string[],
  word: string,
): PktgenError {
  const hint = didYouMean(word, names);
  return document.errorAt(path, what, { accepted: names.join(", "), ...hint });
}

function verbAt(document: YamlDocument, path: YamlPath, value: unknown): StepVerb {
  const verbs = Object.keys(stepSchemas);
  const verb: unknown = typeof value === "object" && value !== null ? (value as { do?: unknown }).do : undefined;
  if (typeof verb === "string" && verbs.includes(verb)) return verb as StepVerb;
  if (verb === undefined) {
    throw document.errorAt(path, "a step says what to do", { accepted: `do: ${verbs.join(", ")}` });
  }
  throw refuse(document, [...path, "do"], `unknown step "${String(verb)}"`, verbs, String(verb));
}

const absent = <T extends object>(values: T): T =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;

function trafficChecks(
  document: YamlDocument,
  path: YamlPath,
  said: z.infer<typeof trafficChecksSchema> = {},
): TrafficChecks {
  const { loss, unaccounted, queues, counters } = said;
  const rate = said["least-rate"];
  return absent({
    loss: loss === undefined ? undefined : ratioAt(document, [...path, "check", "loss"], loss),
    unaccounted,
    queues,
    counters,
    leastPps: rate === undefined ? undefined : framesRateAt(document, [...path, "check", "least-rate"], rate),
  }) as TrafficChecks;
}

function textChecks(document: YamlDocument, path: YamlPath, said: z.infer<typeof textChecksSchema> = {}): TextChecks {
  const { link, queues, counters, contains } = said;
  const rate = said["least-rate"];
  const leastPps = rate === undefined ? undefined : framesRateAt(document, [...path, "check", "least-rate"], rate);
  return absent({ link, queues, counters, contains, leastPps }) as TextChecks;
}

class StepReader {
  readonly #context: StepContext;
  /** Devices that run at this point of the case. */
  readonly #running = new Set<string>();
  #traffic: PlanTraffic | null = null;

  /** By verb: what a step of the file says to do. */
  readonly #deeds: { readonly [V in StepVerb]: (said: Shape<V>, path: YamlPath) => PlanDeed } = {
    "mount hugepages": () => ({ do: "mount hugepages" }),
    launch: ({ device }, path) => ({ do: "launch", device: this.#launched(path, device) }),
    command: ({ device, text, check }, path) => {
      this.#needsRunning(path, device);
      return { do: "command", device, text, check: textChecks(this.#context.document, path, check) };
    },
    send: (said, path) => {
      const traffic = this.#trafficAt(path, said);
      return { do: "send", traffic, check: trafficChecks(this.#context.document, path, said.check) };
    },
    "start traffic": (said, path) => {
      this.#traffic = this.#trafficAt(path, said);
      return { do: "start traffic", traffic: this.#traffic };
    },
    "watch traffic": (said, path) => {
      this.#needsTraffic(path);
      return { do: "watch traffic", comesBack: said["comes-back"], withinNs: this.#within(path, said.within) };
    },
    "stop traffic": ({ check }, path) => {
      this.#needsTraffic(path);
      this.#traffic = null;
      return { do: "stop traffic", check: trafficChecks(this.#context.document, path, check) };
    },
    "wait for link": (said, path) => this.#link(path, said),
    wait: (said, path) => ({ do: "wait", forNs: timeAt(this.#context.document, [...path, "for"], said.for) }),
    quit: ({ device }, path) => ({ do: "quit", device: this.#ended(path, device) }),
    kill: ({ device }, path) => ({ do: "kill", device: this.#ended(path, device) }),
  };

  constructor(context: StepContext) {
    this.#context = context;
  }

  read(path: YamlPath, value: unknown): PlanDeed {
    const { document } = this.#context;
    const verb = verbAt(document, path, value);
    const shape = checkShape(stepSchemas[verb] as z.ZodType, document, path);
    const deedOf = this.#deeds[verb] as (shape: unknown, path: YamlPath) => PlanDeed;
    return deedOf(shape, path);
  }

  end(path: YamlPath): void {
    if (this.#traffic === null) return;
    throw this.#context.document.errorAt(path, "the traffic that this case starts is never stopped", {
      accepted: "do: stop traffic, after do: start traffic",
    });
  }

  #link(path: YamlPath, said: Shape<"wait for link">): PlanDeed {
    const { device: name, port, is: state } = said;
    const device = this.#needsRunning(path, name);
    if (port >= device.vdevs.length) {
      const what = `${name} has no port ${port}`;
      throw this.#context.document.errorAt([...path, "port"], what, { accepted: `0 to ${device.vdevs.length - 1}` });
    }
    return { do: "wait for link", device: name, port, state, withinNs: this.#within(path, said.within) };
  }

  #within(path: YamlPath, text: string | undefined): number {
    return timeAt(this.#context.document, [...path, "within"], text ?? defaultWithin);
  }

  #device(path: YamlPath, name: string): PlanDevice {
    const { document, devices } = this.#context;
    const device = devices.find((one) => one.name === name);
    if (device !== undefined) return device;
    const names = devices.map((one) => one.name);
    throw refuse(document, [...path, "device"], `unknown device "${name}"`, names, name);
  }

  #launched(path: YamlPath, name: string): string {
    this.#device(path, name);
    if (this.#running.has(name)) {
      const accepted = "do: quit or do: kill before it is launched again";
      throw this.#context.document.errorAt([...path, "device"], `${name} runs already`, { accepted });
    }
    this.#running.add(name);
    return name;
  }

  #ended(path: YamlPath, name: string): string {
    this.#needsRunning(path, name);
    this.#running.delete(name);
    return name;
  }

  #needsRunning(path: YamlPath, name: string): PlanDevice {
    const device = this.#device(path, name);
    if (this.#running.has(name)) return device;
    const accepted = `a step { do: launch, device: ${name} } before it`;
    throw this.#context.document.errorAt([...path, "device"], `${name} does not run at this step`, { accepted });
  }

  #needsTraffic(path: YamlPath): void {
    if (this.#traffic !== null) return;
    throw this.#context.document.errorAt(path, "no traffic runs at this step", {
      accepted: "do: start traffic before it",
    });
  }

  #trafficAt(path: YamlPath, shape: Shape<"send"> | Shape<"start traffic">): PlanTraffic {
    const { document, devices, traffic } = this.#context;
    if (this.#traffic !== null) {
      throw document.errorAt(path, "traffic runs already", { accepted: "do: stop traffic before it" });
    }
    const found = planTrafficOf(document, [...traffic, trafficPart(document, path, shape)], 1);
    const ends = devices.flatMap(({ name, vdevs }) => vdevs.map((vdev) => ({ name, vdev })));
    const mine = ends.find(({ vdev }) => vdev.driver !== "virtio_user" && vdev.socket === found.socket);
    if (mine === undefined) {
      const taken = ends.filter(({ vdev }) => vdev.driver === "virtio_user").map(({ vdev }) => vdev.socket);
      const free = ends.map(({ vdev }) => vdev.socket).filter((socket) => !taken.includes(socket));
      throw refuse(
        document,
        path,
        `no net_vhost has the socket "${found.socket}", and no interface is on such a link`,
        free,
        found.socket,
      );
    }
    if (found.port !== null && mine.vdev.driver === "net_vhost") {
      throw document.errorAt(path, "port is for links, and the generator's is the socket of a net_vhost", {
        accepted: "no port",
      });
    }
    if (this.#running.has(mine.name)) return found;
    const accepted = `a step { do: launch, device: ${mine.name} } before it`;
    throw document.errorAt(path, `${mine.name}, which has the generator's socket, does not run at this step`, {
      accepted,
    });
  }
}

/** All steps of the list at `path`. */
export function stepsAt(context: StepContext, path: YamlPath, values: readonly unknown[]): PlanStep[] {
  const { document } = context;
  const reader = new StepReader(context);
  const steps = values.map((value, i): PlanStep => {
    const at = [...path, i];
    const deed = reader.read(at, value);
    const heading = (value as { step?: string }).step ?? null;
    return { heading, place: document.errorAt(at, "").where ?? "", ...deed };
  });
  reader.end(path);
  return steps;
}
