/**
 * The shape of a test plan: keys, types, and in `describe` what is accepted, which errors quote. What values mean is
 * checked where they are read (plan-values.ts), and how parts fit together in plan-load.ts. A new kind of step is one
 * entry of `stepSchemas`, one of `PlanDeed`, and one of the runner's.
 */
import { z } from "zod";

const text = z.string().min(1).describe("a text");
const flag = z.literal([0, 1]).describe("0 or 1, as DPDK writes it");
const frameRate = z.string().describe("frames per second, e.g. 10kpps");
const whole = z.int().min(1).describe("a whole number from 1");
const time = z.string().describe("a time, e.g. 10s");
const amount = z.union([z.int(), z.string()]).describe("a number of bytes, e.g. 512MiB");
const deviceName = z.string().describe("the name of a device of this plan");
const lines = z.array(z.string()).describe("a list of texts");

export const hugepagesSchema = z
  .strictObject({
    mount: z.string().startsWith("/").describe("the absolute path of a folder"),
    size: amount.describe("the size of a page, e.g. 2MiB"),
    count: whole,
  })
  .describe("keys mount, size, count; or none");

export const deviceSchema = z
  .strictObject({
    in: z.literal(["host", "container"]).describe("host or container"),
    literal: text,
    queues: z.int().min(1).max(8).describe("1 to 8"),
    memory: amount,
    hugepages: z.boolean().describe("true or false"),
    cores: z.int().min(1).max(8).describe("1 to 8 forwarding cores"),
    mbufs: z.int().min(1024).describe("a whole number from 1024"),
    options: lines,
    eal: lines,
    vdevs: z.record(z.string(), z.unknown()).describe("virtual devices by name, e.g. net_vhost0: { iface: vhost-net }"),
  })
  .partial()
  .describe("keys in, literal, queues, memory, hugepages, cores, mbufs, options, eal, vdevs");

const socket = z
  .string()
  .regex(/^[\w.-]+$/)
  .describe("the name of a socket in the run's folder, without any slash");

/** With the digit of its end it is an interface's name. */
const link = z
  .string()
  .regex(/^[a-z][a-z0-9]{0,9}$/)
  .describe("a name of up to 10 letters and digits, which traffic names as its socket");

/** By driver: the options that `--vdev` takes. Drivers of interfaces have a link in the place of a socket. */
export const vdevSchemas = {
  net_vhost: z.strictObject({ iface: socket, client: flag }).partial().describe("keys iface, client"),
  virtio_user: z
    .strictObject({
      path: socket,
      server: flag,
      mac: z.string().describe("six pairs of hex digits, e.g. 00:11:22:33:44:10"),
      queue_size: z.int().min(32).max(32_768).describe("32 to 32768"),
      packed_vq: flag,
      mrg_rxbuf: flag,
      in_order: flag,
      vectorized: flag,
    })
    .partial()
    .describe("keys path, server, mac, queue_size, packed_vq, mrg_rxbuf, in_order, vectorized"),
  net_af_packet: z
    .strictObject({
      link,
      framecnt: z.int().min(2).describe("a number of frames from 2"),
      qdisc_bypass: flag,
    })
    .partial()
    .describe("keys link, framecnt, qdisc_bypass"),
  net_tap: z.strictObject({ link }).partial().describe("keys link"),
  net_af_xdp: z.strictObject({ link }).partial().describe("keys link"),
} as const;

const trafficShape = {
  socket: socket.describe("the name of a socket in the run's folder, or of a link"),
  port: z
    .string()
    .describe("on a link: the generator's port, with {iface} and {netns}, e.g. packet:{iface},netns={netns}"),
  sizes: z
    .union([z.int(), z.string(), z.array(z.union([z.int(), z.string()])).min(1)])
    .describe("sizes with FCS: plan, [64, 1518], 64-1518:64, imix, rfc2544"),
  rate: z.string().describe("a rate, e.g. 10kpps or max"),
  count: z.union([z.int(), z.string()]).describe("a number of frames, e.g. 10000 or 10k"),
  duration: time,
  flows: whole,
  "dst-mac": z.string().describe("six pairs of hex digits, e.g. 00:11:22:33:44:10"),
};

export const planTrafficSchema = z
  .strictObject(trafficShape)
  .partial()
  .describe("keys socket, port, sizes, rate, count, duration, flows, dst-mac");

const forwarded = z.literal("forwarded").describe("forwarded");
const equal = z.literal("equal").describe("equal");

export const trafficChecksSchema = z
  .strictObject({
    loss: z.union([z.number(), z.string()]).describe("the most that may be lost, e.g. 0 or 0.1%"),
    unaccounted: z.int().min(0).describe("a number of frames from 0"),
    queues: forwarded,
    counters: equal,
    "least-rate": frameRate,
  })
  .partial()
  .describe("keys loss, unaccounted, queues, counters, least-rate");

export const textChecksSchema = z
  .strictObject({
    link: z.literal(["up", "down"]).describe("up or down"),
    queues: forwarded,
    counters: equal,
    "least-rate": frameRate,
    contains: text,
  })
  .partial()
  .describe("keys link, queues, counters, least-rate, contains");

/** The plan's own words for a step; where it is absent, the deed belongs to the step before. */
const common = { step: text.optional() };
const stepKeys = <T extends z.ZodRawShape>(verb: string, shape: T) =>
  z.strictObject({ do: z.literal(verb).describe(verb), ...common, ...shape });

export const stepSchemas = {
  "mount hugepages": stepKeys("mount hugepages", {}),
  launch: stepKeys("launch", { device: deviceName }),
  command: stepKeys("command", { device: deviceName, text, check: textChecksSchema.optional() }),
  send: stepKeys("send", { ...planTrafficSchema.shape, check: trafficChecksSchema.optional() }),
  "start traffic": stepKeys("start traffic", planTrafficSchema.omit({ count: true, duration: true }).shape),
  "watch traffic": stepKeys("watch traffic", {
    "comes-back": z.boolean().describe("true or false"),
    within: time.optional(),
  }),
  "stop traffic": stepKeys("stop traffic", { check: trafficChecksSchema.optional() }),
  "wait for link": stepKeys("wait for link", {
    device: deviceName,
    port: z.int().min(0).describe("a port id from 0"),
    is: z.literal(["up", "down"]).describe("up or down"),
    within: time.optional(),
  }),
  wait: stepKeys("wait", { for: time }),
  quit: stepKeys("quit", { device: deviceName }),
  kill: stepKeys("kill", { device: deviceName }),
} as const;

export type StepVerb = keyof typeof stepSchemas;

const steps = z.array(z.unknown()).min(1).describe("a list of steps, e.g. - { do: launch, device: vhost }");

export const caseSchema = z
  .strictObject({
    name: text,
    id: z.string().regex(/^\w+$/).describe("letters, digits and _, e.g. test_perf_packet_fwd_for_container").optional(),
    notes: lines.optional(),
    devices: z.record(z.string(), z.unknown()).describe("what differs, by device").optional(),
    traffic: planTrafficSchema.optional(),
    steps: steps.optional(),
  })
  .describe("keys name, id, notes, devices, traffic, steps");

export const planSchema = z
  .strictObject({
    title: text,
    source: text.optional(),
    notes: lines.optional(),
    hugepages: z
      .union([hugepagesSchema, z.literal("none")])
      .describe("keys mount, size, count; or none")
      .optional(),
    devices: z.record(z.string(), z.unknown()).describe("devices by name"),
    traffic: planTrafficSchema.optional(),
    steps: steps.optional(),
    cases: z.array(z.unknown()).min(1).describe("a list of cases"),
  })
  .describe("keys title, source, notes, hugepages, devices, traffic, steps, cases");

/** The published form: JSON Schema, draft 2020-12, for editors. What it can't say is said when a plan is loaded. */
export function testPlanJsonSchema(): Readonly<Record<string, unknown>> {
  const device = deviceSchema.extend({
    vdevs: z
      .record(
        z.string().regex(/^(net_vhost|virtio_user|net_af_packet|net_tap|net_af_xdp)\d+$/),
        z.union(Object.values(vdevSchemas)),
      )
      .optional(),
  });
  const anySteps = z.array(z.union(Object.values(stepSchemas) as readonly z.ZodType[])).min(1);
  const devices = z.record(z.string(), device);
  const oneCase = caseSchema.extend({ devices: devices.optional(), steps: anySteps.optional() });
  const whole = planSchema.extend({ devices, steps: anySteps.optional(), cases: z.array(oneCase).min(1) });
  const { $schema, ...rest } = z.toJSONSchema(whole, { target: "draft-2020-12", io: "input" });
  return { $schema, title: "pktgen-ts test plan", ...rest };
}
