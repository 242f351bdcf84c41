/** The form of a new run: ports, traffic, sizes, thresholds; what it would do, and the command line that does the same. */
import { useEffect, useState } from "preact/hooks";
import { ask, Refusal, refusalText } from "./asking.js";
import type { CommandInfo, PortsAnswer, RunInfo, RunPlanned } from "./contract.js";
import { MoreOptions } from "./more-options.js";
import { ProfilePicker } from "./profile-picker.js";
import { emptyForm, type FormState, formOf, type RunAsked, type RunForm, requestOf } from "./run-form.js";
import { TrafficView } from "./setup-section.js";
import { CommandLine, Mistakes, PagePart, RefusalBox, TokenForm } from "./small-parts.js";
import { valueWord } from "./words.js";

export function StartView({ from }: { from: string }) {
  const [commands, setCommands] = useState<readonly CommandInfo[] | null>(null);
  const [ports, setPorts] = useState<PortsAnswer["ports"]>([]);
  const [form, setForm] = useState<RunForm>(emptyForm);
  const [refusal, setRefusal] = useState<unknown>(null);
  useEffect(() => {
    ask<{ commands: readonly CommandInfo[] }>("commands").then((answer) => setCommands(answer.commands), setRefusal);
    ask<PortsAnswer>("ports").then((answer) => setPorts(answer.ports), setRefusal);
    if (from !== "")
      ask<RunAsked>(`runs/${encodeURIComponent(from)}/request`).then((asked) => setForm(formOf(asked)), setRefusal);
  }, [from]);
  if (refusal instanceof Refusal && refusal.status === 401) return <TokenForm />;
  const command = commands?.find(({ name }) => name === form.command);
  const state: FormState = { form, change: (part) => setForm((old) => ({ ...old, ...part })) };
  return (
    <PagePart id="start" title="New run">
      {refusal === null ? null : <RefusalBox what="The server cannot be asked:" text={refusalText(refusal)} />}
      {command === undefined ? null : <StartForm state={state} commands={commands!} command={command} ports={ports} />}
    </PagePart>
  );
}

interface StartFormProps {
  readonly state: FormState;
  readonly commands: readonly CommandInfo[];
  readonly command: CommandInfo;
  readonly ports: PortsAnswer["ports"];
}

function CommandField({ state: { form, change }, commands }: Pick<StartFormProps, "state" | "commands">) {
  return (
    <label>
      what{" "}
      <select
        name="command"
        value={form.command}
        onChange={(event) => change({ command: event.currentTarget.value as RunForm["command"] })}
      >
        {commands.map(({ name, summary }) => (
          <option key={name} value={name} title={summary}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function StartForm({ state, commands, command, ports }: StartFormProps) {
  const { form, change } = state;
  const [refusal, setRefusal] = useState<unknown>(null);
  const { plan, mistake } = usePlan(form, command);
  const start = async (event: Event): Promise<void> => {
    event.preventDefault();
    setRefusal(null);
    try {
      const { id } = await ask<RunInfo>("runs", "POST", requestOf(form, command));
      location.hash = `/runs/${encodeURIComponent(id)}`;
    } catch (error) {
      setRefusal(error);
    }
  };
  return (
    <form class="start" onSubmit={(event) => void start(event)}>
      <div class="start-fields">
        <CommandField state={state} commands={commands} />
        <p class="soft">{command.summary}</p>
        <PortField state={state} command={command} ports={ports} port="tx" title="send at" />
        <PortField state={state} command={command} ports={ports} port="rx" title="receive at" />
        <TextField state={state} command={command} option="sizes" hint="64,1518 or imix" />
        <TextField state={state} command={command} option="rate" hint="10kpps, 50%, max" />
        <TextField state={state} command={command} option="duration" hint="10s" />
        <TextField state={state} command={command} option="threshold" hint="loss<=0.1%" lines />
        <label>
          name{" "}
          <input
            type="text"
            name="name"
            placeholder="shown in lists"
            value={form.name}
            onInput={(event) => change({ name: event.currentTarget.value })}
          />
        </label>
        <ProfilePicker state={state} />
        <MoreOptions state={state} command={command} />
        <div class="row">
          <button type="submit" class="go">
            Start
          </button>
          {refusal === null ? null : <RefusalBox what="It was not started:" text={refusalText(refusal)} />}
        </div>
      </div>
      <PlanView plan={plan} mistake={mistake} />
    </form>
  );
}

const waitMs = 300;

/** What the form would do, asked for once the typing pauses. */
function usePlan(form: RunForm, command: CommandInfo) {
  const [plan, setPlan] = useState<RunPlanned | null>(null);
  const [mistake, setMistake] = useState<Refusal | null>(null);
  const request = JSON.stringify({ ...requestOf(form, command), dryRun: true });
  useEffect(() => {
    let isCurrent = true;
    const look = async (): Promise<void> => {
      try {
        const answer = await ask<RunPlanned>("runs", "POST", JSON.parse(request) as object);
        if (isCurrent) [setPlan(answer), setMistake(null)];
      } catch (error) {
        if (isCurrent && error instanceof Refusal) setMistake(error);
      }
    };
    const timer = setTimeout(() => void look(), waitMs);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [request]);
  return { plan, mistake };
}

function PlanView({ plan, mistake }: { plan: RunPlanned | null; mistake: Refusal | null }) {
  return (
    <section class="panel plan" aria-label="what it would do">
      <h3>What it would do</h3>
      {mistake === null ? null : (
        <Mistakes mistakes={mistake.detail?.mistakes ?? [mistake.detail ?? { message: mistake.message }]} />
      )}
      {plan === null ? null : (
        <div class={mistake === null ? "" : "outdated"}>
          <CommandLine text={plan.commandLine} />
          {plan.free ? null : <p class="warning">its ports are held by somebody else now</p>}
          <PlannedTrials plan={plan} />
          {plan.notes.length === 0 ? null : (
            <ul>
              {plan.notes.map((note) => (
                <li key={note}>{note}</li>
              ))}
            </ul>
          )}
          <TrafficView traffic={plan.traffic} />
        </div>
      )}
    </section>
  );
}

function PlannedTrials({ plan: { trials, trialsExpected } }: { plan: RunPlanned }) {
  if (trials.length === 0)
    return trialsExpected === null ? <p>As many trials as the search takes.</p> : <p>About {trialsExpected} trials.</p>;
  return (
    <table>
      <thead>
        <tr>
          {["size", "phase", "rate", "for"].map((head) => (
            <th key={head} scope="col">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {trials.map(({ frameBytes, phase, rate, durationNs, count }) => (
          <tr key={`${frameBytes} ${phase}`}>
            <td>{frameBytes}</td>
            <td>{phase}</td>
            <td>{rate}</td>
            <td>{count === null ? valueWord(durationNs, "ns") : `${valueWord(count, "frames")} frames`}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface FieldProps {
  readonly state: FormState;
  readonly command: CommandInfo;
}

const setText = ({ form, change }: FormState, key: string, text: string): void =>
  change({ texts: { ...form.texts, [key]: text } });

/** A field that is there if the command has the option. */
export function TextField({
  state,
  command,
  option: key,
  hint,
  lines = false,
}: FieldProps & { option: string; hint: string; lines?: boolean }) {
  const option = command.options.find((one) => one.key === key);
  if (option === undefined) return null;
  const value = state.form.texts[key] ?? "";
  const shared = { id: `field-${key}`, name: key, placeholder: hint, value };
  return (
    <label title={option.means} htmlFor={`field-${key}`}>
      {key === "threshold" ? "thresholds" : key}{" "}
      {lines ? (
        <textarea {...shared} rows={2} onInput={(event) => setText(state, key, event.currentTarget.value)} />
      ) : (
        <input {...shared} type="text" onInput={(event) => setText(state, key, event.currentTarget.value)} />
      )}
    </label>
  );
}

interface PortFieldProps extends FieldProps {
  readonly ports: PortsAnswer["ports"];
  readonly port: "tx" | "rx";
  readonly title: string;
}

function PortField({ state, command, ports, port, title }: PortFieldProps) {
  if (!command.options.some(({ key }) => key === port)) return null;
  const value = state.form.texts[port] ?? "";
  const own = ports.filter(({ kind }) => kind !== "embedded");
  return (
    <label>
      {title}{" "}
      <select name={port} value={value} onChange={(event) => setText(state, port, event.currentTarget.value)}>
        <option value="">{port === "tx" ? "the built-in device" : "the same"}</option>
        {own.map(({ name, spec, owner }) => (
          <option key={name} value={name}>
            {name}: {spec}
            {owner === null ? "" : `, held by ${owner.kind} ${owner.id}`}
          </option>
        ))}
      </select>
    </label>
  );
}
