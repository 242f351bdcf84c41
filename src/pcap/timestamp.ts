/**
 * pcapng's timestamps: 64 bits of ticks since 1970, as seconds and nanoseconds. The usual resolutions are converted
 * by long division in doubles, exactly and without BigInt.
 */

/** Below this a remainder and 16 more bits are still exact in a double. */
const mostDivisor = 2 ** 37;
const mostExact = 2 ** 53;

/** if_tsresol (§4.2): 10^-n, or 2^-n if the high bit is set; ticks per second. */
export function ticksPerSecondOf(resolution: number): number {
  const exponent = resolution & 0x7f;
  return (resolution & 0x80) === 0 ? 10 ** exponent : 2 ** exponent;
}

/** The if_tsresol of a number of ticks, or null if there is none. */
export function resolutionOf(ticksPerSecond: number): number | null {
  for (let n = 0; n < 64; n++) {
    if (n < 20 && 10 ** n === ticksPerSecond) return n;
    if (2 ** n === ticksPerSecond) return 0x80 | n;
  }
  return null;
}

/** Ticks → time, for one interface. `set` leaves it in `seconds` and `nanoseconds`. */
export class TickConverter {
  seconds = 0;
  nanoseconds = 0;
  readonly #ticksPerSecond: number;
  readonly #offsetSeconds: number;
  /** Nanoseconds of a tick if that is a whole number, else 0. */
  readonly #tickNs: number;
  readonly #exact: boolean;

  constructor(ticksPerSecond: number, offsetSeconds: number) {
    this.#ticksPerSecond = ticksPerSecond;
    this.#offsetSeconds = offsetSeconds;
    this.#tickNs = 1e9 % ticksPerSecond === 0 ? 1e9 / ticksPerSecond : 0;
    this.#exact = ticksPerSecond <= mostDivisor && (this.#tickNs > 0 || ticksPerSecond * 1e9 <= mostExact);
  }

  set(high: number, low: number): void {
    if (!this.#exact) {
      this.#setExactly(high, low);
      return;
    }
    const d = this.#ticksPerSecond;
    const q1 = Math.floor(high / d);
    const x = (high - q1 * d) * 65_536 + (low >>> 16);
    const q2 = Math.floor(x / d);
    const y = (x - q2 * d) * 65_536 + (low & 0xffff);
    const q3 = Math.floor(y / d);
    const rest = y - q3 * d;
    this.seconds = q1 * 4_294_967_296 + q2 * 65_536 + q3 + this.#offsetSeconds;
    this.nanoseconds = this.#tickNs > 0 ? rest * this.#tickNs : Math.floor((rest * 1e9) / d);
  }

  /** For resolutions that are unusual on a fast line. */
  #setExactly(high: number, low: number): void {
    const ticks = (BigInt(high) << 32n) | BigInt(low);
    const d = BigInt(this.#ticksPerSecond);
    this.seconds = Number(ticks / d) + this.#offsetSeconds;
    this.nanoseconds = Number(((ticks % d) * 1_000_000_000n) / d);
  }
}
