/** `ports`: the kinds of ports and their options, from the same table that parses them. */
import { exitCodes } from "../../errors.js";
import type { PortKind } from "../../port/spec.js";
import type { CommandDefinition } from "../command.js";

const intro = `A port is written kind:target[,option=value…]; a comma in a target as \\,

`;

function kindText(kind: PortKind): string {
  const lines = kind.options.map(({ name, default: byDefault, accepted, meaning }) => {
    const columns = [`  ${name}=`.padEnd(14), byDefault.padEnd(6), meaning];
    return `${columns.join(" ")}\n${" ".repeat(22)}${accepted}\n`;
  });
  return `${kind.name}:${kind.target}\n  ${kind.summary}\n${lines.join("")}`;
}

/** All kinds, one paragraph each: option, default, meaning, and below it what is accepted. */
export const formatPortKinds = (kinds: readonly PortKind[]): string => intro + kinds.map(kindText).join("\n");

export const ports: CommandDefinition = {
  name: "ports",
  summary: "port kinds and their options",
  define: (command, { output, finish }) => {
    command.action(async () => {
      const { portKinds } = await import("../../port/spec.js");
      await output.result(formatPortKinds(portKinds));
      finish(exitCodes.passed);
    });
  },
};
