/** `ports`: the kinds of ports and their options, from the same table that parses them; and the interfaces found. */
import { exitCodes } from "../../errors.js";
import type { PortKind } from "../../port/kind.js";
import type { ListedInterface } from "../../sys/net/interfaces-here.js";
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

const speedText = (bps: number | null): string => (bps === null ? "-" : `${bps / 1e6} Mbps`);

/** A line each, in columns. */
export function formatInterfaces(found: readonly ListedInterface[]): string {
  if (found.length === 0) return "";
  const rows = found.map(({ name, type, driver, mtu, state, speedBps }) => [
    ...[name, type, driver ?? "-", `mtu ${mtu}`, state, speedText(speedBps)],
  ]);
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map(
    (row) =>
      `  ${row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd()}\n`,
  );
  return `\ninterfaces here, for packet: and xdp: (others: netns=NAME)\n${lines.join("")}`;
}

export const ports: CommandDefinition = {
  name: "ports",
  summary: "port kinds and their options, and the interfaces of this machine",
  refusesWords: true,
  options: {},
  run: async (_words, _options, { output, finish }) => {
    const { portKinds } = await import("../../port/kinds.js");
    const { interfacesHere } = await import("../../sys/net/interfaces-here.js");
    await output.result(formatPortKinds(portKinds) + formatInterfaces(interfacesHere()));
    finish(exitCodes.passed);
  },
};
