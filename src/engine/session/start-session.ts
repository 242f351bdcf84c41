/** The owner's side of a session's loop: starts its thread, and has both ends of the shared memory. */
import type { Port } from "../../port/port.js";
import { type LoopWorker, startLoopWorker } from "../worker/index.js";
import { CommandWriter } from "./commands.js";
import type { SessionCommand, SessionJobEvent } from "./orders.js";
import type { SessionOptions } from "./session-loop.js";
import { allocateSession, type SessionBuffers, SessionMemory, type SessionShape } from "./session-memory.js";

export interface SessionStart {
  readonly ports: readonly Port[];
  readonly shape: SessionShape;
  readonly cpu: number | null;
  readonly busy: boolean;
  readonly onEvent: (event: SessionJobEvent) => void;
  readonly onTrouble: (why: string) => void;
  /** The thread ended by itself. */
  readonly onFailure: (error: Error) => void;
}

export interface SessionHandle extends AsyncDisposable {
  readonly worker: LoopWorker;
  readonly memory: SessionMemory;
  readonly commands: CommandWriter;
  /** Runs what these buffers order through direct loops, so that V8 compiles the loop's code. Before `begin`. */
  rehearse(buffers: SessionBuffers, mostNs: number): Promise<void>;
  /** The loop runs from now on. Resolves with the clock that all threads share at its time 0. */
  begin(): Promise<number>;
}

export async function startSession(setup: SessionStart): Promise<SessionHandle> {
  const buffers = allocateSession(setup.shape);
  const options: SessionOptions = { session: buffers };
  const worker = await startLoopWorker({
    name: "session",
    job: "generator",
    options,
    ports: setup.ports,
    counterSlots: 1,
    cpu: setup.cpu,
    busy: setup.busy,
    onEvent: (event) => setup.onEvent(event as SessionJobEvent),
    onTrouble: setup.onTrouble,
    onFailure: setup.onFailure,
  });
  const say = (command: SessionCommand): Promise<unknown> => worker.command(command);
  const memory = new SessionMemory(buffers);
  return {
    worker,
    memory,
    commands: new CommandWriter(memory),
    rehearse: async (rehearsal, mostNs) => void (await say({ kind: "rehearse", buffers: rehearsal, mostNs })),
    begin: async () => {
      const epochNs = (await say({ kind: "begin", atNs: 0 })) as number;
      worker.run();
      return epochNs;
    },
    [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose](),
  };
}
