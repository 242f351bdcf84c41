/** The way of the frames, hop by hop and back: counts, drops, and what is under way between two hops. */
import type { TrialRow } from "./contract.js";
import type { LedgerEvent } from "./events.js";
import { PagePart } from "./small-parts.js";
import type { ToldRun } from "./told-run.js";
import { sizeText, valueWord } from "./words.js";

const frames = (count: number | null): string => valueWord(count, "frames");

/** The ledger of the open trial; where nobody tells it live, that of the last trial. */
function shownLedger(run: ToldRun): LedgerEvent | null {
  const live = run.ledger.shown;
  const last = run.trials.shown.at(-1);
  const isOver = run.done.shown !== null;
  if (last === undefined || (live !== null && !isOver && live.t >= last.t)) return live;
  return live?.settled === true && live.t >= last.t ? live : ofTrial(last);
}

const ofTrial = (trial: TrialRow): LedgerEvent => ({
  t: trial.t,
  settled: true,
  sent: trial.sent,
  received: trial.received,
  inFlight: trial.inFlightFrames === null ? null : 0,
  hops: trial.hops,
  unaccounted: trial.unaccounted,
});

export function LedgerPath({ run }: { run: ToldRun }) {
  const ledger = shownLedger(run);
  if (ledger === null) return null;
  const last = run.trials.shown.at(-1);
  const { hops, settled, sent, received } = ledger;
  const isOfLast = last !== undefined && settled && run.done.shown !== null;
  const stations = [
    { name: "generator", enters: null, leaves: sent, dropped: 0 },
    ...hops.map(({ name, rx, tx, dropped }) => ({ name, enters: rx, leaves: tx, dropped })),
    { name: "back at the generator", enters: received, leaves: null, dropped: 0 },
  ];
  return (
    <PagePart
      id="path"
      title={`Where the frames are${isOfLast ? `: ${sizeText(last.frameBytes)}, ${last.phase}` : ""}`}
    >
      <ol class="path" aria-label="hops">
        {stations.map((station, i) => (
          <Station
            key={`${i} ${station.name}`}
            {...station}
            before={stations[i - 1]?.leaves ?? null}
            settled={settled}
            inFlight={hops.length === 0 ? ledger.inFlight : null}
          />
        ))}
      </ol>
      <Balance ledger={ledger} isWhole={sent === received && (last === undefined || last.accepted === last.sent)} />
      <Unawaited run={run} />
    </PagePart>
  );
}

interface StationProps {
  readonly name: string;
  readonly enters: number | null;
  readonly leaves: number | null;
  readonly dropped: number;
  /** What the station before handed on; null: there is none. */
  readonly before: number | null;
  readonly settled: boolean;
  /** Between this station and the one before, where that is all of it: the rest of the difference is lost. */
  readonly inFlight: number | null;
}

function Station({ name, enters, leaves, dropped, before, settled, inFlight }: StationProps) {
  const between = before === null || enters === null ? 0 : before - enters;
  const under = settled ? 0 : Math.min(between, inFlight ?? between);
  return (
    <li>
      {before === null ? null : (
        <span class="link">
          <span aria-hidden="true">→</span>
          {between > under ? <small class="red">{frames(between - under)} missing</small> : null}
          {under > 0 ? <small>{frames(under)} on the way</small> : null}
        </span>
      )}
      <div class="station">
        <strong>{name}</strong>
        {enters === null ? null : <span>in {frames(enters)}</span>}
        {leaves === null ? null : <span>out {frames(leaves)}</span>}
        {dropped > 0 ? <span class="red">dropped {frames(dropped)}</span> : null}
      </div>
    </li>
  );
}

/** Flows of a session that nobody awaits are in the rates of what is sent, and in nothing that is counted here. */
function Unawaited({ run }: { run: ToldRun }) {
  void run.flowTable.shown;
  if (run.config.shown?.kind !== "session") return null;
  const count = run.flows
    .view("", { by: "index", descending: false })
    .filter((place) => run.flows.flow(place)?.rx.length === 0).length;
  return count === 0 ? null : (
    <p class="soft">Without {count === 1 ? "a flow" : `${count} flows`} whose frames nobody awaits.</p>
  );
}

interface BalanceProps {
  readonly ledger: LedgerEvent;
  /** Every frame came back whole. As many as were sent may be duplicates, or damaged. */
  readonly isWhole: boolean;
}

/** Unaccounted frames mean something only once nothing is under way. */
function Balance({ ledger: { settled, inFlight, unaccounted }, isWhole }: BalanceProps) {
  if (!settled)
    return (
      <p class="balance" role="status">
        in flight: {frames(inFlight)}.
        {inFlight === 0 ? null : " A difference between two hops is normal while frames are under way."}
      </p>
    );
  if (unaccounted === null)
    return isWhole ? (
      <p class="balance good">settled: every frame came back</p>
    ) : (
      <p class="balance">settled. No counters between sending and receiving, so nobody knows where frames were lost.</p>
    );
  return unaccounted === 0 ? (
    <p class="balance good">settled: every frame is accounted for</p>
  ) : (
    <p class="balance red" role="alert">
      {frames(unaccounted)} unaccounted for: no counter says where they are
    </p>
  );
}
