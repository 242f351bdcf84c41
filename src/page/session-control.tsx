/** What may be done with the flows of a session: all of them, or those that the filter leaves; and adding one. */
import { useState } from "preact/hooks";
import { ask, refusalText } from "./asking.js";
import { LengthField, lengthAsked, lengthHint } from "./flow-length.js";
import { RefusalBox } from "./small-parts.js";
import type { ToldRun } from "./told-run.js";

const deeds = ["start", "stop", "pause", "resume"] as const;

/** The buttons of the whole session, and the form of a new flow. */
export function SessionControl({ run, path }: { run: ToldRun; path: string }) {
  return (
    <fieldset class="panel control" aria-label="change the session">
      <FlowsControl path={path} names={null} />
      <details>
        <summary>Add a flow …</summary>
        <NewFlow run={run} path={path} />
      </details>
    </fieldset>
  );
}

/** `names` is null: all flows. */
export function FlowsControl({ path, names }: { path: string; names: readonly string[] | null }) {
  const [refusal, setRefusal] = useState("");
  const [length, setLength] = useState("");
  const act = async (deed: string): Promise<void> => {
    setRefusal("");
    try {
      const flows = names === null ? {} : { flows: names };
      await ask(`${path}/${deed}`, "POST", deed === "start" ? { ...flows, ...lengthAsked(length) } : flows);
    } catch (error) {
      setRefusal(refusalText(error));
    }
  };
  const whose = names === null ? "all" : `${names.length} shown`;
  return (
    <>
      <LengthField text={length} set={setLength} />
      {deeds.map((deed) => (
        <button key={deed} type="button" disabled={names?.length === 0} onClick={() => void act(deed)}>
          {deed[0]!.toUpperCase() + deed.slice(1)} {whose}
        </button>
      ))}
      {refusal === "" ? null : <RefusalBox what="It was not changed:" text={refusal} />}
    </>
  );
}

const emptyFlow = { name: "", rate: "1kpps", sizes: "64", frame: "", length: "" };

function NewFlow({ run, path }: { run: ToldRun; path: string }) {
  const ports = run.config.shown?.ports ?? [];
  const [fields, setFields] = useState(emptyFlow);
  const [tx, setTx] = useState(ports[0] ?? "");
  const [rx, setRx] = useState(ports[1] ?? ports[0] ?? "");
  const [refusal, setRefusal] = useState("");
  const add = async (event: Event): Promise<void> => {
    event.preventDefault();
    setRefusal("");
    const { name, rate, sizes, frame, length } = fields;
    const traffic = frame === "" ? { options: { sizes } } : { frame };
    try {
      await ask(`${path}/flows`, "POST", {
        name,
        tx,
        rx: rx === "" ? null : rx,
        rate,
        ...traffic,
        ...lengthAsked(length),
        start: true,
      });
      setFields({ ...fields, name: "" });
    } catch (error) {
      setRefusal(refusalText(error));
    }
  };
  const text = (key: keyof typeof emptyFlow, title: string, hint: string) => (
    <label>
      {title}{" "}
      <input
        type="text"
        name={key}
        placeholder={hint}
        value={fields[key]}
        onInput={(event) => setFields({ ...fields, [key]: event.currentTarget.value })}
      />
    </label>
  );
  return (
    <form class="grid-form" onSubmit={(event) => void add(event)}>
      {text("name", "name", "web-1")}
      <PortChoice title="from" name="tx" ports={ports} value={tx} set={setTx} />
      <PortChoice title="to" name="rx" ports={ports} value={rx} set={setRx} nobody />
      {text("rate", "rate", "10kpps")}
      {text("sizes", "sizes", "64")}
      {text("frame", "or one frame", "hex:ffffffffffff…")}
      {text("length", "for", lengthHint)}
      <button type="submit" disabled={fields.name === ""}>
        Add and start
      </button>
      {refusal === "" ? null : <RefusalBox what="It was not added:" text={refusal} />}
    </form>
  );
}

interface PortChoiceProps {
  readonly title: string;
  readonly name: string;
  readonly ports: readonly string[];
  readonly value: string;
  readonly set: (port: string) => void;
  readonly nobody?: boolean;
}

function PortChoice({ title, name, ports, value, set, nobody = false }: PortChoiceProps) {
  return (
    <label>
      {title}{" "}
      <select name={name} value={value} onChange={(event) => set(event.currentTarget.value)}>
        {nobody ? <option value="">nobody</option> : null}
        {ports.map((port) => (
          <option key={port} value={port}>
            {port}
          </option>
        ))}
      </select>
    </label>
  );
}
