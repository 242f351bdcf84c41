/** What the start page asks for, as data: fields that people fill, and the request that they make. */
import type { CommandInfo, CommandName, OptionValues, RunInfo } from "./contract.js";
import type { CommandOption } from "./events.js";

export interface RunForm {
  readonly command: CommandName;
  readonly name: string;
  /** Texts by key, as they were typed; a flag is "yes". Empty: not given. */
  readonly texts: Readonly<Record<string, string>>;
  /** A profile of the server. */
  readonly profile: string;
  /** Parameters of the profile that were changed. */
  readonly set: Readonly<Record<string, string>>;
  /** The profile's text, once it was edited; null: as the server has it. */
  readonly profileText: string | null;
}

export interface FormState {
  readonly form: RunForm;
  readonly change: (part: Partial<RunForm>) => void;
}

export const emptyForm: RunForm = {
  command: "run",
  name: "",
  texts: { sizes: "64,1518", rate: "10kpps", duration: "10s" },
  profile: "",
  set: {},
  profileText: null,
};

/** Fields of their own on the page; all others are in the list of further options. */
export const ownFields: ReadonlySet<string> = new Set(
  ["tx", "rx", "dut", "sizes", "rate", "duration", "threshold", "profile", "set"].concat([
    "html",
    "json",
    "live",
    "ui",
  ]),
);

const isAsked = (text: string): boolean => text.trim() !== "";

/** Of a flag, of one that may have a value, of one that may be given often: as the request wants it. */
function optionValue({ kind }: CommandOption, text: string): string | boolean | readonly string[] {
  if (kind === "flag") return true;
  if (kind === "optional") return text === "yes" ? true : text.trim();
  return kind === "texts"
    ? text
        .split("\n")
        .filter(isAsked)
        .map((line) => line.trim())
    : text.trim();
}

/** Only what this command knows, and what was filled in. */
export function requestOf(form: RunForm, { options }: CommandInfo): object {
  const known = new Map(options.map((option) => [option.key, option]));
  const entries = Object.entries(form.texts).flatMap(([key, text]) => {
    const option = known.get(key);
    return option === undefined || !isAsked(text) ? [] : [[key, optionValue(option, text)] as const];
  });
  const set = Object.entries(form.set).map(([name, value]) => `${name}=${value}`);
  return {
    command: form.command,
    name: form.name,
    options: {
      ...Object.fromEntries(entries),
      ...(form.profile === "" || form.profileText !== null ? {} : { profile: form.profile }),
      ...(set.length === 0 ? {} : { set }),
    },
    ...(form.profileText === null ? {} : { profileText: form.profileText }),
  };
}

/** The form of a run that was there before. */
export function formOf({ command = "run", name = "", options = {}, profileText = null }: RunAsked): RunForm {
  const texts: Record<string, string> = {};
  for (const [key, value] of Object.entries(options)) {
    if (key !== "profile" && key !== "set") texts[key] = textOf(value);
  }
  return {
    command,
    name,
    texts,
    profile: String(options["profile"] ?? ""),
    set: Object.fromEntries(pairsOf(options["set"] ?? [])),
    profileText,
  };
}

/** A request has values by name, or texts `name=value`, or one of them. */
function pairsOf(set: NonNullable<OptionValues[string]>): (readonly [string, string])[] {
  if (typeof set === "object" && !Array.isArray(set)) {
    return Object.entries(set).map(([name, value]) => [name, String(value)]);
  }
  return [set].flat().map((pair) => {
    const [name = "", value = ""] = String(pair).split(/=(.*)/s);
    return [name, value];
  });
}

/** What a run was begun by. */
export interface RunAsked extends Partial<Pick<RunInfo, "command" | "name" | "options">> {
  readonly profileText?: string | null;
}

function textOf(value: OptionValues[string]): string {
  if (value === undefined || value === false) return "";
  if (value === true) return "yes";
  return Array.isArray(value) ? value.join("\n") : String(value);
}
