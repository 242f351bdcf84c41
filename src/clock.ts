/** Time is an argument: code that needs the time takes a Clock. `sys` has the real clock; tests use their own. */
export interface Clock {
  /** Nanoseconds since a fixed moment of this boot, monotonic, as an exact double (good for 104 days). */
  nowNs(): number;
}
