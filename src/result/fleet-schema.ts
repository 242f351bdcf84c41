/** What a fleet adds to the result document: who took part, and in each trial who did what. Part of run-schema.ts. */

import { z } from "zod";
import { causes } from "../stats/cause.js";

const frames = z.int().min(0);
const ns = z.number();
const text = z.string();

const blamed = z.array(z.strictObject({ agent: text, why: text }));

const clock = z
  .strictObject({
    way: z
      .enum(["same", "messages"])
      .describe("same: it reads the coordinator's clock; messages: by questions and answers"),
    offsetNs: ns.describe("how far it is ahead of the coordinator's clock"),
    boundNs: ns.describe("how wrong that is at most, whatever the ways took"),
    exchanges: frames,
    minRttNs: ns,
  })
  .nullable()
  .describe("null: its clock could not be told from the coordinator's");

const pairFit = z.strictObject({
  offsetNs: ns.describe("how far the receiver's clock is ahead of the sender's"),
  boundNs: ns,
  ratePpb: z.number(),
  rateBoundPpb: z.number(),
  exchanges: frames,
  minRttNs: ns,
  residualNs: ns,
});

const figure = z.int().min(0).nullable().describe("null: an end of the flow was lost, and nobody knows");

const flowRow = z.strictObject({
  from: text.describe("agent/port"),
  to: text,
  share: text.describe("which of how many interleaved shares of the schedule; of shares that differ, how much of it"),
  sent: figure,
  received: figure.describe("of this sender alone"),
  accepted: figure,
  lost: z.int().nullable(),
  lossRatio: z.number().nullable(),
  duplicate: figure,
  reordered: figure,
  strayed: z
    .array(z.strictObject({ agent: text, frames }))
    .describe("whole frames of this sender that came in at other agents, or back at itself; in no other count"),
  txPps: z.number().nullable(),
  rxPps: z.number().nullable(),
  latencyNs: z.strictObject({ min: ns, p50: ns, p99: ns, max: ns }).nullable(),
  pdvNs: z.strictObject({ p99: ns, p99_9: ns }).nullable(),
  ipdvNs: z.strictObject({ p50: ns, p99: ns, max: ns }).nullable(),
  clock: z
    .strictObject({
      way: z.enum(["same", "udp", "messages"]).describe("same: both ends read one clock"),
      boundNs: ns.nullable().describe("how wrong each latency of the flow is at most; null: nobody knows"),
      why: text.nullable().describe("why nobody knows"),
      before: pairFit.nullable().describe("from questions before the trial, at its start; null: there were none"),
      after: pairFit.nullable().describe("from questions after it, at its end"),
    })
    .describe("how the clocks of both ends stood to each other"),
  verdict: z.enum(["pass", "fail", "invalid"]).describe("of the flow alone"),
  reasons: z.array(text),
  causes: z.array(z.enum(causes)).optional().describe("one for each reason"),
});

const agentRow = z.strictObject({
  name: text,
  share: text.describe("which of how many interleaved shares of the schedule; of shares that differ, how much of it"),
  sent: frames,
  received: frames,
  accepted: frames,
  lost: z.int(),
  txPps: z.number(),
  rxPps: z.number(),
  verdict: z.enum(["pass", "fail", "invalid"]).describe("of its share alone"),
  reasons: z.array(text),
  causes: z.array(z.enum(causes)).optional().describe("one for each reason"),
  startLateNs: ns.describe("how long after the appointed moment its loop began"),
  clockBoundNs: ns,
  latencyNs: z.strictObject({ p50: ns, p99: ns, max: ns }).nullable(),
});

export const fleetTrialSchema = z
  .strictObject({
    start: z.strictObject({
      agents: frames,
      appointedNs: ns.describe("in the coordinator's clock"),
      earliestNs: ns.describe("since the appointed moment"),
      latestNs: ns,
      spreadNs: ns,
      boundNs: ns.describe("of the worst clock"),
    }),
    agents: z.array(agentRow),
    flows: z
      .array(flowRow)
      .optional()
      .describe("who sent to whom: losses and latency by pair; absent: each agent received its own frames"),
    lost: blamed.describe("their reports never came: the trial is invalid, and what they sent is in no sum"),
    left: blamed.describe("left out before the trial began; the others had the whole load"),
    silent: z
      .array(z.strictObject({ agent: text, fromNs: ns, toNs: ns }))
      .describe("nothing was heard of them meanwhile"),
    limitedBy: z.array(text).describe("agents that did not offer their share"),
    inexact: z.array(text).describe("figures that the agents do not have together, and why"),
  })
  .describe("of a trial that several agents did together; the trial's counts are the sum");

export const fleetRunSchema = z
  .strictObject({
    address: text.describe("local:N, or the server's"),
    run: text,
    startWithinNs: ns.describe("the agents had to begin within this time of each other"),
    agents: z.array(
      z.strictObject({
        name: text,
        host: text,
        version: text,
        node: text,
        cpus: frames,
        ports: z.array(text),
        labels: z.record(text, text),
        maxPps: z.number().nullable(),
        capacityPps: z
          .number()
          .optional()
          .describe("frames per second that it can do, by which the load is shared; absent: all have as much"),
        clock,
      }),
    ),
  })
  .describe("absent: one generator did the run");
