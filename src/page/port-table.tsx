/** The ports of a session: what went through each, whether its link is up, and a switch for that. */
import { useState } from "preact/hooks";
import { ask, refusalText } from "./asking.js";
import { PagePart, RefusalBox, WideBox } from "./small-parts.js";
import type { ToldRun } from "./told-run.js";
import { figureTitle, unitOf, unknownWord, valueWord } from "./words.js";

export function PortTable({ run, path }: { run: ToldRun; path: string | null }) {
  const [refusal, setRefusal] = useState("");
  const config = run.config.shown!;
  const values = run.ports.shown?.v;
  if (values === undefined || config.portNames.length === 0) return null;
  const upAt = config.portNames.indexOf("up");
  const figures = config.portNames.flatMap((name, at) => (at === upAt ? [] : [{ name, at }]));
  const setLink = async (port: string, up: boolean): Promise<void> => {
    setRefusal("");
    try {
      await ask(`${path}/ports/${encodeURIComponent(port)}`, "PATCH", { up });
    } catch (error) {
      setRefusal(refusalText(error));
    }
  };
  return (
    <PagePart id="ports" title="Ports">
      <WideBox title="ports">
        <table>
          <thead>
            <tr>
              <th scope="col">port</th>
              {upAt < 0 ? null : <th scope="col">link</th>}
              {figures.map(({ name }) => (
                <th key={name} scope="col" class="right">
                  {figureTitle(name)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {config.ports.map((port, i) => (
              <tr key={port}>
                <th scope="row">{port}</th>
                {upAt < 0 ? null : (
                  <td>
                    <Link
                      up={values[upAt]?.[i] ?? null}
                      change={path === null ? null : (up) => void setLink(port, up)}
                    />
                  </td>
                )}
                {figures.map(({ name, at }) => (
                  <td key={name} class="right">
                    {valueWord(values[at]?.[i], unitOf(name))}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </WideBox>
      {refusal === "" ? null : <RefusalBox what="The link was not changed:" text={refusal} />}
    </PagePart>
  );
}

function Link({ up, change }: { up: number | null; change: ((up: boolean) => void) | null }) {
  if (up === null) return <span>{unknownWord}</span>;
  const word = up === 1 ? "up" : "down";
  if (change === null) return <span class={word}>{word}</span>;
  return (
    <button
      type="button"
      class={word}
      title={up === 1 ? "take it down" : "bring it up"}
      onClick={() => change(up !== 1)}
    >
      {word}
    </button>
  );
}
