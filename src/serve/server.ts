/** What all ways to the server share: its ports, runs and figures. It knows no sockets. */
import { packageVersion } from "../sys/version.js";
import { builtIn, PortClaims } from "./claims.js";
import type { RunBody } from "./contract.js";
import { Exchanges } from "./exchange/exchanges.js";
import { ProfileFolder } from "./profiles.js";
import { RequestRefusal } from "./refusal.js";
import { RunBook } from "./runs/book.js";
import { History } from "./runs/history.js";
import { type PlannedRun, planRequest } from "./runs/planned.js";
import type { Run } from "./runs/run.js";
import { SessionBook } from "./sessions/session-book.js";
import type { ServeSetup } from "./setup.js";
import { SpareMemory } from "./spare-memory.js";
import { Totals } from "./totals.js";

export class Server {
  readonly setup: ServeSetup;
  readonly version = packageVersion();
  readonly claims: PortClaims;
  readonly totals = new Totals();
  readonly profiles: ProfileFolder;
  readonly runs: RunBook;
  readonly sessions: SessionBook;
  readonly exchanges: Exchanges;
  /** It shows a run of somebody else, and starts nothing. */
  #showsOne = false;
  #isEnding = false;
  /** Of all clients. */
  eventStreams = 0;

  /** @throws PktgenError (3): the history cannot be written. */
  constructor(setup: ServeSetup) {
    this.setup = setup;
    const spareMemory = new SpareMemory(() => this.claims.areAllFree);
    this.claims = new PortClaims(() => spareMemory.ended());
    this.profiles = new ProfileFolder(setup);
    this.sessions = new SessionBook(setup, this.claims);
    this.exchanges = new Exchanges(setup, this.claims);
    const history = setup.history === null ? null : new History(setup.history);
    this.runs = new RunBook(this.claims, history, {
      onTrial: (_run, trial) => this.totals.trial(trial),
      onEnd: (run) => this.totals.run(run.info()),
      note: setup.note,
    });
  }

  /** Names that requests may claim. */
  get portNames(): string[] {
    return [builtIn, ...this.setup.ports.map(({ name }) => name)];
  }

  showOnly(run: Run): void {
    this.#showsOne = true;
    this.runs.show(run);
  }

  /** @throws RequestRefusal (403): it shows one run, which may be looked at, changed and stopped; (409): the server ends. */
  admit({ method, path }: { readonly method: string; readonly path: string }): void {
    if (this.#isEnding && method === "POST")
      throw new RequestRefusal("wrong-state", "the server ends", { where: path, accepted: "to look" });
    if (!this.#showsOne || method === "GET" || method === "PATCH" || path === "/runs/{id}/stop") return;
    throw new RequestRefusal("forbidden", "this page shows one run", {
      where: path,
      accepted: "to look at it, to change it, to stop it",
      hint: "pktgen-ts serve starts others",
    });
  }

  plan(request: RunBody): Promise<PlannedRun> {
    return planRequest(request, this.setup);
  }

  async begin(request: RunBody): Promise<Run> {
    return this.runs.begin(await this.plan(request), request);
  }

  /** Ends all that goes on. Readers of events get the end; nothing is begun any more. */
  async close(): Promise<void> {
    this.#isEnding = true;
    await Promise.all([this.runs.close(), this.sessions.close(), this.exchanges.close()]);
  }
}
