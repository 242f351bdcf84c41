/** The sessions that the server has, and a form that opens one: ports whose flows are started and changed by hand. */
import { useState } from "preact/hooks";
import { ask, Refusal, refusalText } from "./asking.js";
import type { PortsAnswer } from "./contract.js";
import type { ShownSession } from "./events.js";
import { PagePart, RefusalBox, TokenForm, WideBox } from "./small-parts.js";
import { useAnswer } from "./use-answer.js";
import { momentWord } from "./words.js";

const everyMs = 2_000;

export function SessionsView() {
  const { answer, refusal } = useAnswer<{ sessions: readonly ShownSession[] }>("sessions", everyMs);
  const ports = useAnswer<PortsAnswer>("ports", everyMs);
  if (refusal instanceof Refusal && refusal.status === 401) return <TokenForm />;
  const sessions = answer?.sessions ?? [];
  return (
    <PagePart
      id="sessions"
      title="Sessions"
      note="a session keeps its ports open; its flows are started, changed and stopped while the others go on"
    >
      {refusal === null ? null : <RefusalBox what="Sessions cannot be shown:" text={refusalText(refusal)} />}
      {sessions.length === 0 ? null : (
        <WideBox title="sessions">
          <table>
            <thead>
              <tr>
                {["session", "state", "ports", "flows", "running", "started"].map((head) => (
                  <th key={head} scope="col">
                    {head}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {sessions.map(({ id, name, state, ports: own, flows, running, started }) => (
                <tr key={id}>
                  <th scope="row">
                    <a href={`#/sessions/${encodeURIComponent(id)}`}>{name === "" ? id : name}</a>
                  </th>
                  <td>{state}</td>
                  <td>{own.map((port) => port.name).join(", ")}</td>
                  <td class="right">{flows}</td>
                  <td class="right">{running}</td>
                  <td>{momentWord(started)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </WideBox>
      )}
      <NewSession ports={(ports.answer?.ports ?? []).filter(({ kind }) => kind !== "embedded")} />
    </PagePart>
  );
}

function NewSession({ ports }: { ports: PortsAnswer["ports"] }) {
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [refusal, setRefusal] = useState("");
  const open = async (event: Event): Promise<void> => {
    event.preventDefault();
    setRefusal("");
    try {
      const { id } = await ask<ShownSession>("sessions", "POST", { name, ports: chosen });
      location.hash = `/sessions/${encodeURIComponent(id)}`;
    } catch (error) {
      setRefusal(refusalText(error));
    }
  };
  const choose = (port: string): void =>
    setChosen(chosen.includes(port) ? chosen.filter((one) => one !== port) : [...chosen, port]);
  return (
    <form class="panel" onSubmit={(event) => void open(event)} aria-label="open a session">
      <h3>Open a session</h3>
      <label>
        name <input type="text" name="name" value={name} onInput={(event) => setName(event.currentTarget.value)} />
      </label>
      <fieldset>
        <legend>ports</legend>
        {ports.length === 0 ? (
          <span class="soft">the server was started without a port: serve --port NAME=SPEC</span>
        ) : null}
        {ports.map(({ name: port, spec, owner }) => (
          <label key={port}>
            <input
              type="checkbox"
              name={port}
              checked={chosen.includes(port)}
              disabled={owner !== null}
              onChange={() => choose(port)}
            />{" "}
            {port} <span class="soft">{owner === null ? spec : `held by ${owner.kind} ${owner.id}`}</span>
          </label>
        ))}
      </fieldset>
      <button type="submit" disabled={chosen.length === 0}>
        Open
      </button>
      {refusal === "" ? null : <RefusalBox what="It was not opened:" text={refusal} />}
    </form>
  );
}
