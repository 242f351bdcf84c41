/** One flow: its figures, its histogram, and what may be done with it. */
import { useState } from "preact/hooks";
import { ask, refusalText } from "./asking.js";
import { RateControl } from "./control.js";
import { BucketChart } from "./distribution.js";
import type { HistogramEvent } from "./events.js";
import { LengthField, lengthAsked } from "./flow-length.js";
import { RefusalBox } from "./small-parts.js";
import type { ToldRun } from "./told-run.js";
import { useAnswer } from "./use-answer.js";
import { figureTitle, flowValueWord } from "./words.js";

type Buckets = HistogramEvent["buckets"];

interface FlowDetailProps {
  readonly run: ToldRun;
  readonly index: number;
  /** Of the session that the flow may be changed in. */
  readonly path: string | null;
  readonly close: () => void;
}

export function FlowDetail({ run, index, path, close }: FlowDetailProps) {
  void run.flowTable.shown;
  const place = run.flows.placeOf(index)!;
  const flow = run.flows.flow(place)!;
  const flowPath = path === null ? null : `${path}/flows/${encodeURIComponent(flow.name)}`;
  const { answer } = useAnswer<{ histogram?: Buckets; gaps?: Buckets }>(flowPath, 1_000);
  // Of what has ended the server knows none; its events do.
  const open = run.done.shown === null ? answer : null;
  const bucketsOf = (asked: Buckets | undefined, what: string): Buckets =>
    (open === null ? run.histograms.shown.get(`${what} ${index}`)?.buckets : asked) ?? [];
  const histograms = [
    { what: "latency", buckets: bucketsOf(answer?.histogram, "latency"), color: 0 },
    { what: "gaps", buckets: bucketsOf(answer?.gaps, "gap"), color: 2 },
  ];
  return (
    <section class="panel" aria-label={`flow ${flow.name}`}>
      <div class="row">
        <h3>{flow.name}</h3>
        <span class="soft">
          {flow.tx} → {flow.rx.length === 0 ? "nobody" : flow.rx.join(", ")}
        </span>
        <button type="button" onClick={close}>
          Close
        </button>
      </div>
      {path === null || flowPath === null ? null : (
        <FlowControl run={run} place={place} path={path} flowPath={flowPath} />
      )}
      <dl class="figures">
        {run.flows.figures
          .filter((name) => name !== "state")
          .map((name) => (
            <div key={name}>
              <dt>{figureTitle(name)}</dt>
              <dd>{flowValueWord(run.flows.value(place, name), name)}</dd>
            </div>
          ))}
      </dl>
      {histograms
        .filter(({ buckets }) => buckets.length > 0)
        .map(({ what, ...shown }) => (
          <BucketChart key={what} title={`${what} of ${flow.name}`} {...shown} />
        ))}
    </section>
  );
}

function FlowControl({ run, place, path, flowPath }: { run: ToldRun; place: number; path: string; flowPath: string }) {
  const [refusal, setRefusal] = useState("");
  const act = async (method: string, to: string, body?: object): Promise<void> => {
    setRefusal("");
    try {
      await ask(to, method, body);
    } catch (error) {
      setRefusal(refusalText(error));
    }
  };
  const [length, setLength] = useState("");
  // A part with the same properties is drawn anew only where it reads what changed.
  void run.flowTable.shown;
  const state = run.flows.state(place);
  const name = run.flows.flow(place)!.name;
  const txPps = run.flows.value(place, "txPps");
  const deed =
    (verb: string, more: object = {}) =>
    () =>
      void act("POST", `${path}/${verb}`, { flows: [name], ...more });
  return (
    <fieldset class="control" aria-label={`change ${name}`}>
      <LengthField text={length} set={setLength} />
      <button
        type="button"
        disabled={state === "running"}
        onClick={state === "paused" ? deed("resume") : deed("start", lengthAsked(length))}
      >
        {state === "paused" ? "Resume" : "Start"}
      </button>
      <button type="button" disabled={state !== "running"} onClick={deed("pause")}>
        Pause
      </button>
      <button type="button" disabled={state !== "running" && state !== "paused"} onClick={deed("stop")}>
        Stop flow
      </button>
      <RateControl
        now={state !== "running" || Number.isNaN(txPps) ? null : txPps}
        setRate={(rate) => void act("PATCH", flowPath, { rate })}
      />
      <button type="button" onClick={() => void act("DELETE", flowPath)}>
        Remove
      </button>
      {refusal === "" ? null : <RefusalBox what="It was not changed:" text={refusal} />}
    </fieldset>
  );
}
