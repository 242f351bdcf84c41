/** The owner's side of a session's loops: starts a thread for each part, and has both ends of the shared memory. */
import type { Port } from "../../port/port.js";
import { type LoopWorker, startLoopWorker, type WorkerPort } from "../worker/index.js";
import { CommandWriter } from "./commands.js";
import type { SessionCommand, SessionJobEvent } from "./orders.js";
import type { SessionOptions } from "./session-loop.js";
import { allocateSession, partsOf, type SessionBuffers, SessionMemory, type SessionShape } from "./session-memory.js";

export interface SessionStart {
  readonly ports: readonly Port[];
  readonly shape: SessionShape;
  /** Of the first thread. */
  readonly cpu: number | null;
  readonly busy: boolean;
  readonly onEvent: (event: SessionJobEvent) => void;
  readonly onTrouble: (why: string) => void;
  /** A thread ended by itself. The others are being ended then. */
  readonly onFailure: (error: Error) => void;
}

/** What a thread rehearses with, and for how long at most. */
export interface SessionRehearsal {
  readonly buffers: SessionBuffers;
  readonly mostNs: number;
}

export interface SessionHandle extends AsyncDisposable {
  readonly memory: SessionMemory;
  /** By part. */
  readonly commands: readonly CommandWriter[];
  /** Runs what these buffers order through direct loops, so that V8 compiles the loops' code. Before `begin`. */
  rehearse(rehearsalsOf: (part: number) => readonly SessionRehearsal[]): Promise<void>;
  /** The loops run from now on. Resolves with the clock that all threads share at their time 0. */
  begin(): Promise<number>;
}

/** Stands for a port of another part: nobody touches it here. */
const ofAnotherPart: WorkerPort = { rings: () => null, observe: () => {}, breakConnection: () => {} };

/** What V8 compiles the code for, and where the thread stays. */
const workOf = (name: string, ports: readonly Port[], cpu: number | null): string =>
  JSON.stringify([name, [...new Set(ports.map(({ spec }) => spec.kind))].sort(), cpu]);

/** All or none. */
async function startWorkers(buffers: SessionBuffers, setup: SessionStart): Promise<LoopWorker[]> {
  const parts = partsOf(buffers.shape);
  const workers: LoopWorker[] = [];
  const startPart = (part: number): Promise<LoopWorker> => {
    const isOfPart = (index: number): boolean => (buffers.shape.partOf?.[index] ?? 0) === part;
    const cpu = part === 0 ? setup.cpu : null;
    const name = parts === 1 ? "session" : `session (${part + 1} of ${parts})`;
    return startLoopWorker({
      name,
      job: "generator",
      options: { session: buffers, part } satisfies SessionOptions,
      ports: setup.ports.map((port, index) => (isOfPart(index) ? port : ofAnotherPart)),
      counterSlots: 1,
      cpu,
      busy: setup.busy,
      restsLong: true,
      receivesOn: true,
      onEvent: (event) => setup.onEvent(event as SessionJobEvent),
      onTrouble: setup.onTrouble,
      onFailure: (error) => {
        for (const worker of workers) {
          worker.condemn();
          void worker[Symbol.asyncDispose]();
        }
        setup.onFailure(error);
      },
      keepFor: workOf(
        name,
        setup.ports.filter((_, index) => isOfPart(index)),
        cpu,
      ),
    });
  };
  try {
    for (let part = 0; part < parts; part++) workers.push(await startPart(part));
    return workers;
  } catch (error) {
    for (const worker of workers) await worker[Symbol.asyncDispose]();
    throw error;
  }
}

export async function startSession(setup: SessionStart): Promise<SessionHandle> {
  const buffers = allocateSession(setup.shape);
  const workers = await startWorkers(buffers, setup);
  const say = (part: number, command: SessionCommand): Promise<unknown> => workers[part]!.command(command);
  // All of them: each has to see within a sleep that another one begins to send (resting-parts.ts).
  const wakeUp = (): void => {
    for (const worker of workers) worker.wakeUp();
  };
  return {
    memory: new SessionMemory(buffers),
    commands: workers.map((_, part) => new CommandWriter(new SessionMemory(buffers, part), wakeUp)),
    rehearse: async (rehearsalsOf) => {
      await Promise.all(
        workers.map(async (_, part) => {
          for (const { buffers: own, mostNs } of rehearsalsOf(part))
            await say(part, { kind: "rehearse", buffers: own, mostNs });
        }),
      );
    },
    begin: async () => {
      const epochNs = (await say(0, { kind: "begin", atNs: 0 })) as number;
      for (let part = 1; part < workers.length; part++) await say(part, { kind: "begin", atNs: 0, epochNs });
      for (const worker of workers) worker.run();
      return epochNs;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()));
    },
  };
}
