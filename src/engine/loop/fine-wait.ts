/**
 * Waits to within a few nanoseconds. A clock read takes 50 to 200 ns, so a loop of reads may overshoot by that much. The
 * last piece is therefore spent in a loop of known speed, so that the read after it ends on time.
 */
import type { TrialClock } from "./trial-clock.js";

const calibrationSteps = 20_000;
const rounds = 5;
/**
 * Closer than this many clock reads to the next departure, but within these bounds, a loop waits for it: a poll of the
 * receive rings would make it late.
 */
const spinReads = 5;
const leastSpinNs = 300;
const mostSpinNs = 700;
/** Closer than this to the next departure a thread does not give way, unless there are more threads than CPUs. */
export const wakefulNs = 20_000;
/** Each step is a dependent multiplication, and no machine does more. Only a clock that stands still would show more. */
const mostStepsPerNs = 2;

export class FineWait {
  /** This near to the next departure, a loop waits for it. */
  readonly spinNs: number;
  readonly #clock: TrialClock;
  #readNs = 0;
  #stepsPerNs = 0;
  #state = 1;

  constructor(clock: TrialClock) {
    this.#clock = clock;
    for (let round = 0; round < rounds; round++) this.#calibrate();
    this.spinNs = Math.min(mostSpinNs, Math.max(leastSpinNs, spinReads * this.#readNs));
  }

  /** The time of one clock read. */
  get readNs(): number {
    return this.#readNs;
  }

  /** Returns when the clock, which was read just now, reads `untilNs` of the trial or a bit more. */
  until(untilNs: number): void {
    const clock = this.#clock;
    const near = 2 * this.#readNs;
    while (untilNs - clock.nowNs > near) clock.read();
    const restNs = untilNs - clock.nowNs - this.#readNs;
    if (restNs > 0) this.#state = spin(this.#state, Math.floor(restNs * this.#stepsPerNs));
    do clock.read();
    while (clock.nowNs < untilNs);
  }

  /** Keeps the best of a few rounds: disturbances only make a round slower. */
  #calibrate(): void {
    const start = this.#look();
    for (let i = 0; i < 100; i++) this.#look();
    const readNs = (this.#look() - start) / 101;
    const spinStart = this.#look();
    this.#state = spin(this.#state, calibrationSteps);
    const stepsPerNs = calibrationSteps / Math.max(1, this.#look() - spinStart - readNs);
    this.#readNs = this.#readNs === 0 ? readNs : Math.min(this.#readNs, readNs);
    this.#stepsPerNs = Math.min(mostStepsPerNs, Math.max(this.#stepsPerNs, stepsPerNs));
    if (this.#readNs === 0) this.#readNs = 1;
  }

  #look(): number {
    this.#clock.read();
    return this.#clock.nowNs;
  }
}

/**
 * Each step waits for the one before. The result is kept, so that the compiler leaves nothing out. The caller stores it:
 * V8 compiles this loop while it runs, has not seen what comes after it, and would return to the interpreter for that.
 */
function spin(state: number, steps: number): number {
  let x = state;
  for (let i = 0; i < steps; i++) x = Math.imul(x, 0x5bd1e995) ^ i;
  return x;
}
