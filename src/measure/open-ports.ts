/** Opens ports and waits for their peers. */
import { type OpenPortOptions, openPort, type Port, type PortSpec } from "../port/index.js";

export interface WantedPort {
  readonly spec: PortSpec;
  readonly options: Partial<OpenPortOptions>;
}

/**
 * `wait` waits for the peers of all ports (until-ready.ts), and rejects when an interrupt comes. Where a port cannot be
 * opened, or `wait` rejects, every port is closed again.
 */
export async function openReady(
  wanted: readonly WantedPort[],
  wait: (ports: readonly Port[]) => Promise<void>,
): Promise<readonly Port[]> {
  const ports: Port[] = [];
  try {
    for (const { spec, options } of wanted) ports.push(await openPort(spec, options));
    await wait(ports);
    return ports;
  } catch (error) {
    await closeAll(ports);
    throw error;
  }
}

/** Last opened, first closed. (AsyncDisposableStack is not in Node 20.) */
export async function closeAll(opened: readonly AsyncDisposable[]): Promise<void> {
  for (const part of opened.toReversed()) await part[Symbol.asyncDispose]();
}
