/** All other options of a command, as its help has them: found by a word, filled in, shown as long as they are set. */
import { useState } from "preact/hooks";
import type { CommandInfo } from "./contract.js";
import type { CommandOption } from "./events.js";
import { type FormState, ownFields } from "./run-form.js";

const mostShown = 12;

export function MoreOptions({ state, command }: { state: FormState; command: CommandInfo }) {
  const [word, setWord] = useState("");
  const others = command.options.filter(({ key }) => !ownFields.has(key));
  const isSet = ({ key }: CommandOption): boolean => (state.form.texts[key] ?? "") !== "";
  const wanted = word.toLowerCase();
  const found = others.filter(
    (option) => wanted !== "" && `${option.flag} ${option.means} ${option.heading}`.toLowerCase().includes(wanted),
  );
  const shown = [...others.filter(isSet), ...found.filter((option) => !isSet(option)).slice(0, mostShown)];
  return (
    <fieldset class="more">
      <legend>further options</legend>
      <input
        type="search"
        aria-label="find an option"
        placeholder={`vlan, queues … (${others.length} options)`}
        value={word}
        onInput={(event) => setWord(event.currentTarget.value)}
      />
      {shown.map((option) => (
        <OptionField key={option.key} state={state} option={option} />
      ))}
    </fieldset>
  );
}

function OptionField({
  state: { form, change },
  option: { key, flag, argument, means, kind },
}: {
  state: FormState;
  option: CommandOption;
}) {
  const value = form.texts[key] ?? "";
  const set = (text: string): void => change({ texts: { ...form.texts, [key]: text } });
  return (
    <label title={means} htmlFor={`option-${key}`}>
      <code>{flag}</code>{" "}
      {kind === "flag" ? (
        <input
          id={`option-${key}`}
          type="checkbox"
          name={key}
          checked={value !== ""}
          onChange={(event) => set(event.currentTarget.checked ? "yes" : "")}
        />
      ) : (
        <input
          id={`option-${key}`}
          type="text"
          name={key}
          placeholder={argument ?? ""}
          value={value}
          onInput={(event) => set(event.currentTarget.value)}
        />
      )}
      <span class="soft">{means}</span>
    </label>
  );
}
