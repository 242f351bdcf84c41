/** What agents say by themselves in a trial, as its events: beats, that they are done, and that their way was down. */
import type { MeasureRequest } from "../measure/measurer.js";
import type { RunHooks } from "../measure/plan.js";
import { frameSizeName } from "../units.js";
import type { TaskId } from "./agent-task.js";
import { type Bus, isOwnWord } from "./bus.js";
import { subjectOf } from "./names.js";
import { answers } from "./protocol.js";
import type { TrialEvent } from "./trial-events.js";

export interface AgentTrial {
  readonly bus: Bus;
  readonly run: string;
  readonly trial: number;
  readonly agents: ReadonlySet<string>;
  readonly request: MeasureRequest;
  /** Which of the run's trials it is (from 0), and of how many. */
  readonly index: number;
  readonly total: number;
  readonly hooks: Pick<RunHooks, "onProgress">;
}

/** Listens until it is disposed of. What others say in an agent's name, or of another trial, is not heard. */
export async function watchTrial(watched: AgentTrial, tell: (event: TrialEvent) => void): Promise<Disposable> {
  const { bus, run, trial, agents } = watched;
  const progress = new ProgressOfAll(watched);
  const watches = [bus.onLink((isUp) => tell({ kind: "link", isUp }))];
  const listen = async (subject: string, take: (data: unknown) => void): Promise<void> => {
    watches.push(await bus.subscribe(subject, (message) => isOwnWord(message) && take(message.data)));
  };
  const beats = listen(subjectOf.beat("*"), (data) => {
    const beat = answers.beat.safeParse(data);
    if (!beat.success || !agents.has(beat.data.from)) return;
    const { from: agent, incarnation } = beat.data;
    tell({ kind: "beat", agent, incarnation });
    if (beat.data.progress !== null && beat.data.run === run) progress.add(agent, beat.data.progress);
  });
  const events = listen(subjectOf.event(run, "*"), (data) => {
    const event = answers.event.safeParse(data);
    if (!event.success || !agents.has(event.data.from)) return;
    const { from: agent, incarnation, kind, attempt } = event.data;
    const id: TaskId = event.data;
    if (kind === "reconnected") tell({ kind, agent });
    else if (id.trial === trial) tell({ kind, agent, incarnation, attempt });
  });
  await Promise.all([beats, events]);
  return {
    [Symbol.dispose]: () => {
      for (const watch of watches) watch[Symbol.dispose]();
    },
  };
}

interface Progress {
  readonly published: number;
  readonly received: number;
  readonly missing: number;
  readonly elapsedNs: number;
}

/** The progress line is of the sum. */
class ProgressOfAll {
  readonly #watched: AgentTrial;
  readonly #latest = new Map<string, Progress>();

  constructor(watched: AgentTrial) {
    this.#watched = watched;
  }

  add(agent: string, now: Progress): void {
    const { request, index, total, agents, hooks } = this.#watched;
    this.#latest.set(agent, now);
    const sum = (key: keyof Progress): number => [...this.#latest.values()].reduce((all, one) => all + one[key], 0);
    hooks.onProgress?.({
      ...{ trial: index + 1, trials: total, frameBytes: frameSizeName(request.size), phase: request.phase },
      stage: `${this.#latest.size} of ${agents.size} agents`,
      elapsedNs: now.elapsedNs,
      durationNs: Number.isFinite(request.durationNs) ? request.durationNs : null,
      ...{ sent: sum("published"), received: sum("received"), lost: sum("missing") },
      rxPps: now.elapsedNs > 0 ? (sum("received") * 1e9) / now.elapsedNs : 0,
    });
  }
}
