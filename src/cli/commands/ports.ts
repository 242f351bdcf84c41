/** `ports`: the kinds of ports and their options, from the same table that parses them; and the interfaces found. */
import { exitCodes, PktgenError } from "../../errors.js";
import type { PortKind } from "../../port/kind.js";
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

export interface ListedInterface {
  readonly name: string;
  readonly type: string;
  readonly driver: string | null;
  readonly mtu: number;
  readonly state: string;
  readonly speedBps: number | null;
}

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

/** Of this process's namespace; none where the kernel does not tell. */
async function interfacesHere(): Promise<ListedInterface[]> {
  const { interfaceDriver, interfaceSpeedBps, listInterfaces } = await import("../../sys/net/netdev.js");
  try {
    return listInterfaces().map(({ name, linkTypeName, kind, mtu, up, carrier }) => ({
      name,
      type: kind ?? linkTypeName,
      driver: interfaceDriver(name),
      mtu,
      state: !up ? "down" : carrier ? "up" : "up, no carrier",
      speedBps: up && carrier ? interfaceSpeedBps(name) : null,
    }));
  } catch (error) {
    if (error instanceof PktgenError) return [];
    throw error;
  }
}

export const ports: CommandDefinition = {
  name: "ports",
  summary: "port kinds and their options, and the interfaces of this machine",
  refusesWords: true,
  options: {},
  run: async (_words, _options, { output, finish }) => {
    const { portKinds } = await import("../../port/kinds.js");
    await output.result(formatPortKinds(portKinds) + formatInterfaces(await interfacesHere()));
    finish(exitCodes.passed);
  },
};
