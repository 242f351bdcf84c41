/** What a generator's thread runs: a trial, or a session of flows. A turn is the same for both. */
import type { OpenPort } from "./job.js";

export interface Traffic {
  attach(index: number, port: OpenPort | null): void;
  command(message: unknown): unknown;
  /** May an idle loop sleep now? */
  readonly mayRest: boolean;
  /** Until a frame comes in? Absent: never. */
  mayRestLong?(): boolean;
  /** Frames may leave and come in, turn by turn. Else `stepBeside` is what there is to do. */
  isOpen(): boolean;
  stepBeside(): number;
  /** Reads the clock. */
  beginTurn(): void;
  /** Takes what somebody asked for since, and returns how much it was. */
  takeCommands(): number;
  /** These return the frames moved. */
  send(): number;
  receive(): number;
  /** To neighbours. */
  answer(): number;
  /** What is now and then told and looked at, where its time has come; and whether it is over. */
  endTurn(): void;
  /** The next departure is so near that the thread should stay awake for it. */
  readonly isWakeful: boolean;
}

/** One turn. Returns the frames moved; 0: the thread may back off. */
export function trafficTurn(traffic: Traffic): number {
  if (!traffic.isOpen()) return traffic.stepBeside();
  traffic.beginTurn();
  let moved = traffic.takeCommands();
  moved += traffic.send();
  moved += traffic.receive();
  moved += traffic.answer();
  traffic.endTurn();
  return moved === 0 && traffic.isWakeful ? 1 : moved;
}
