/** Sessions: ports that stay open, the flows on them, captures, hosts and links. */
import { z } from "zod";
import { errorDetail, figures, frames, number, optionValues, text } from "./common.js";

const nameOfFlow = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^/\p{Cc}]+$/u, "a name without slashes");
const rateText = text.describe("10kpps, 1Gbps; max: all that the port takes; 5% where the session has a lineRate");
const timeText = text.describe("e.g. 10s, 500ms");

export const flowRequest = z.strictObject({
  name: nameOfFlow.describe("unique in the session; of a profile with many streams, NAME.STREAM each"),
  tx: text.describe("a port of the session"),
  rx: z
    .union([text, z.array(text)])
    .nullable()
    .optional()
    .describe("where its frames are to come in; default: tx; null: nowhere, and no loss is counted"),
  rate: rateText.optional().describe("of all streams together; default: the rates of a profile's streams"),
  count: z.int().min(1).optional().describe("frames of each stream"),
  duration: timeText.optional().describe("time of sending; default: no end"),
  options: optionValues.optional().describe("as on the command line: sizes (one size), vlan, ip, dstMac …"),
  profile: text.optional().describe("out of GET /profiles"),
  profileText: z.string().max(1_000_000).optional(),
  frame: text.optional().describe("hex:…: one frame without its FCS, repeated"),
  start: z.boolean().optional().describe("it starts at once"),
});

export const sessionRequest = z.strictObject({
  name: z.string().max(200).optional(),
  ports: z.array(text).min(1).max(64).describe("out of GET /ports, for this session alone"),
  flows: z.array(flowRequest).max(4096).optional(),
  stopWithClient: z.boolean().optional().describe("it closes when the last reader of its events leaves"),
  lineRate: text.optional().describe("of each port, e.g. 10Gbps: what percent is of"),
  maxFrame: z.int().min(64).max(65_535).optional().describe("the longest frame with FCS; default: 1518"),
  settle: timeText.optional().describe("a flow is settled when nothing came for this time; default: 2s"),
  workers: z
    .union([z.int().min(1), z.literal("auto"), z.array(z.array(text))])
    .optional()
    .describe("threads that share the ports, at most one for each port; or the ports of each; default: --workers"),
  waitPeer: timeText.optional().describe("how long peers of ports may take; default: 10s"),
  yesThisInterface: z.boolean().optional().describe("where the server was started with it, too"),
});

const sessionState = z.enum(["open", "closing", "done", "failed"]);

const sessionPort = z.object({
  name: text,
  up: z.boolean().nullable(),
  why: text.nullable().describe("of a link that is down"),
  figures,
});

export const sessionInfo = z.object({
  id: text,
  name: text,
  state: sessionState,
  started: text,
  ended: text.nullable(),
  ports: z.array(sessionPort),
  flows: frames,
  running: frames,
  settled: z.boolean().describe("every flow is stopped, and nothing more is awaited"),
  live: figures.describe("sums over all flows"),
  error: errorDetail.nullable(),
});

export const sessionList = z.object({ sessions: z.array(sessionInfo) });

const flowFacts = z.object({
  index: frames.describe("in events; never used again"),
  name: text,
  tx: text,
  rx: z.array(text),
  state: z.enum(["idle", "running", "paused", "ended"]),
  rate: text,
  generation: frames.describe("grows with each start; counters are of it"),
  settled: z.boolean(),
  signed: z
    .boolean()
    .describe("false: frames have no room for a signature; loss is known when it is settled, latency never"),
  figures,
});

export const flowList = z.object({ flows: z.array(flowFacts) });
export const oneFlow = flowFacts.extend({
  histogram: z.array(z.array(number)).describe("latency: [up to ns, frames]; empty: not known"),
  gaps: z
    .array(z.array(number))
    .describe("between its frames as they were sent: [up to ns, gaps]; 0 within a burst; empty: not known"),
});

export const flowsRequest = z.union([z.strictObject({ flows: z.array(flowRequest).min(1).max(4096) }), flowRequest]);

export const flowChange = z.strictObject({ rate: rateText.optional(), paused: z.boolean().optional() });

const someFlows = { flows: z.array(text).optional().describe("names; default: all") };
export const deedRequest = z.strictObject(someFlows);
export const startRequest = z.strictObject({
  ...someFlows,
  count: z.int().min(1).optional().describe("frames of each, from now on"),
  duration: timeText.optional().describe("time of sending of each, from now on; forever: no end"),
});

export const portList = z.object({ ports: z.array(sessionPort) });
export const onePort = sessionPort;
export const portChange = z.strictObject({ up: z.boolean() });

export const captureRequest = z.strictObject({
  port: text.describe("one capture at a time on each port"),
  filter: text.optional().describe("a display filter: udp.dstport == 9"),
  direction: z.enum(["rx", "tx", "both"]).optional().describe("default: rx"),
  mostFrames: z.int().min(1).max(1_000_000).optional().describe("room for so many; default: 10000"),
  snapBytes: z.int().min(1).optional().describe("bytes that are kept of each frame; default: all"),
  overwrite: z.boolean().optional().describe("the oldest frames go (default), or it ends when it is full"),
});

export const servedCapture = z.object({ id: text, port: text, running: z.boolean() });
export const captureList = z.object({ captures: z.array(servedCapture) });

const host = z.strictObject({
  name: z.string().min(1).max(200),
  port: text,
  mac: text,
  ipv4: z.array(text).optional(),
  ipv6: z.array(text).optional(),
  vlan: z.int().min(0).max(4094).nullable().optional(),
});
export const hostList = z.strictObject({ hosts: z.array(host).max(4096) });

const neighbour = z.object({ host: text, address: text, mac: text.nullable().describe("null: nobody answered") });
export const oneNeighbour = neighbour;
export const neighbourList = z.object({ neighbours: z.array(neighbour) });

export const hostQuestion = z.strictObject({
  host: text.describe("of this session: who asks"),
  address: text,
  timeout: timeText.optional().describe("default: 3s, at most 60s"),
});
export const pingAnswer = z.object({ answered: z.boolean(), rttNs: number.nullable() });
