/** The session as a loop's job. Its loop never stands for a flow's sake: commands come through shared memory. */
import { fcsBytes, minFrameBytes } from "../../units.js";
import type { CreateJob, Job, JobContext, OpenPort } from "../loop/index.js";
import { directLoop } from "../trial/index.js";
import type { SessionCommand } from "./orders.js";
import { SessionLoop } from "./session-loop.js";
import type { SessionBuffers } from "./session-memory.js";

export interface SessionJobOptions {
  readonly buffers: SessionBuffers;
}

class SessionJob implements Job {
  readonly #context: JobContext;
  readonly #ports: (OpenPort | null)[];
  readonly #loop: SessionLoop;

  constructor(context: JobContext) {
    const { buffers } = context.options as SessionJobOptions;
    const { memory, nowNs, sleeps, inUse, post } = context;
    this.#context = context;
    this.#ports = Array.from({ length: buffers.shape.ports }, () => null);
    this.#loop = new SessionLoop({ ringMemory: memory, nowNs, sleeps, inUse, post }, buffers);
  }

  attach(index: number, port: OpenPort | null): void {
    this.#ports[index] = port;
    this.#loop.attach(index, port);
  }

  command(message: unknown): unknown {
    const command = message as SessionCommand;
    if (command.kind === "rehearse") return this.#rehearse(command.buffers, command.mostNs);
    this.#loop.clock.begin();
    return this.#loop.clock.epochNs;
  }

  mayRest(): boolean {
    return this.#loop.mayRest;
  }

  step(): number {
    return this.#loop.step();
  }

  /** Its commands are there already. Returns how long it took. */
  #rehearse(buffers: SessionBuffers, mostNs: number): number {
    const { nowNs, sleeps } = this.#context;
    const direct = directLoop(this.#ports.slice(0, buffers.shape.ports), 1, minFrameBytes - fcsBytes);
    const context = { ringMemory: direct.memory, nowNs, sleeps, inUse: { port: 0 }, post: () => {} };
    const loop = new SessionLoop(context, buffers);
    for (const [index, port] of direct.ports.entries()) loop.attach(index, port);
    const beganNs = nowNs();
    while (loop.isRunning && nowNs() - beganNs < mostNs) {
      loop.step();
      direct.turn();
    }
    return nowNs() - beganNs;
  }
}

export const createJob: CreateJob = (context) => new SessionJob(context);
