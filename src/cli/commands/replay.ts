/** `replay`: a capture's frames out of a port, with the file's timing, and what came back compared. */
import { exitCodes, PktgenError, usageError } from "../../errors.js";
import { addComparisonOptions, filterHelp } from "../../options/compare-options.js";
import { recordFiles } from "../../options/record-options.js";
import type { ReplayOptions } from "../../options/replay-options.js";
import type { ReplayResult } from "../../result/replay-result.js";
import { formatCount } from "../../units.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { comparisonFiles } from "../output/comparison.js";
import { watchInterrupts } from "../output/interrupt.js";
import { progressLine } from "../output/progress-line.js";
import { checkResultFiles, standardOutput, writeResultFile } from "../output/result-file.js";
import { verdictCodes } from "../output/verdict-codes.js";

const examples = `
Examples:
  pktgen-ts replay x.pcap --tx virtio-user:/tmp/gen.sock                       with the gaps of the file
  pktgen-ts replay x.pcapng.gz --tx packet:veth0 --rx packet:veth1 --speed 2x --loops 10
  pktgen-ts replay x.pcap --tx packet:veth0 --top-speed --filter 'udp.dstport in {53,123}' --dst-mac 02:00:00:00:00:07
  pktgen-ts replay x.pcap --tx packet:veth0 --tx2 packet:veth2 --split client
  pktgen-ts replay x.pcap --tx virtio-user:/tmp/gen.sock,queues=4 --spread flow
  pktgen-ts replay x.pcap --tx packet:veth0 --rx packet:veth1 --expect x.pcap --mask macs,ttl --junit report.xml
${filterHelp}
Exit codes: 0 all was sent (and came back as expected); 1 not taken, or differences; 2 a file that cannot be used, or
of which nothing is left to send; 3 something is missing here; 4 a file is cut or damaged, a peer died; 130 interrupted.
`;

async function report(result: ReplayResult, options: ReplayOptions, context: CommandContext): Promise<void> {
  const [{ renderReplay }, { renderComparisonJunit }] = await Promise.all([
    import("../../report/replay-text.js"),
    import("../../report/compare-text.js"),
  ]);
  const files = comparisonFiles(options);
  const textOf = (option: string): string =>
    option === "--junit" ? renderComparisonJunit(result.comparison!) : `${JSON.stringify(result, null, 2)}\n`;
  const usable = files.filter(({ option }) => option === "--json" || result.comparison !== null);
  const onOutput = usable.find(({ path }) => path === standardOutput);
  await context.output.result(onOutput === undefined ? renderReplay(result) : textOf(onOutput.option));
  for (const file of usable) if (file !== onOutput) writeResultFile(file, textOf(file.option));
}

async function replay(words: readonly string[], options: ReplayOptions, context: CommandContext): Promise<void> {
  const [file, ...more] = words;
  if (file === undefined || more.length > 0) {
    const what = file === undefined ? "which capture?" : `what is '${more[0]}'?`;
    throw usageError(what, { where: "replay", accepted: "replay FILE --tx PORT" });
  }
  if (options.junit !== undefined && options.expect === undefined) {
    throw usageError("JUnit tells of a comparison", { where: "--junit", accepted: "--expect FILE with it" });
  }
  comparisonFiles(options);
  checkResultFiles(recordFiles(options));
  const [{ planReplay }, { runReplay }] = await Promise.all([
    import("../../options/replay-options.js"),
    import("../../capture/replay.js"),
  ]);
  const tool = { name: "pktgen-ts", version: context.version, node: process.version };
  const plan = await planReplay(file, options, context.commandLine, tool);
  const { output, finish } = context;
  const line = progressLine(output, false, () => performance.now());
  using interrupt = watchInterrupts(output.readerGone, () => {
    line.clear();
    output.message("pktgen-ts: stopping; once more to leave at once\n");
  });
  const result = await runReplay(plan, {
    signal: interrupt.signal,
    onProgress: (sent, received) => line.show(`${formatCount(sent)} sent, ${formatCount(received)} received`),
  }).catch((error: unknown) => {
    line.clear();
    throw interrupt.signal.aborted && error instanceof PktgenError
      ? new PktgenError(exitCodes.interrupted, error.message, { cause: error })
      : error;
  });
  line.clear();
  await report(result, options, context);
  finish(interrupt.signal.aborted ? exitCodes.interrupted : verdictCodes[result.verdict]);
}

export const replayCommand: CommandDefinition = {
  name: "replay",
  summary: "send a capture's frames with its timing, and compare what comes back",
  define: (command, context) => {
    command
      .argument("[file]", "pcap or pcapng, also .gz and .zst")
      .allowExcessArguments()
      .option("--tx <port>", "where frames go, see pktgen-ts ports")
      .option(
        "--rx <port>",
        "where they come back (default: nowhere; with --expect, --record-rx or --one-by-one: --tx's)",
      )
      .option("--tx2 <port>", "a second port, for the other direction")
      .option(
        "--split <how>",
        "which frames are --tx's: interface (0), client (what clients send), mac=ADDRESS,… (sources)",
      )
      .option(
        "--spread <how>",
        "over the queues of a port that has several (queues=): flow (a flow's frames stay on one), turn (default: flow)",
      )
      .option(
        "--speed <factor>",
        "of the file's gaps, e.g. 2x or 200% (default: 1x); times of --expect are scaled with them",
      )
      .option("--rate <rate>", "instead of the file's gaps: 100kpps, 1Gbps (layer 2), 1Gbps-l1, max")
      .option("--top-speed", "as fast as the peer takes them")
      .option("--one-by-one [timeout]", "the next frame when one has come back, or after this time (default: 1s)")
      .option("--loops <n>", "times, or forever (default: 1)")
      .option("--loop-delay <time>", "from a loop's last frame to the next one's first (default: 0)")
      .option("--count <n>", "stop after so many frames")
      .option("--duration <time>", "stop after this time")
      .option("--filter <expression>", "frames to send, e.g. 'ip.src == 198.18.0.1 && udp.dstport in {53,123}'")
      .option("--frames <ranges>", "frames to send by number, e.g. 1-100,205,300-")
      .option("--cut <what>", "frames that the capture cut: refuse, pad (with zeros), skip (default: refuse)")
      .option("--src-mac <mac>", "new source address")
      .option("--dst-mac <mac>", "new destination address")
      .option("--vlan <id>", "id of the outer tag, or of a new one; none: tags are taken away")
      .option("--map-ip <maps>", "prefixes, e.g. 198.18.0.0/16=198.19.0.0/16; checksums follow")
      .option("--map-port <maps>", "TCP, UDP and SCTP ports, e.g. 80=8080,53=5353; checksums follow")
      .option("--unique-addresses", "add the loop's number to both IP addresses")
      .option("--fix-checksums", "compute IP and transport checksums anew")
      .option("--max-frame <bytes>", "longest frame with FCS that buffers are made for (default: 1522)")
      .option("--settle <time>", "how long after the last frame others may come back (default: 1s)")
      .option("--record-tx <file>", "what was sent, with its times")
      .option("--record-rx <file>", "what came back")
      .option("--on-full <what>", "a full disk while recording: stop or go-on (default: go-on)")
      .option("--expect <file>", "what has to come back; differences fail")
      .option("--expect-filter <expression>", "frames of both that count");
    addComparisonOptions(command)
      .option("--annotated <file>", "with --expect: pcapng of what came back, with the reasons as comments")
      .option("--json <file>", "the whole result as one document; - for standard output")
      .option("--junit <file>", "with --expect: JUnit XML; - for standard output")
      .option("--cores <list>", "CPU for the sending thread")
      .option("--busy", "never give way while waiting")
      .option("--yes-this-interface", "also send on an interface that the machine lives by")
      .option("--wait-peer <time>", "how long a port's peer may take to start its rings, or forever (default: 10s)")
      .addHelpText("after", examples)
      .action((_file: string | undefined, options: ReplayOptions) => replay(command.args, options, context));
  },
};
