/**
 * Time is an argument: whoever needs it is handed a Clock. `sys` has the real one, tests have their own.
 */
export interface Clock {
  /** Nanoseconds since a fixed moment of this boot, monotonic, as an exact double (good for 104 days). */
  nowNs(): number;
}
