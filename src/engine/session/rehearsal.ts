/** A session through a direct loop: V8 compiles the loop's code, and nothing is sent on a port. */
import { fcsBytes, minFrameBytes } from "../../units.js";
import type { CreateJob, JobContext, OpenPort } from "../loop/index.js";
import { RehearsedJob } from "../rehearsal/index.js";
import type { SessionCommand } from "./orders.js";
import type { SessionBuffers } from "./session-memory.js";

/** So many turns between two looks whether it is over. */
const turnsALook = 32;
/**
 * It begins late: times of a session outgrow 32 bits after some seconds, and so does the lower half of a signature's time. V8
 * would compile code for small whole numbers only, and throw it away then. In the rehearsal, that half becomes large.
 */
const beginAtNs = 2 ** 33 + 2 ** 31 - 20_000_000;

/** Runs what the commands in these buffers order, as long as flows run. Returns how long it took. */
export function rehearseSession(
  createJob: CreateJob,
  context: JobContext,
  ports: readonly (OpenPort | null)[],
  buffers: SessionBuffers,
  mostNs: number,
): number {
  const { ports: all, partOf = Array<number>(all).fill(0) } = buffers.shape;
  const job = new RehearsedJob(createJob, context, {
    ports: ports.slice(0, partOf.filter((part) => part === 0).length),
    queues: 1,
    maxFrameBytes: minFrameBytes - fcsBytes,
    options: { session: buffers },
    counterSlots: 1,
    onEvent: () => {},
  });
  job.command({ kind: "begin", atNs: beginAtNs } satisfies SessionCommand);
  const { nowNs } = context;
  const beganNs = nowNs();
  while (job.command({ kind: "isRunning" } satisfies SessionCommand) === true && nowNs() - beganNs < mostNs) {
    for (let turn = 0; turn < turnsALook; turn++) job.step();
  }
  return nowNs() - beganNs;
}
