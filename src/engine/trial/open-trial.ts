/** A trial from its order to its report, as the generator's loop keeps it. */
import { quietWhenCompleteNs, type TrialClock } from "../loop/index.js";
import { generatorCounter as counter, generatorPhase as phase } from "./counters.js";
import type { Direction } from "./direction.js";
import type { LoadReceiver, SentTurn } from "./load-queue.js";

export interface RunningTrial {
  readonly directions: readonly Direction[];
  readonly clock: TrialClock;
  begun: boolean;
  /** When it begins, by the clock that all threads share; null: at once. */
  startAtNs: number | null;
  begunLateNs: number;
  sleepsBefore: number;
  neverQuiet: boolean;
  slept: boolean;
  elapsedNs: number;
  calibrationBeforeNs: number;
  phase: number;
  reported: boolean;
  /** Changes of its load that were made. */
  turns: number;
}

export const newTrial = (
  directions: readonly Direction[],
  clock: TrialClock,
  calibrationBeforeNs: number,
): RunningTrial => ({
  directions,
  clock,
  begun: false,
  startAtNs: null,
  begunLateNs: 0,
  sleepsBefore: 0,
  neverQuiet: false,
  slept: false,
  elapsedNs: 0,
  calibrationBeforeNs,
  phase: phase.sending,
  reported: false,
  turns: 0,
});

/** What anybody may read while it runs. */
export function publishCounters(trial: RunningTrial, counters: Float64Array): void {
  const { nowNs } = trial.clock;
  let published = 0;
  let received = 0;
  let accepted = 0;
  let corrupt = 0;
  let missing = 0;
  let late = 0;
  for (let d = 0; d < trial.directions.length; d++) {
    const { transmitter, receiver } = trial.directions[d];
    published += transmitter.account.published;
    received += receiver.account.received;
    accepted += receiver.account.accepted;
    corrupt += receiver.account.corrupt;
    missing += receiver.account.missing;
    late += transmitter.account.late;
  }
  counters[counter.phase] = trial.phase;
  counters[counter.published] = published;
  counters[counter.received] = received;
  counters[counter.accepted] = accepted;
  counters[counter.corrupt] = corrupt;
  counters[counter.missing] = missing;
  counters[counter.late] = late;
  counters[counter.turns] = trial.turns;
  counters[counter.beganAtNs] = trial.clock.epochNs;
  counters[counter.elapsedNs] = nowNs;
}

/** At most so many in a look: a turn of one stream of many looks for it among all. */
const turnsALook = 16;

/** More time is for all directions, or for none: where one has ended, it is too late. */
function mayTake({ directions }: RunningTrial, { addNs = 0 }: SentTurn): boolean {
  return addNs === 0 || directions.every(({ transmitter }) => !transmitter.account.ended);
}

/** Changes of the load that somebody made since the last look. Those of another trial, or of one that sends no more, are too late. */
export function takeTurns(trial: RunningTrial, turns: LoadReceiver, counters: Float64Array): void {
  for (let taken = 0; taken < turnsALook && turns.isWaiting; taken++) {
    const turn = turns.first;
    const isMeant = trial.phase === phase.sending && turn.trial === trial.directions[0].spec.trial;
    if (isMeant && mayTake(trial, turn)) {
      // Frames that left since cannot be taken back.
      const atNs = Math.max(trial.clock.nowNs, turn.atNs - trial.clock.epochNs);
      for (const { transmitter } of trial.directions) transmitter.change({ ...turn, atNs });
      trial.turns++;
      // Before the advance tells that it is done: who waits for that reads this.
      counters[counter.turns] = trial.turns;
    }
    turns.advance();
  }
}

/** How long to wait for a DUT that goes on sending: three times the settle time, or what a person waits. */
function longestSettleNs(settleNs: number, stopped: boolean): number {
  return stopped ? Math.min(settleNs, 500e6) : 3 * settleNs + 2e9;
}

function areComplete(directions: readonly Direction[]): boolean {
  for (let d = 0; d < directions.length; d++) if (!directions[d].isComplete()) return false;
  return true;
}

/** The trial is over when nothing has come for long enough after the last frame was sent. */
export function isSettled(trial: RunningTrial): boolean {
  const { nowNs } = trial.clock;
  const { directions } = trial;
  const { settleNs, settlesWhole = false } = directions[0].spec;
  let endedNs = 0;
  let quietSinceNs = 0;
  let stopped = true;
  for (const { transmitter, receiver } of directions) {
    endedNs = Math.max(endedNs, transmitter.account.endedNs);
    quietSinceNs = Math.max(quietSinceNs, receiver.account.lastArrivalNs);
    stopped &&= transmitter.account.cutShort === "stopped";
  }
  if (nowNs - endedNs > longestSettleNs(settleNs, stopped)) {
    trial.neverQuiet = true;
    return true;
  }
  const quietNs = nowNs - Math.max(endedNs, quietSinceNs);
  if (quietNs < Math.min(quietWhenCompleteNs, settleNs)) return false;
  return quietNs >= settleNs || (!settlesWhole && areComplete(directions));
}
