/** A run or a session on one page: its state, the way of its frames, charts, flows, histograms, trials. */
import { signal } from "@preact/signals";
import { useEffect, useMemo, useState } from "preact/hooks";
import { ask, follow, Refusal, refusalText } from "./asking.js";
import { ChartStack } from "./chart-stack.js";
import type { RunInfo } from "./contract.js";
import { RunControls } from "./control.js";
import { DistributionSection } from "./distribution.js";
import type { PageRecording } from "./events.js";
import { FlowTableSection } from "./flow-table.js";
import { LedgerPath } from "./ledger-path.js";
import { PortTable } from "./port-table.js";
import { RunHeader } from "./run-header.js";
import { SearchSection } from "./search-section.js";
import { SessionControl } from "./session-control.js";
import { SetupSection } from "./setup-section.js";
import { RefusalBox, TokenForm } from "./small-parts.js";
import { ToldRun } from "./told-run.js";
import { TrialTable } from "./trial-table.js";

/** Everything that a recording or a stream tells. `path` is null in a file: nothing can be asked or changed there. */
function RunBody({ run, path, info }: { run: ToldRun; path: string | null; info: RunInfo | null }) {
  const config = run.config.shown;
  if (config === null) return <p class="soft">waiting for the first event …</p>;
  const isSession = config.kind === "session";
  const canChange = path !== null && run.done.shown === null;
  return (
    <>
      <RunHeader run={run} path={path} info={info} />
      {canChange && !isSession && info !== null ? <RunControls run={run} path={path} can={info.can} /> : null}
      {canChange && isSession ? <SessionControl run={run} path={path} /> : null}
      <LedgerPath run={run} />
      <ChartStack run={run} />
      <SearchSection run={run} />
      <PortTable run={run} path={canChange && isSession ? path : null} />
      <FlowTableSection run={run} path={canChange && isSession ? path : null} />
      <DistributionSection run={run} />
      <TrialTable run={run} />
      <SetupSection config={config} />
    </>
  );
}

export function RunView({ path }: { path: string }) {
  const run = useMemo(() => new ToldRun(), [path]);
  const info = useMemo(() => signal<RunInfo | null>(null), [path]);
  const [refusal, setRefusal] = useState<unknown>(null);
  const refresh = async (): Promise<void> => {
    try {
      info.value = await ask<RunInfo>(path);
      setRefusal(null);
    } catch (error) {
      setRefusal(error);
    }
  };
  useEffect(() => follow(path, run), [run]);
  // What may be changed now depends on the state, so it is asked for again with each.
  const state = run.state.shown;
  const done = run.done.shown;
  const isGone = run.source.value === "gone";
  useEffect(() => void refresh(), [path, state?.state, state?.trial, done, isGone]);
  if (refusal instanceof Refusal && refusal.status === 401) return <TokenForm />;
  if (refusal !== null && run.config.shown === null)
    return <RefusalBox text={refusalText(refusal)} what={`${path} cannot be shown`} />;
  return <RunBody run={run} path={isGone ? null : path} info={info.value} />;
}

/** The page as a file, with its data in it. */
export function RecordedView({ recording }: { recording: PageRecording }) {
  const run = useMemo(() => {
    const told = new ToldRun();
    told.source.value = "file";
    for (const event of recording.events) told.apply(event, 0);
    told.commit();
    return told;
  }, [recording]);
  return <RunBody run={run} path={null} info={null} />;
}
