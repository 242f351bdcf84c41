/** What a flow says of when its frames leave: checked, and as the loop is told of it. */
import type { DepartureLaw, FlowSchedule, SessionOrder } from "../engine/session/index.js";
import { SessionError } from "./session-error.js";
import type { FlowDuration, FlowLaw, FlowSpec } from "./types.js";

const mostPieces = 1000;
const mostKey = 2 ** 32 - 1;

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 1;
const isTime = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
const isShare = (value: number): boolean => value >= 0 && value <= 1e6;

type Timed = Pick<FlowSpec, "name" | "rate" | "delayNs" | "duration" | "law">;

/** Refuses times, counts and laws that no schedule has, or not together. @throws SessionError bad-spec, not-possible */
export function checkFlowSchedule(spec: Timed): void {
  const { delayNs, duration = { kind: "continuous" }, law = { kind: "steady" } } = spec;
  const refuse = refusalOf(spec);
  if (delayNs != null && !isTime(delayNs))
    throw refuse(`the delay cannot be ${delayNs} ns`, "delayNs", "whole nanoseconds from 0");
  checkDuration(duration, refuse);
  checkLaw(law, refuse);
  checkTogether(spec);
}

/** @throws SessionError not-possible */
export function checkTogether(spec: Pick<FlowSpec, "name" | "rate" | "duration" | "law">): void {
  const { rate, duration, law = { kind: "steady" } } = spec;
  const where = `flow "${spec.name}"`;
  if (law.kind !== "steady" && duration?.kind === "bursts") {
    const what = `a flow in bursts has one rate within them, and no ${lawWords[law.kind]}`;
    throw new SessionError("not-possible", what, { where, accepted: "bursts, or a law, not both" });
  }
  if (rate.kind === "max" && (law.kind !== "steady" || duration?.kind === "bursts")) {
    const what = "a flow at max sends what its port takes, and has no departures of its own";
    const accepted = "a rate for bursts, shapes and Poisson arrivals; or max with frames or seconds";
    throw new SessionError("not-possible", what, { where, accepted });
  }
}

const lawWords = { shape: "shape", poisson: "Poisson arrivals" } as const;

type Refuse = (what: string, field: string, accepted: string) => SessionError;

const refusalOf =
  ({ name }: Pick<FlowSpec, "name">): Refuse =>
  (what, field, accepted) =>
    new SessionError("bad-spec", what, { where: `flow "${name}" ${field}`, accepted });

function checkDuration(duration: FlowDuration, refuse: Refuse): void {
  if (duration.kind === "continuous") return;
  if (duration.kind === "seconds") {
    if (duration.seconds > 0 && duration.seconds <= 1e7) return;
    throw refuse(`the duration cannot be ${duration.seconds} s`, "duration", "above 0, up to 10,000,000 s");
  }
  if (!isCount(duration.frames))
    throw refuse(`frames cannot be ${duration.frames}`, "duration", "whole numbers from 1");
  if (duration.kind === "frames") return;
  if (duration.bursts !== null && !isCount(duration.bursts))
    throw refuse(`bursts cannot be ${duration.bursts}`, "duration", "whole numbers from 1, or null");
  if (!isTime(duration.gapNs))
    throw refuse(`the gap cannot be ${duration.gapNs} ns`, "duration", "whole nanoseconds from 0");
}

function checkLaw(law: FlowLaw, refuse: Refuse): void {
  if (law.kind === "steady") return;
  if (law.kind === "poisson") {
    if (Number.isInteger(law.key) && law.key >= 0 && law.key <= mostKey) return;
    throw refuse(`the key cannot be ${law.key}`, "law", `whole numbers from 0 to ${mostKey}`);
  }
  const { pieces, thenShare } = law;
  if (pieces.length > mostPieces)
    throw refuse(`a shape cannot have ${pieces.length} pieces`, "law", `up to ${mostPieces}`);
  for (const { durationNs, fromShare, toShare } of pieces) {
    if (!isCount(durationNs)) throw refuse(`a piece of ${durationNs} ns cannot be`, "law", "whole nanoseconds from 1");
    for (const share of [fromShare, toShare])
      if (!isShare(share)) throw refuse(`a share cannot be ${share}`, "law", "from 0 to 1,000,000");
  }
  if (!isShare(thenShare)) throw refuse(`a share cannot be ${thenShare}`, "law", "from 0 to 1,000,000");
  const isSilent = thenShare === 0 && pieces.every(({ fromShare, toShare }) => fromShare === 0 && toShare === 0);
  if (isSilent) throw refuse("a shape of nothing sends nothing", "law", "a share above 0");
}

const lawOf = ({ law = { kind: "steady" } }: FlowSpec): DepartureLaw => law;

/** Without an end, a break or a law: what a flow is that nothing is said of. */
export const isEndless = ({ duration, law }: FlowSpec): boolean =>
  (duration === undefined || duration.kind === "continuous") && (law === undefined || law.kind === "steady");

function scheduleOf(spec: FlowSpec): FlowSchedule {
  const { duration = { kind: "continuous" } } = spec;
  const endless: FlowSchedule = { limit: null, durationNs: null, bursts: null, law: lawOf(spec) };
  switch (duration.kind) {
    case "continuous":
      return endless;
    case "frames":
      return { ...endless, limit: duration.frames };
    case "seconds":
      return { ...endless, durationNs: Math.round(duration.seconds * 1e9) };
    case "bursts": {
      const { frames, bursts, gapNs } = duration;
      // Of a number of bursts it sends all frames: those of slots that were missed in a burst more.
      return { ...endless, limit: bursts === null ? null : frames * bursts, bursts: { frames, bursts: null, gapNs } };
    }
  }
}

/** One order for all flows of the same schedule. */
export function scheduleOrders(flows: readonly { readonly slot: number; readonly spec: FlowSpec }[]): SessionOrder[] {
  const same = new Map<string, { readonly schedule: FlowSchedule; readonly slots: number[] }>();
  for (const { slot, spec } of flows) {
    const schedule = scheduleOf(spec);
    const key = JSON.stringify(schedule);
    const known = same.get(key);
    if (known === undefined) same.set(key, { schedule, slots: [slot] });
    else known.slots.push(slot);
  }
  return [...same.values()].map(({ schedule, slots }) => ({ kind: "schedule", flows: slots, schedule }));
}
