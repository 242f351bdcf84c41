/** A command's definition as commander has it: words, options, help and action. */
import { type Command, Option } from "commander";
import type { OptionGroups } from "../options/option.js";
import type { CommandContext, CommandDefinition } from "./command.js";
import { defaultCommand } from "./commands/index.js";

const collect = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

/** Texts stay texts: readers read them once the command runs. */
function addOptions(command: Command, groups: OptionGroups): void {
  for (const [heading, table] of Object.entries(groups)) {
    for (const { flags, means, repeats } of Object.values(table)) {
      const option = new Option(flags, means);
      if (heading !== "") option.helpGroup(`${heading}:`);
      if (repeats === true && !option.variadic) option.argParser(collect);
      command.addOption(option);
    }
  }
}

export function defineCommand(parent: Command, definition: CommandDefinition, context: CommandContext): void {
  const { name, summary, argument } = definition;
  const command = parent
    .command(name, { isDefault: name === defaultCommand })
    .summary(summary)
    .description(definition.description ?? summary)
    .allowExcessArguments(definition.refusesWords !== true);
  if (argument !== undefined) command.argument(...argument);
  addOptions(command, definition.options);
  for (const text of definition.help ?? []) command.addHelpText("after", text as string);
  for (const child of definition.children ?? []) defineCommand(command, child, context);
  command.action(() => definition.run(command.args, command.opts() as never, context));
}
