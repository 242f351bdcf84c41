/** Flows that send as fast as their ports take it, by port. */
export class MaxFlows {
  /** Of all ports. */
  count = 0;
  readonly #byPort: readonly number[][];

  constructor(ports: number) {
    this.#byPort = Array.from({ length: ports }, () => []);
  }

  add(flow: number, port: number): void {
    this.#byPort[port].push(flow);
    this.count++;
  }

  remove(flow: number, port: number): void {
    const place = this.#byPort[port].indexOf(flow);
    if (place < 0) return;
    this.#byPort[port].splice(place, 1);
    this.count--;
  }

  of(port: number): readonly number[] {
    return this.#byPort[port];
  }
}
