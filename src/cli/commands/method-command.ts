/** The command of a method: its own options, those of `run` that it does not decide itself, and its entry. */
import { hopSourcesHelp } from "../../options/dut-options-help.js";
import { type FleetTexts, fleetOptions } from "../../options/fleet-options.js";
import { askedMethod, type MethodCommandFacts, methodGroups } from "../../options/measuring-commands.js";
import type { MethodEntry } from "../../options/methods/method.js";
import { nameOf } from "../../options/option.js";
import { type RunOptions, runOptions } from "../../options/run-options.js";
import type { Profile } from "../../profile/index.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { measure } from "./measure.js";

interface MethodCommand<Options, Settings> extends Omit<MethodCommandFacts, "entry"> {
  /** Options of `run` that it decides itself → its own option that says it. */
  readonly instead: Readonly<Record<string, string>>;
  readonly examples: string;
  /** Sizes, settings, facts, run and expected trials. Loaded once the command runs. */
  readonly entry: (options: Options, context: CommandContext) => Promise<MethodEntry<Options, Settings>>;
}

/** What the command says to options that the method decides. */
const decidesItself = (own: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.values<(typeof runOptions)[keyof typeof runOptions] & { readonly decided?: true }>(runOptions)
      .filter(({ decided }) => decided === true)
      .map(nameOf)
      .map((name) => [name, `the method decides that itself${own[name] === undefined ? "" : `: ${own[name]}`}`]),
  );

export const methodCommand = <Options extends RunOptions & FleetTexts, Settings>({
  name,
  summary,
  options,
  takes,
  instead,
  examples,
  entry,
}: MethodCommand<Options, Settings>): CommandDefinition<Options> => ({
  name,
  summary,
  options: {
    ...methodGroups({ options, takes }),
    "Over many generators": fleetOptions,
  },
  help: [hopSourcesHelp, examples],
  instead: decidesItself(instead),
  run: (words, given, context) => {
    const planOf = async (profile: Profile | null, texts: Options) => {
      const { planMethod } = await import("../../options/methods/method.js");
      return planMethod(await entry(texts, context), texts, profile, context.commandLine);
    };
    return measure(words, given, context, planOf, askedMethod({ name, options, takes }, given));
  },
});
