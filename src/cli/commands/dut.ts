/** `dut embedded`: the built-in device under test, or one part of it, kept running for other programs. */
import { Option } from "commander";
import { parseEmbeddedOptions } from "../../dut/embedded/options.js";
import { exitCodes, usageError } from "../../errors.js";
import { maxFrameBytes, parseDurationOrForever } from "../../units.js";
import { allowedCores } from "../allowed-cores.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { type DutKind, dutHandle } from "../dut-handle.js";
import { embeddedOptionsHelp } from "../embedded-help.js";
import { watchInterrupts } from "../interrupt.js";
import { checkCoresAllowed, parseCores, parsePort, parseQueues } from "../option-values.js";

interface DutOptions {
  readonly part: DutKind;
  readonly port?: readonly string[];
  readonly options?: string;
  readonly queues?: string;
  readonly directory?: string;
  readonly duration?: string;
  readonly cores?: string;
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

function checkPorts({ part, port = [] }: DutOptions): void {
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

async function runDut(options: DutOptions, context: CommandContext): Promise<void> {
  checkPorts(options);
  const embedded = parseEmbeddedOptions(options.options ?? "", "--options");
  const durationNs = parseDurationOrForever(options.duration ?? "forever", "--duration");
  const cores = options.cores === undefined ? [] : parseCores(options.cores, "--cores");
  checkCoresAllowed(cores, allowedCores(), "--cores");
  const { output, finish } = context;
  using interrupt = watchInterrupts(output.readerGone, () => {});
  const started = dutHandle(options.part, {
    ports: options.port ?? [],
    options: embedded,
    queues: parseQueues(options.queues ?? "1", "--queues"),
    directory: options.directory,
    maxFrameBytes,
    cores,
    busy: options.busy === true,
  });
  await using dut = await started;
  await output.result(`${dut.introduction}\n`);
  const ended = await dut.untilEnd(interrupt.signal, durationNs);
  await output.result(await dut.counters());
  if (ended !== null) throw ended;
  finish(exitCodes.passed);
}

function refuseKind([word]: readonly string[]): void {
  const what = word === undefined ? "which device?" : `unknown device under test '${word}'`;
  throw usageError(what, { where: "dut", accepted: "embedded", hint: "see pktgen-ts dut embedded --help" });
}

export const dutCommand: CommandDefinition = {
  name: "dut",
  summary: "start a device under test and keep it running until Ctrl-C",
  define: (command, context) => {
    command.allowExcessArguments().action(() => refuseKind(command.args));
    command
      .command("embedded")
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
      .option("--queues <n>", "queue pairs of the whole device, 1 to 8 (default: 1)")
      .option(
        "--directory <folder>",
        "where the whole device makes its sockets' private folder (default: the temporary one)",
      )
      .option("--duration <time>", "end after this time (default: forever)")
      .option("--cores <list>", "CPUs for its polling threads, in order host, container")
      .option("--busy", "poll without ever giving the CPU back")
      .addHelpText("after", () => embeddedOptionsHelp("Options of the device (--options):"))
      .addHelpText("after", examples)
      .action((options: DutOptions) => runDut(options, context));
  },
};
