/** A server for runs: over TCP, a Unix socket, or lines. */

import type { Guard } from "./http/guard.js";
import { type Listener, type ListenPlace, listen as listenAt } from "./http/listener.js";
import { Server } from "./server.js";
import type { ServeSetup } from "./setup.js";
import { type Lines, serveLines } from "./stdio.js";

export type { ListenPlace } from "./http/listener.js";
export { type OneRun, oneRun, type ShownRun } from "./one-run.js";
export type { PlannedRun } from "./runs/planned.js";
export type { NamedPort, ServeSetup } from "./setup.js";

export interface Serving extends AsyncDisposable {
  /** @throws PktgenError (3): the place cannot be had. */
  listen(place: ListenPlace, guard: Guard): Promise<Listener>;
  /** Resolves when the client has gone, or `signal` is aborted. */
  lines(lines: Lines, signal: AbortSignal): Promise<void>;
}

/**
 * Ends with all its runs and sessions when it, or a listener of it, is disposed of.
 * @throws PktgenError (3): the history cannot be written.
 */
export function startServing(setup: ServeSetup): Serving {
  const server = new Server(setup);
  return {
    async listen(place, guard) {
      const listener = await listenAt(server, place, guard);
      return {
        address: listener.address,
        // In this order: who follows a run or a session is told how it ended.
        [Symbol.asyncDispose]: async () => {
          await server.close();
          await listener[Symbol.asyncDispose]();
        },
      };
    },
    lines: (lines, signal) => serveLines(server, lines, signal),
    [Symbol.asyncDispose]: () => server.close(),
  };
}
