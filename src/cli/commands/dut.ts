/** `dut`: a device under test, the built-in one (or one part of it) or real testpmds, kept running for other programs. */
import { type Command, Option } from "commander";
import { parseEmbeddedOptions } from "../../dut/embedded/options.js";
import { parseTestpmdOptions } from "../../dut/testpmd/options.js";
import { exitCodes, PktgenError, usageError } from "../../errors.js";
import { allowedCores } from "../../options/allowed-cores.js";
import { dutOptionsHelp } from "../../options/dut-options-help.js";
import { checkCoresAllowed, parseCores, parsePort, parseQueues } from "../../options/option-values.js";
import { maxFrameBytes, parseDurationOrForever } from "../../units.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { watchInterrupts } from "../output/interrupt.js";
import type { Output } from "../output/output.js";
import { type DutHandle, type DutKind, dutHandle, testpmdHandle } from "./dut-handle.js";

interface WholeOptions {
  readonly options?: string;
  readonly queues?: string;
  readonly directory?: string;
  readonly duration?: string;
  readonly cores?: string;
}

interface TestpmdCommandOptions extends WholeOptions {
  readonly yesThisInterface?: boolean;
}

interface EmbeddedCommandOptions extends WholeOptions {
  readonly part: DutKind;
  readonly port?: readonly string[];
  readonly busy?: boolean;
}

const examples = `
Examples:
  pktgen-ts dut embedded                          the whole lab; prints the port to send to
  pktgen-ts dut embedded --part host --port vhost:/tmp/gen.sock --port vhost:/tmp/vhost-net
  pktgen-ts dut embedded --part container --port virtio-user:/tmp/vhost-net --options mode=macswap
`;

/** How many ports each part has. Both together bring their own. */
const portsOf: Readonly<Record<DutKind, number>> = { both: 0, host: 2, container: 1 };

function checkPorts({ part, port = [] }: EmbeddedCommandOptions): void {
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

function coresOf({ cores }: WholeOptions): number[] {
  const list = cores === undefined ? [] : parseCores(cores, "--cores");
  checkCoresAllowed(list, allowedCores(), "--cores");
  return list;
}

/** A peer that comes back again and again for the same trouble does not fill the terminal. */
const mostTroublesTold = 100;

/** Says on standard error why a peer's connection was ended: its developer sees only that it was. */
function tellTroubles({ message }: Output): (why: string) => void {
  let told = 0;
  return (why) => {
    if (told > mostTroublesTold) return;
    message(told++ < mostTroublesTold ? `${why}\n` : "further connections that were ended are not told\n");
  };
}

/** Starts it, says how to use it, and keeps it until it ends, the time is over, or Ctrl-C. */
async function keepRunning(
  { duration = "forever" }: WholeOptions,
  { output, finish }: CommandContext,
  start: (signal: AbortSignal) => Promise<DutHandle>,
): Promise<void> {
  const durationNs = parseDurationOrForever(duration, "--duration");
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

async function runEmbedded(options: EmbeddedCommandOptions, context: CommandContext): Promise<void> {
  checkPorts(options);
  const setup = {
    ports: options.port ?? [],
    options: parseEmbeddedOptions(options.options ?? "", "--options"),
    queues: parseQueues(options.queues ?? "1", "--queues"),
    directory: options.directory,
    maxFrameBytes,
    cores: coresOf(options),
    busy: options.busy === true,
    onTrouble: tellTroubles(context.output),
  };
  await keepRunning(options, context, () => dutHandle(options.part, setup));
}

async function runTestpmd(options: TestpmdCommandOptions, context: CommandContext): Promise<void> {
  const setup = {
    options: parseTestpmdOptions(options.options ?? "", "--options"),
    yesThisInterface: options.yesThisInterface === true,
    queues: parseQueues(options.queues ?? "1", "--queues"),
    directory: options.directory,
    maxFrameBytes,
    cores: coresOf(options),
  };
  await keepRunning(options, context, (signal) => testpmdHandle({ ...setup, signal }));
}

function refuseKind([word]: readonly string[]): void {
  const what = word === undefined ? "which device?" : `unknown device under test '${word}'`;
  throw usageError(what, { where: "dut", accepted: "embedded, testpmd", hint: "see pktgen-ts dut embedded --help" });
}

/** What both devices take. */
const addWholeOptions = (command: Command): Command =>
  command
    .option("--queues <n>", "queue pairs of the whole device, 1 to 8 (default: 1)")
    .option(
      "--directory <folder>",
      "where the whole device makes its sockets' private folder (default: the temporary one)",
    )
    .option("--duration <time>", "end after this time (default: forever)")
    .option("--cores <list>", "CPUs for its polling threads, in order host, container");

export const dutCommand: CommandDefinition = {
  name: "dut",
  summary: "start a device under test and keep it running until Ctrl-C",
  define: (command, context) => {
    command.allowExcessArguments().action(() => refuseKind(command.args));
    addWholeOptions(command.command("embedded"))
      .summary("the built-in device, or one part of it")
      .description("The built-in device under test: forwarders with vhost-user ports, for any vhost-user program.")
      .addOption(
        new Option("--part <part>", "the whole device, or one part alone")
          .choices(["both", "host", "container"])
          .default("both"),
      )
      .option(
        "--port <port>",
        "a port of the part, again for each (see pktgen-ts ports)",
        (text: string, all: string[] = []) => [...all, text],
      )
      .option("--options <list>", "what it does to frames, e.g. rate=40kpps,queue=256,loss=0.1%")
      .option("--busy", "poll without ever giving the CPU back")
      .addHelpText("after", () => dutOptionsHelp("embedded", "Options of the device (--options):"))
      .addHelpText("after", examples)
      .action((options: EmbeddedCommandOptions) => runEmbedded(options, context));
    addWholeOptions(command.command("testpmd"))
      .summary("two real dpdk-testpmds, the second in a container or a plain process")
      .description("The test plan's device: a host testpmd with two vhost ports, and one with a virtio-user port.")
      .option("--options <list>", "how they are started, e.g. container=none,huge=off,ring=packed-mergeable")
      .option("--yes-this-interface", "open an interface (port=) even though the machine lives by it")
      .addHelpText("after", () => dutOptionsHelp("testpmd", "Options of the device (--options):"))
      .action((options: TestpmdCommandOptions) => runTestpmd(options, context));
  },
};
