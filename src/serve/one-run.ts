/** One run that somebody else plans and begins, told as a server tells its own: on a page while it goes on, and as a file. */
import { randomBytes } from "node:crypto";
import type { OpenBench } from "../measure/bench.js";
import type { RunControl } from "../measure/run-control.js";
import { renderPage } from "../report/html/index.js";
import type { RunResult } from "../result/run-result.js";
import { pageRecording } from "./events/page-recording.js";
import { type ListenPlace, listen } from "./http/listener.js";
import type { PlannedRun } from "./runs/planned.js";
import { Run } from "./runs/run.js";
import { Server } from "./server.js";

export interface OneRunOrder {
  readonly planned: PlannedRun;
  /** Absent: a lab of this machine. */
  readonly open?: OpenBench;
  /** It measures where no load is changed while it is sent. */
  readonly isFixed?: boolean;
  /** What else changes its load; absent: nothing. */
  readonly control?: RunControl;
}

export interface OneRun {
  /** Carries it out. Rejects with what the run rejects with. */
  carryOut(): Promise<RunResult>;
  /** Stops it: it ends with the results so far. */
  stop(why: string): void;
  /** The page with this run in it, which asks no server. */
  file(result: RunResult): string;
  /**
   * Shows it to browsers. Who reaches it may stop it, pause it and change its rate, and start nothing. `isOpen`: without a
   * token. @throws PktgenError (3): the place cannot be had.
   */
  show(place: Extract<ListenPlace, { kind: "tcp" }>, isOpen: boolean): Promise<ShownRun>;
}

/** Ends with the run: open pages are given its last event before. */
export interface ShownRun extends AsyncDisposable {
  /** With its token, where it has one. */
  readonly url: string;
}

const id = "this";

export function oneRun({ planned, open, isFixed = false, control }: OneRunOrder): OneRun {
  let result: Promise<RunResult> | null = null;
  const kept = {
    ...planned,
    run: (...args: Parameters<PlannedRun["run"]>): Promise<RunResult> => {
      result = planned.run(...args);
      return result;
    },
  };
  const bench = open === undefined ? {} : { open };
  const shared = control === undefined ? {} : { control };
  const run = new Run({ id, name: "", planned: kept, stopWithClient: false, isFixed, ...bench, ...shared });
  const server = new Server({
    ...{ ports: [], profiles: "", history: null, allowPrograms: false, yesThisInterface: false },
    note: () => {},
    doctor: async () => ({ well: true, groups: [] }),
  });
  server.showOnly(run);
  return {
    async carryOut() {
      await run.carryOut((trial) => server.totals.trial(trial));
      return result!;
    },
    stop: (why) => {
      if (!run.isOver) run.stop(why);
    },
    file: (ended) => renderPage(ended, pageRecording(run.journal.after(0), JSON.stringify(ended))),
    async show(place, isOpen) {
      const token = isOpen ? null : randomBytes(24).toString("base64url");
      const listener = await listen(server, place, { token, names: [place.host] });
      const query = token === null ? "" : `?token=${token}`;
      return {
        url: `${listener.address}${query}#/runs/${id}`,
        [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose](),
      };
    },
  };
}
