/** The head of a run: its state, its time, what was asked for and what came, its verdict and why, and Stop. */
import { useEffect, useState } from "preact/hooks";
import { ask, refusalText } from "./asking.js";
import type { RunInfo, TrialRow } from "./contract.js";
import { useKeys } from "./keys.js";
import { RefusalBox, VerdictBadge } from "./small-parts.js";
import { type Arrival, remainingMs, type ToldRun } from "./told-run.js";
import { useAnswer } from "./use-answer.js";
import { clockWord, sizeText, trialsWord, unknownWord, valueWord } from "./words.js";

const sources: Readonly<Record<Arrival, string>> = {
  opening: "opening the stream of events",
  live: "",
  again: "the server does not answer; trying again",
  ended: "",
  gone: "the server has no more of it: it was started anew, or forgot it. This is the last that it told",
  file: "",
};

export function RunHeader({ run, path, info }: { run: ToldRun; path: string | null; info: RunInfo | null }) {
  const config = run.config.shown!;
  const done = run.done.shown;
  const state = done?.state ?? run.state.shown?.state ?? info?.state ?? "opening";
  const verdict = done?.verdict ?? null;
  const title = config.name !== "" ? config.name : `${config.command ?? config.kind} ${config.id}`;
  return (
    <header class={`run-header ${verdict ?? state}`}>
      <div class="row">
        <h1>{title}</h1>
        <StateBadge run={run} state={state} />
        <VerdictBadge verdict={verdict} />
        {path === null ? null : <StopButton path={path} state={state} canStop={info?.can?.stop ?? true} />}
      </div>
      {sources[run.source.value] === "" ? null : (
        <p class="warning" role="status">
          {sources[run.source.value]}
        </p>
      )}
      <Why run={run} />
      <dl class="figures">
        <Clock run={run} />
        {done === null ? <Rates run={run} /> : <Totals run={run} />}
        <TrialCount run={run} expected={info?.trialsExpected ?? config.plan?.trialsExpected ?? null} />
      </dl>
      {path === null ? null : <Downloads path={path} run={run} />}
      {path === null || done === null || config.kind !== "run" ? null : <Again path={path} id={config.id} />}
    </header>
  );
}

function StateBadge({ run, state }: { run: ToldRun; state: string }) {
  const text = run.done.shown === null ? run.state.shown?.text : undefined;
  return (
    <span role="status" class={`state ${state}`}>
      {state}
      {text === undefined || text === "" ? null : <small>: {text}</small>}
      {run.done.shown?.stopped === true ? <small>, stopped by somebody</small> : null}
    </span>
  );
}

const isInvalid = ({ verdict }: TrialRow): boolean => verdict === "invalid";

/** Why the verdict is what it is; while it runs, why the last trial cannot be used. */
function Why({ run }: { run: ToldRun }) {
  const done = run.done.shown;
  const last = run.trials.shown.at(-1);
  const error = done?.error ?? null;
  if (error !== null) {
    const { message, where, accepted, hint } = error;
    const parts = [where, message, accepted === undefined ? undefined : `accepted: ${accepted}`, hint];
    return <RefusalBox what="It failed:" text={parts.filter((part) => part !== undefined).join("; ")} />;
  }
  const [verdict, reasons] =
    done === null
      ? [last !== undefined && isInvalid(last) ? "invalid" : null, last?.reasons ?? []]
      : [done.verdict, done.reasons];
  const troubles = run.troubles.shown;
  return (
    <>
      {verdict === null || verdict === "pass" || reasons.length === 0 ? null : (
        <ul class={`why ${verdict}`} aria-label={`why ${verdict}`}>
          {done === null && last !== undefined ? <li>trial {last.index + 1} cannot be used:</li> : null}
          {reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
      {troubles.length === 0 ? null : (
        <ul class="why trouble" aria-label="trouble">
          {troubles.slice(-3).map(({ t, text }) => (
            <li key={`${t} ${text}`}>
              {clockWord(t)}: {text}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

const Figure = ({ name, value, title }: { name: string; value: string; title?: string }) => (
  <div title={title}>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
);

function Clock({ run }: { run: ToldRun }) {
  const [now, setNow] = useState(performance.now());
  const isOver = run.done.shown !== null;
  useEffect(() => {
    if (isOver || run.source.value === "file") return;
    const timer = setInterval(() => setNow(performance.now()), 250);
    return () => clearInterval(timer);
  }, [isOver]);
  // A new sample moves the clock, too.
  void run.samples.shown;
  const left = remainingMs(run, now);
  return (
    <>
      <Figure name="elapsed" value={clockWord(run.elapsedMs(now))} />
      {isOver || run.config.shown?.kind === "session" ? null : (
        <Figure
          name="remaining"
          value={left === null ? unknownWord : `≈ ${clockWord(left)}`}
          title="of sending; opening and settling come on top. A search knows no end before it is there"
        />
      )}
    </>
  );
}

/** The offered rate beside what left and what came back. */
function Rates({ run }: { run: ToldRun }) {
  void run.samples.shown;
  const figures = [
    ["offered", "offeredPps"],
    ["sent", "txPps"],
    ["received", "rxPps"],
    ["lost", "lostPps"],
  ] as const;
  const offered = run.series.last("offeredPps");
  const sent = run.series.last("txPps");
  const share = offered === null || sent === null || offered === 0 ? null : sent / offered;
  return (
    <>
      {figures
        .filter(([, figure]) => run.series.names.includes(figure))
        .map(([name, figure]) => (
          <Figure key={figure} name={name} value={valueWord(run.series.last(figure), "pps")} />
        ))}
      {share === null ? null : (
        <div>
          <dt>achieved</dt>
          <dd>
            <meter min={0} max={1} low={0.99} optimum={1} value={Math.min(1, share)} /> {valueWord(share, "ratio")}
          </dd>
        </div>
      )}
    </>
  );
}

/** Of all trials that ended. */
function Totals({ run }: { run: ToldRun }) {
  const trials = run.trials.shown;
  if (trials.length === 0) return null;
  return (
    <>
      {(["sent", "received", "lost"] as const).map((name) => (
        <Figure
          key={name}
          name={name}
          value={valueWord(
            trials.reduce((sum, trial) => sum + trial[name], 0),
            "frames",
          )}
        />
      ))}
    </>
  );
}

function TrialCount({ run, expected }: { run: ToldRun; expected: number | null }) {
  const trials = run.trials.shown;
  if (run.config.shown?.kind === "session") return <Figure name="flows" value={valueWord(flowCount(run), "frames")} />;
  const current = trials.at(-1);
  const isSearch = run.config.shown?.command !== "run";
  const text = trialsWord({ ended: trials.length, expected, isSearch, isOver: run.done.shown !== null });
  return (
    <>
      <Figure name="trials ended" value={text} />
      {current === undefined ? null : (
        <Figure name="last trial" value={`${sizeText(current.frameBytes)}, ${current.phase}`} />
      )}
    </>
  );
}

function flowCount(run: ToldRun): number {
  void run.flowTable.shown;
  return run.flows.count;
}

function StopButton({ path, state, canStop }: { path: string; state: string; canStop: boolean }) {
  const [asked, setAsked] = useState(false);
  const [refusal, setRefusal] = useState("");
  const isOver = ["done", "failed", "stopping", "closing"].includes(state);
  const isSession = path.startsWith("sessions/");
  const stop = async (): Promise<void> => {
    setAsked(true);
    try {
      await (isSession ? ask(path, "DELETE") : ask(`${path}/stop`, "POST"));
    } catch (error) {
      setAsked(false);
      setRefusal(refusalText(error));
    }
  };
  // A session that is closed cannot be opened again: no key does that.
  useKeys(isSession || isOver || asked ? {} : { S: () => void stop() });
  if (isOver && state !== "stopping") return null;
  return (
    <>
      <button
        type="button"
        class="stop"
        disabled={asked || isOver || !canStop}
        title={isSession ? "its flows end, and its ports are let go" : "key: Shift+S"}
        onClick={() => void stop()}
      >
        {isSession ? "Close session" : "Stop"}
      </button>
      {refusal === "" ? null : <RefusalBox what="It was not stopped:" text={refusal} />}
    </>
  );
}

/** The same run once more. Who shows a run of a command line cannot begin one: there is nothing to ask again. */
function Again({ path, id }: { path: string; id: string }) {
  const { answer: request } = useAnswer<object>(`${path}/request`);
  const [refusal, setRefusal] = useState("");
  if (request === null) return null;
  const begin = async (): Promise<void> => {
    setRefusal("");
    try {
      location.hash = `/runs/${encodeURIComponent((await ask<RunInfo>("runs", "POST", request)).id)}`;
    } catch (error) {
      setRefusal(refusalText(error));
    }
  };
  return (
    <div class="row">
      <button type="button" onClick={() => void begin()}>
        Restart with the same seed
      </button>
      <a href={`#/new/${encodeURIComponent(id)}`}>run it again …</a>
      {refusal === "" ? null : <RefusalBox what="It was not started:" text={refusal} />}
    </div>
  );
}

const formats = ["html", "json", "csv", "streams.csv", "junit", "md", "openmetrics", "txt"] as const;

/** What can be had of a run once it is done, and of a session as far as it went. */
function Downloads({ path, run }: { path: string; run: ToldRun }) {
  const isRun = run.config.shown?.kind === "run";
  const isDone = run.done.shown !== null && run.done.shown.result !== null;
  const links = isRun ? (isDone ? formats.map((format) => `result.${format}`) : []) : ["page.html"];
  return (
    <p class="downloads">
      {isDone ? "Result: " : null}
      {[...links, ...(isRun ? ["recording.ndjson"] : [])].map((file) => (
        <a key={file} href={`${path}/${file}`} download={file.endsWith("html") ? fileName(path) : undefined}>
          {file.endsWith("html") ? "this page as a file" : file.replace(/^result\.|\.ndjson$/g, "")}
        </a>
      ))}
    </p>
  );
}
const fileName = (path: string): string => `${decodeURIComponent(path.split("/").at(-1)!)}.html`;
