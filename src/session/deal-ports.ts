/** Which thread of a session has which port: all of a port's queues are of one thread. */
import { SessionError } from "./session-error.js";
import type { SessionSpec } from "./types.js";

const where = "workers";

/** By port: its thread. Port k of n threads: k modulo n. @throws SessionError bad-spec */
export function dealPorts({ ports, workers = 1 }: Pick<SessionSpec, "ports" | "workers">): readonly number[] {
  if (typeof workers !== "number")
    return dealtByHand(
      workers,
      ports.map(({ name }) => name),
    );
  if (!Number.isInteger(workers) || workers < 1 || workers > ports.length) {
    const what = `${workers} threads cannot share ${ports.length} ${ports.length === 1 ? "port" : "ports"}`;
    throw new SessionError("bad-spec", what, {
      where,
      accepted: `1 to ${ports.length}`,
      hint: "a port is of one thread, with all of its queues",
    });
  }
  return ports.map((_, port) => port % workers);
}

function dealtByHand(threads: readonly (readonly string[])[], ports: readonly string[]): readonly number[] {
  const named = threads.flat();
  const isEach = named.length === ports.length && ports.every((name) => named.includes(name));
  if (!isEach || threads.some((names) => names.length === 0)) {
    throw new SessionError("bad-spec", "the threads do not have each port once", {
      where,
      accepted: `lists of names, none of them empty, that have ${ports.join(", ")} once`,
    });
  }
  return ports.map((name) => threads.findIndex((names) => names.includes(name)));
}
