/** `agent`: a generator that a fleet's runs may use, until Ctrl-C. */
import { rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { environmentError, exitCodes, usageError } from "../../errors.js";
import { type AgentTexts, agentName, agentOptions, parseLabel, serverOf } from "../../options/fleet-options.js";
import { readOptions } from "../../options/option.js";
import { parsePort, refuseWords } from "../../options/option-values.js";
import type { Rate } from "../../units.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { untilAborted, watchInterrupts } from "../output/interrupt.js";

const examples = `
It offers the ports that are named here and no others, sends no more than --max-rate, and runs no programs of profiles
unless told so. A run claims it for a while and renews the claim; when nobody renews it, it stops by itself.

Examples:
  pktgen-ts agent --fleet nats://127.0.0.1:4222 --name a1 --port embedded
  pktgen-ts agent --fleet tls://hub.example/lab --creds agent.creds --label site=lab --port packet:eth1 --max-rate 2Mpps
`;

/** The host's name as a word of a subject. */
const nameOfHost = (): string =>
  hostname()
    .replaceAll(/[^A-Za-z0-9_-]/g, "-")
    .slice(0, 64);

function maxPpsOf(rate: Rate | undefined): number | null {
  if (rate === undefined) return null;
  if (rate.kind === "pps") return rate.pps;
  throw usageError("a limit in bits is another one for each frame size", {
    where: "--max-rate",
    accepted: "frames per second, e.g. 2Mpps",
  });
}

async function runAgent(
  words: readonly string[],
  texts: AgentTexts,
  { output, finish }: CommandContext,
): Promise<void> {
  refuseWords(words);
  const given = readOptions(agentOptions, texts);
  const { port: ports = [], label = [], spool = null, readyFile } = given;
  if (ports.length === 0) {
    throw usageError("an agent without ports is of no use", {
      where: "--port",
      accepted: "e.g. packet:eth1, embedded",
    });
  }
  for (const port of ports) if (port !== "embedded") parsePort(port, "--port");
  const labels = Object.fromEntries(label.map((text) => parseLabel(text, "--label")));
  const name = given.name ?? agentName(nameOfHost(), "--name");
  const maxPps = maxPpsOf(given.maxRate);
  const address = serverOf(given.fleet, given.insecure === true);
  const offer = {
    ...{ ports, name, labels, maxPps, clockUdp: given.clockUdp ?? null },
    allowPrograms: given.allowPrograms === true,
    yesThisInterface: given.yesThisInterface === true,
    say: (text: string): void => output.message(`pktgen-ts agent ${name}: ${text}\n`),
  };
  const { connectFleet, startFleetAgent } = await import("../../fleet/index.js");
  using interrupt = watchInterrupts(output.readerGone, () => {});
  await using bus = await connectFleet(address, texts, `pktgen-ts agent ${name}`);
  await using agent = await startFleetAgent(bus, address, offer, spool);
  if (readyFile !== undefined) touch(readyFile);
  await output.result(`agent ${name} answers; ports: ${ports.join(", ")}\n`);
  const refused = bus.gone.then((why) => serverRefuses(why, address.servers));
  const gone = await Promise.race([untilAborted(interrupt.signal), refused, agent.taken]);
  if (readyFile !== undefined) rmSync(readyFile, { force: true });
  if (gone !== null) throw gone;
  finish(exitCodes.passed);
}

function touch(file: string): void {
  try {
    writeFileSync(file, "");
  } catch (cause) {
    throw environmentError(`${file} cannot be written`, { where: "--ready-file", cause });
  }
}

const serverRefuses = (why: string, servers: readonly string[]) =>
  environmentError(`the fleet's server does not take this agent any more: ${why}`, {
    where: servers.join(","),
    hint: "does the server still know this user, and has its key or its credentials run out?",
  });

export const agentCommand: CommandDefinition<AgentTexts> = {
  name: "agent",
  summary: "a generator that a fleet's runs may use, until Ctrl-C",
  options: { "": agentOptions },
  help: [examples],
  run: runAgent,
};
