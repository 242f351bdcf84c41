/** Every trial that has ended, a row each; one that is chosen tells all that is known of it. */
import { useState } from "preact/hooks";
import type { TrialRow } from "./contract.js";
import { PagePart, WideBox } from "./small-parts.js";
import type { ToldRun } from "./told-run.js";
import { valueWord } from "./words.js";

type Column = readonly [head: string, cell: (trial: TrialRow) => string];

const columns: readonly Column[] = [
  ["asked", ({ requested }) => (requested.pps === null ? requested.rate : valueWord(requested.pps, "pps"))],
  ["sent", ({ sent }) => valueWord(sent, "frames")],
  ["received", ({ received }) => valueWord(received, "frames")],
  ["lost", ({ lost }) => valueWord(lost, "frames")],
  ["lost %", ({ lossRatio }) => valueWord(lossRatio, "ratio")],
  ["outage", ({ outageNs }) => valueWord(outageNs, "ns")],
  ["rate back", ({ rxPps }) => valueWord(rxPps, "pps")],
  ["p50", ({ latencyNs }) => valueWord(latencyNs?.p50, "ns")],
  ["p99", ({ latencyNs }) => valueWord(latencyNs?.p99, "ns")],
  ["max", ({ latencyNs }) => valueWord(latencyNs?.max, "ns")],
  ["unaccounted", ({ unaccounted }) => valueWord(unaccounted, "frames")],
];

export function TrialTable({ run }: { run: ToldRun }) {
  const [chosen, setChosen] = useState<number | null>(null);
  const trials = run.trials.shown;
  if (trials.length === 0) return null;
  const trial = trials.find(({ index }) => index === chosen);
  return (
    <PagePart id="trials" title="Trials">
      <WideBox title="trials">
        <table>
          <thead>
            <tr>
              <th scope="col">trial</th>
              <th scope="col">verdict</th>
              <th scope="col">size</th>
              <th scope="col">phase</th>
              {columns.map(([head]) => (
                <th key={head} scope="col" class="right">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {trials.map((one) => (
              <tr key={one.index} class={one.index === chosen ? "chosen" : ""}>
                <td>
                  <button
                    type="button"
                    class="plain"
                    onClick={() => setChosen(one.index === chosen ? null : one.index)}
                  >
                    {one.index + 1}
                  </button>
                </td>
                <td class={one.verdict}>{one.verdict.toUpperCase()}</td>
                <td>{one.frameBytes}</td>
                <td>
                  {one.phase}
                  {one.direction === undefined ? "" : ` ${one.direction}`}
                </td>
                {columns.map(([head, cell]) => (
                  <td key={head} class="right">
                    {cell(one)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </WideBox>
      {trial === undefined ? null : <TrialDetail trial={trial} />}
    </PagePart>
  );
}

function TrialDetail({ trial }: { trial: TrialRow }) {
  const sentences = [
    ...trial.reasons,
    ...trial.ledger,
    ...trial.notes,
    ...(trial.untimely === undefined ? [] : [trial.untimely]),
  ];
  const counts = [
    ...([
      "intended",
      "sent",
      "accepted",
      "lost",
      "duplicate",
      "reordered",
      "corrupt",
      "late",
      "missed",
      "blocked",
    ] as const),
  ];
  return (
    <section class="panel" aria-label={`trial ${trial.index + 1}`}>
      <h3>
        Trial {trial.index + 1}: <span class={trial.verdict}>{trial.verdict}</span>
      </h3>
      <dl class="figures">
        {counts.map((name) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{valueWord(trial[name], "frames")}</dd>
          </div>
        ))}
        {Object.entries(trial.latencyNs ?? {}).map(([name, ns]) => (
          <div key={name}>
            <dt>latency {name.replace("_", ".")}</dt>
            <dd>{typeof ns === "number" ? valueWord(ns, name === "count" ? "frames" : "ns") : String(ns)}</dd>
          </div>
        ))}
      </dl>
      {sentences.length === 0 ? null : (
        <ul>
          {sentences.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      )}
    </section>
  );
}
