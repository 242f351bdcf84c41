/** `dut`: a device under test, the built-in one (or one part of it) or real testpmds, kept running for other programs. */
import { parseEmbeddedOptions } from "../../dut/embedded/options.js";
import { parseTestpmdOptions } from "../../dut/testpmd/options.js";
import { exitCodes, PktgenError, usageError } from "../../errors.js";
import { allowedCores } from "../../options/allowed-cores.js";
import { dutOptionsHelp } from "../../options/dut-options-help.js";
import {
  anyText,
  flag,
  list,
  type OptionsOf,
  type OptionTable,
  option,
  readOptions,
  type TextsOf,
  wordOf,
} from "../../options/option.js";
import { checkCoresAllowed, parseCores, parsePort, parseQueues } from "../../options/option-values.js";
import { maxFrameBytes, parseDurationOrForever } from "../../units.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { watchInterrupts } from "../output/interrupt.js";
import type { Output } from "../output/output.js";
import { type DutHandle, type DutKind, dutHandle, testpmdHandle } from "./dut-handle.js";

/** What both devices take. */
const wholeOptions = {
  queues: option("--queues <n>", "queue pairs of the whole device, 1 to 8 (default: 1)", parseQueues),
  directory: option(
    "--directory <folder>",
    "where the whole device makes its sockets' private folder (default: the temporary one)",
    anyText,
  ),
  duration: option("--duration <time>", "end after this time (default: forever)", parseDurationOrForever),
  cores: option("--cores <list>", "CPUs for its polling threads, in order host, container", parseCores),
} as const satisfies OptionTable;

const testpmdOptions = {
  ...wholeOptions,
  options: option(
    "--options <list>",
    "how they are started, e.g. container=none,huge=off,ring=packed-mergeable",
    parseTestpmdOptions,
  ),
  yesThisInterface: flag("--yes-this-interface", "open an interface (port=) even though the machine lives by it"),
} as const satisfies OptionTable;

const parts = ["both", "host", "container"] as const;

const embeddedOptions = {
  ...wholeOptions,
  part: option(
    "--part <part>",
    `the whole device, or one part alone (choices: ${parts.map((part) => `"${part}"`).join(", ")}, default: "both")`,
    wordOf(parts),
  ),
  port: list("--port <port>", "a port of the part, again for each (see pktgen-ts ports)"),
  options: option(
    "--options <list>",
    "what it does to frames, e.g. rate=40kpps,queue=256,loss=0.1%",
    parseEmbeddedOptions,
  ),
  busy: flag("--busy", "poll without ever giving the CPU back"),
} as const satisfies OptionTable;

const examples = `
Examples:
  pktgen-ts dut embedded                          the whole lab; prints the port to send to
  pktgen-ts dut embedded --part host --port vhost:/tmp/gen.sock --port vhost:/tmp/vhost-net
  pktgen-ts dut embedded --part container --port virtio-user:/tmp/vhost-net --options mode=macswap
`;

/** How many ports each part has. Both together bring their own. */
const portsOf: Readonly<Record<DutKind, number>> = { both: 0, host: 2, container: 1 };

function checkPorts(part: DutKind, port: readonly string[]): void {
  if (port.length !== portsOf[part]) {
    const accepted = {
      both: "none: the whole device makes its own",
      host: "two: the generator's side, then the container's",
      container: "one",
    };
    throw usageError(`${port.length} ports for --part ${part}`, { where: "--port", accepted: accepted[part] });
  }
  for (const text of port) parsePort(text, "--port");
}

/** Most ended connections that are told: a peer that reconnects for ever does not fill the terminal. */
const mostTroublesTold = 100;

/** Says on standard error why a peer's connection was ended. The peer itself sees only that it was. */
function tellTroubles({ message }: Output): (why: string) => void {
  let told = 0;
  return (why) => {
    if (told > mostTroublesTold) return;
    message(told++ < mostTroublesTold ? `${why}\n` : "further connections that were ended are not told\n");
  };
}

/** Starts it, says how to use it, and keeps it until it ends, the time is over, or Ctrl-C. */
async function keepRunning(
  durationNs: number,
  { output, finish }: CommandContext,
  start: (signal: AbortSignal) => Promise<DutHandle>,
): Promise<void> {
  using interrupt = watchInterrupts(output.readerGone, () => {});
  await using dut = await start(interrupt.signal).catch((cause: unknown) => {
    if (!interrupt.signal.aborted || !(cause instanceof PktgenError)) throw cause;
    throw new PktgenError(exitCodes.interrupted, cause.message, { cause });
  });
  await output.result(`${dut.introduction}\n`);
  const ended = await dut.untilEnd(interrupt.signal, durationNs);
  await output.result(await dut.counters());
  if (ended !== null) throw ended;
  finish(exitCodes.passed);
}

/** What both devices are started with. */
function wholeOf(given: OptionsOf<typeof wholeOptions>) {
  const { queues = 1, directory, cores = [] } = given;
  checkCoresAllowed(cores, allowedCores(), "--cores");
  return { queues, directory, maxFrameBytes, cores };
}

async function runEmbedded(texts: TextsOf<typeof embeddedOptions>, context: CommandContext): Promise<void> {
  const given = readOptions(embeddedOptions, texts);
  const { part = "both", port = [], duration = Number.POSITIVE_INFINITY } = given;
  checkPorts(part, port);
  const setup = {
    ...wholeOf(given),
    ports: port,
    options: given.options ?? parseEmbeddedOptions("", "--options"),
    busy: given.busy === true,
    onTrouble: tellTroubles(context.output),
  };
  await keepRunning(duration, context, () => dutHandle(part, setup));
}

async function runTestpmd(texts: TextsOf<typeof testpmdOptions>, context: CommandContext): Promise<void> {
  const given = readOptions(testpmdOptions, texts);
  const { options = parseTestpmdOptions("", "--options"), duration = Number.POSITIVE_INFINITY } = given;
  const setup = { ...wholeOf(given), options, yesThisInterface: given.yesThisInterface === true };
  await keepRunning(duration, context, (signal) => testpmdHandle({ ...setup, signal }));
}

function refuseKind([word]: readonly string[]): void {
  const what = word === undefined ? "which device?" : `unknown device under test '${word}'`;
  throw usageError(what, { where: "dut", accepted: "embedded, testpmd", hint: "see pktgen-ts dut embedded --help" });
}

const embeddedCommand: CommandDefinition<TextsOf<typeof embeddedOptions>> = {
  name: "embedded",
  summary: "the built-in device, or one part of it",
  description: "The built-in device under test: forwarders with vhost-user ports, for any vhost-user program.",
  refusesWords: true,
  options: { "": embeddedOptions },
  help: [() => dutOptionsHelp("embedded", "Options of the device (--options):"), examples],
  run: (_words, options, context) => runEmbedded(options, context),
};

const testpmdCommand: CommandDefinition<TextsOf<typeof testpmdOptions>> = {
  name: "testpmd",
  summary: "two real dpdk-testpmds, the second in a container or a plain process",
  description: "The test plan's device: a host testpmd with two vhost ports, and one with a virtio-user port.",
  refusesWords: true,
  options: { "": testpmdOptions },
  help: [() => dutOptionsHelp("testpmd", "Options of the device (--options):")],
  run: (_words, options, context) => runTestpmd(options, context),
};

export const dutCommand: CommandDefinition = {
  name: "dut",
  summary: "start a device under test and keep it running until Ctrl-C",
  options: {},
  children: [embeddedCommand, testpmdCommand],
  run: async (words) => refuseKind(words),
};
