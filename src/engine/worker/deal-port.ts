/**
 * One port for several loop workers: worker w of N has its queues w, w + N, w + 2N … The port has one observer, which
 * asks all of them. So nothing changes below a ring before the last of them stands.
 */
import type { Port, PortObserver, PortRings } from "../../port/port.js";

/** What a loop worker needs of a port. */
export type WorkerPort = Pick<Port, "rings" | "observe" | "breakConnection">;

const queuesOf = (rings: PortRings | null, worker: number, workers: number): PortRings | null =>
  rings === null ? null : { ...rings, queues: rings.queues.filter((_, queue) => queue % workers === worker) };

/** All observers, whatever one of them throws; the first error then. */
function askAll(observers: readonly PortObserver[], ask: (observer: PortObserver, worker: number) => void): void {
  const errors: unknown[] = [];
  for (const [worker, observer] of observers.entries()) {
    try {
      ask(observer, worker);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

/** The port as each worker sees it. They observe it in their order. */
export function dealPort(port: Port, workers: number): WorkerPort[] {
  const observers: PortObserver[] = [];
  const all: PortObserver = {
    quiesce: () => askAll(observers, (observer) => observer.quiesce()),
    resume: (rings, why, receiving = null) =>
      askAll(observers, (observer, worker) =>
        observer.resume(queuesOf(rings, worker, workers), why, queuesOf(receiving, worker, workers)),
      ),
    trouble: (why) => observers[0]?.trouble?.(why),
  };
  return Array.from({ length: workers }, (_, worker) => ({
    rings: () => queuesOf(port.rings(), worker, workers),
    observe: (observer) => {
      observers[worker] = observer;
      if (worker === 0) port.observe(all);
    },
    breakConnection: (why) => port.breakConnection(why),
  }));
}
