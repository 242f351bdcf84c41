/** One thing that the micro-benchmarks measure: a name, and one operation. */
export interface MicroCase {
  /** What one operation does, and on how much. */
  readonly name: string;
  /** One operation. It hands what it worked out to `keep`. */
  readonly run: () => void;
}

const kept = new Float64Array(1);

/** Uses a result, so that the compiler cannot leave out the work behind it. */
export function keep(value: number): void {
  kept[0] += value;
}
