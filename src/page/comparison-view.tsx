/** Two runs beside each other: what is not the same about how they were made, and which figures differ, for sure or not. */
import { Refusal, refusalText } from "./asking.js";
import type { RunComparison, RunInfo } from "./contract.js";
import { PagePart, RefusalBox, TokenForm, VerdictBadge, WideBox } from "./small-parts.js";
import { useAnswer } from "./use-answer.js";
import { clockWord, momentWord, unknownWord, valueWord } from "./words.js";

export function ComparisonView({ a, b }: { a: string; b: string }) {
  const { answer: comparison, refusal } = useAnswer<RunComparison>(`runs/compare?${new URLSearchParams({ a, b })}`);
  if (refusal instanceof Refusal && refusal.status === 401) return <TokenForm />;
  return (
    <PagePart id="comparison" title="Two runs compared">
      {refusal === null ? null : <RefusalBox what="They cannot be compared:" text={refusalText(refusal)} />}
      {comparison === null ? null : <Comparison comparison={comparison} />}
    </PagePart>
  );
}

function Comparison({ comparison: { a, b, setup, differences } }: { comparison: RunComparison }) {
  return (
    <>
      <div class="two">
        <RunCard letter="A" run={a} />
        <RunCard letter="B" run={b} />
      </div>
      <p class="soft">
        <a href={`#/compare/${encodeURIComponent(b.id)}/${encodeURIComponent(a.id)}`}>the other way round</a>
      </p>
      {setup.length === 0 ? (
        <p>Both were set up alike.</p>
      ) : (
        <>
          <h3>Not the same in both</h3>
          <ul aria-label="what is not the same">
            {setup.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        </>
      )}
      {differences.length === 0 ? <p>No figure can be compared.</p> : <Differences differences={differences} />}
    </>
  );
}

const RunCard = ({ letter, run }: { letter: string; run: RunInfo }) => (
  <section class="panel" aria-label={`run ${letter}`}>
    <h3>
      {letter}: <a href={`#/runs/${encodeURIComponent(run.id)}`}>{run.name === "" ? run.id : run.name}</a>{" "}
      <VerdictBadge verdict={run.verdict} />
    </h3>
    <p class="soft">
      {momentWord(run.started)}, took {clockWord(run.elapsedMs)}
    </p>
    <code>{run.commandLine}</code>
  </section>
);

function Differences({ differences }: { differences: RunComparison["differences"] }) {
  return (
    <WideBox title="differences">
      <table>
        <thead>
          <tr>
            {["figure", "A", "B", "B against A", "is", "by chance"].map((head, i) => (
              <th key={head} scope="col" class={i > 0 && i < 4 ? "right" : "left"}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {differences.map(({ name, unit, a, b, is, chance }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="right">{valueWord(a, unit)}</td>
              <td class="right">{valueWord(b, unit)}</td>
              <td class="right">{changeWord(a, b)}</td>
              <td class={is === "worse" ? "red" : is === "better" ? "good" : ""}>{is}</td>
              <td>{chance === null ? unknownWord : valueWord(chance, "ratio")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </WideBox>
  );
}

function changeWord(a: number | null, b: number | null): string {
  if (a === null || b === null || a === 0) return unknownWord;
  const change = b / a - 1;
  return `${change > 0 ? "+" : ""}${valueWord(change, "ratio")}`;
}
