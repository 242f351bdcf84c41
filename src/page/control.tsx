/** Changes of a run while it runs: its rate, pause, a longer time. What it cannot do now cannot be pressed. */
import { useState } from "preact/hooks";
import { ask, refusalText } from "./asking.js";
import type { RunInfo } from "./contract.js";
import { useKeys } from "./keys.js";
import { RefusalBox } from "./small-parts.js";
import { isPaused, type ToldRun } from "./told-run.js";
import { valueWord } from "./words.js";

export function RunControls({ run, path, can }: { run: ToldRun; path: string; can: RunInfo["can"] }) {
  const [refusal, setRefusal] = useState("");
  const change = async (body: object): Promise<void> => {
    setRefusal("");
    try {
      await ask(path, "PATCH", body);
    } catch (error) {
      setRefusal(refusalText(error));
    }
  };
  void run.markers.shown;
  // Between two trials, and before the first, there is nothing to change.
  const isSending = run.state.shown?.state === "running";
  const paused = isPaused(run);
  const pause = (): void => void change({ paused: !paused });
  const now = offered(run);
  const scale = (factor: number) => () => {
    if (isScalable(now)) void change({ rate: exactRate(now * factor) });
  };
  const keys = { ...(can.pause ? { p: pause } : {}), ...(can.rate ? { "+": scale(1.1), "-": scale(0.9) } : {}) };
  useKeys(isSending ? keys : {});
  if (!can.rate && !can.pause && !can.extend) return null;
  return (
    <fieldset class="panel control" aria-label="change the run" disabled={!isSending}>
      {can.rate ? <RateControl now={now} setRate={(rate) => void change({ rate })} /> : null}
      {can.pause ? (
        <button type="button" aria-pressed={paused} onClick={pause} title="key: p">
          {paused ? "Resume" : "Pause"}
        </button>
      ) : null}
      {can.extend
        ? ["10s", "1min", "10min"].map((extend) => (
            <button key={extend} type="button" onClick={() => void change({ extend })}>
              + {extend.replace(/(\d)([a-z])/, "$1 $2")}
            </button>
          ))
        : null}
      {refusal === "" ? null : <RefusalBox what="It was not changed:" text={refusal} />}
    </fieldset>
  );
}

function offered(run: ToldRun): number | null {
  void run.samples.shown;
  return run.series.last("offeredPps");
}

/** The slider goes over nine powers of ten, because rates do. */
const [slowest, fastest] = [0, 9];
const exactRate = (pps: number): string => `${Number(pps.toPrecision(3))}pps`;

/** Of nothing, there is no tenth: what is paused or stopped sends 0 frames a second, which is not the rate it has. */
const isScalable = (pps: number | null): pps is number => pps !== null && pps > 0;

/** `now`: frames a second; null or 0: they cannot be scaled. */

export function RateControl({ now, setRate }: { now: number | null; setRate: (rate: string) => void }) {
  const [text, setText] = useState("");
  const [dragged, setDragged] = useState<number | null>(null);
  const shown = dragged ?? Math.log10(Math.max(1, now ?? 1));
  const scaled = (factor: number) => () => {
    if (isScalable(now)) setRate(exactRate(now * factor));
  };
  const enter = (event: Event): void => {
    event.preventDefault();
    if (text.trim() !== "") setRate(text.trim());
  };
  const released = (event: Event & { currentTarget: HTMLInputElement }): void => {
    setDragged(null);
    setRate(exactRate(10 ** Number(event.currentTarget.value)));
  };
  return (
    <form class="rate" onSubmit={enter}>
      <label>
        Rate {valueWord(dragged === null ? now : 10 ** dragged, "pps")}{" "}
        <input
          type="range"
          aria-label="rate, logarithmic"
          min={slowest}
          max={fastest}
          step={0.01}
          value={shown}
          onInput={(event) => setDragged(Number(event.currentTarget.value))}
          onChange={released}
        />
      </label>
      <button type="button" disabled={!isScalable(now)} onClick={scaled(0.9)} title="a tenth less; of a run: key -">
        − 10 %
      </button>
      <button type="button" disabled={!isScalable(now)} onClick={scaled(1.1)} title="a tenth more; of a run: key +">
        + 10 %
      </button>
      <input
        type="text"
        size={10}
        aria-label="rate, exact"
        placeholder="10kpps"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <button type="submit">Set</button>
    </form>
  );
}
