/**
 * What an agent has open for the run that uses it: ports, and one task on them. One thing follows the other: nothing is
 * opened before what was open is closed, no task begins before the last one is over, and whoever is overtaken meanwhile
 * is told so.
 */
import { environmentError } from "../errors.js";
import type { RunPlan } from "../measure/plan.js";
import type { AgentBench, OpenAgentBench } from "./agent-bench.js";
import { type AgentTask, isSameTask, type TaskId } from "./agent-task.js";

export class AgentLab {
  readonly #open: OpenAgentBench;
  #bench: AgentBench | null = null;
  #task: AgentTask | null = null;
  #opening: AbortController | null = null;
  /** The latest order to prepare something. */
  #wanted: TaskId | null = null;
  #last: Promise<unknown> = Promise.resolve();

  constructor(open: OpenAgentBench) {
    this.#open = open;
  }

  get bench(): AgentBench | null {
    return this.#bench;
  }

  get task(): AgentTask | null {
    return this.#task;
  }

  /** Closes what is open, then opens this. `check` throws where the run has lost the agent meanwhile. */
  open(plan: RunPlan, check: () => void): Promise<AgentBench> {
    this.close("the run opens anew").catch(() => {});
    const opening = new AbortController();
    this.#opening = opening;
    const stillWanted = (): void => {
      check();
      if (opening.signal.aborted) throw overtaken("while its ports were opened");
    };
    return this.#inTurn(async () => {
      stillWanted();
      const bench = await this.#open(plan, opening.signal);
      try {
        stillWanted();
      } catch (error) {
        await bench[Symbol.asyncDispose]();
        throw error;
      }
      this.#bench = bench;
      return bench;
    });
  }

  /**
   * The next task. What still runs is stopped: whoever asks for another one waits for it no more. Asked for the same one
   * again, it is the same.
   */
  async begin(id: TaskId, make: (bench: AgentBench) => AgentTask): Promise<AgentTask> {
    const bench = this.#bench;
    if (bench === null) throw environmentError("its ports are not open");
    if (this.#task !== null && isSameTask(this.#task.id, id)) return this.#task;
    this.#wanted = id;
    this.#task?.stop("another trial is prepared");
    await this.#task?.done;
    if (this.#wanted !== id || this.#bench !== bench) throw overtaken("by another order");
    this.#task = make(bench);
    return this.#task;
  }

  /** Stops what runs, and gives the ports back. */
  close(why: string): Promise<void> {
    const [bench, task] = [this.#bench, this.#task];
    this.#bench = null;
    this.#task = null;
    this.#wanted = null;
    this.#opening?.abort();
    this.#opening = null;
    task?.stop(why);
    return this.#inTurn(async () => {
      await task?.done;
      await bench?.[Symbol.asyncDispose]();
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }
}

const overtaken = (how: string) => environmentError(`the run was overtaken ${how}`);
