/** The runs that the server knows, the newest first. Two of them can be compared. */
import { useState } from "preact/hooks";
import { ask, Refusal, refusalText } from "./asking.js";
import type { RunInfo } from "./contract.js";
import { PagePart, RefusalBox, TokenForm, VerdictBadge, WideBox } from "./small-parts.js";
import { useAnswer } from "./use-answer.js";
import { clockWord, momentWord, trialsWord } from "./words.js";

const everyMs = 2_000;

export function RunsView() {
  const { answer, refusal, again } = useAnswer<{ runs: readonly RunInfo[] }>("runs", everyMs);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  if (refusal instanceof Refusal && refusal.status === 401) return <TokenForm />;
  const runs = answer?.runs ?? [];
  const choose = (id: string): void =>
    setChosen(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id].slice(-2));
  const [a, b] = [...chosen].sort();
  return (
    <PagePart id="runs" title="Runs">
      {refusal === null ? null : <RefusalBox what="The runs cannot be shown:" text={refusalText(refusal)} />}
      <div class="row choices">
        <a class="button" href="#/new">
          New run
        </a>
        {b === undefined ? (
          <span class="soft">choose two to compare them</span>
        ) : (
          <a class="button" href={`#/compare/${encodeURIComponent(a!)}/${encodeURIComponent(b)}`}>
            Compare the two
          </a>
        )}
      </div>
      {answer !== null && runs.length === 0 ? (
        <p class="empty">
          No run yet. <a href="#/new">Begin one</a>: the built-in device needs no port and no other program.
        </p>
      ) : null}
      {runs.length === 0 ? null : <RunRows runs={runs} chosen={chosen} choose={choose} again={again} />}
    </PagePart>
  );
}

interface RunRowsProps {
  readonly runs: readonly RunInfo[];
  readonly chosen: readonly string[];
  readonly choose: (id: string) => void;
  readonly again: () => void;
}

function RunRows({ runs, chosen, choose, again }: RunRowsProps) {
  return (
    <WideBox title="runs">
      <table>
        <thead>
          <tr>
            {["", "run", "state", "verdict", "ports", "started", "took", "trials", "command", ""].map((head, i) => (
              <th key={`${i} ${head}`} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <RunRow key={run.id} run={run} isChosen={chosen.includes(run.id)} choose={choose} again={again} />
          ))}
        </tbody>
      </table>
    </WideBox>
  );
}

interface RunRowProps {
  readonly run: RunInfo;
  readonly isChosen: boolean;
  readonly choose: (id: string) => void;
  readonly again: () => void;
}

function RunRow({ run, isChosen, choose, again }: RunRowProps) {
  const { id, name, command, state, verdict, reasons, ports, started, elapsedMs, trials, trialsExpected } = run;
  const isOver = state === "done" || state === "failed";
  const forget = async (): Promise<void> => {
    await ask(`runs/${encodeURIComponent(id)}`, "DELETE").catch(() => null);
    again();
  };
  return (
    <tr class={isChosen ? "chosen" : ""}>
      <td>
        <input
          type="checkbox"
          aria-label={`compare ${id}`}
          checked={isChosen}
          disabled={!isOver}
          onChange={() => choose(id)}
        />
      </td>
      <th scope="row">
        <a href={`#/runs/${encodeURIComponent(id)}`}>{name === "" ? id : name}</a>
      </th>
      <td>{state}</td>
      <td title={reasons.join("\n")}>
        <VerdictBadge verdict={verdict} />
      </td>
      <td>{ports.join(", ")}</td>
      <td>{momentWord(started)}</td>
      <td class="right">{clockWord(elapsedMs)}</td>
      <td class="right">
        {trialsWord({ ended: trials, expected: trialsExpected, isSearch: command !== "run", isOver })}
      </td>
      <td class="long">
        <code>{run.commandLine}</code>
      </td>
      <td>
        {isOver ? (
          <button
            type="button"
            aria-label={`forget ${id}`}
            title="forget this run and its files"
            onClick={() => void forget()}
          >
            Forget
          </button>
        ) : null}
      </td>
    </tr>
  );
}
