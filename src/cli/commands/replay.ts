/** `replay`: a capture's frames out of a port, with the file's timing, and what came back compared. */
import { exitCodes, usageError } from "../../errors.js";
import { filterHelp } from "../../options/compare-options.js";
import { captureFiles } from "../../options/record-options.js";
import { type ReplayOptions, replayOptions } from "../../options/replay-options.js";
import type { ReplayResult } from "../../result/replay-result.js";
import { formatCount } from "../../units.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { comparisonFiles } from "../output/comparison.js";
import { checkResultFiles, standardOutput, writeResultFile } from "../output/result-file.js";
import { stoppable } from "../output/stoppable.js";
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
  checkResultFiles(captureFiles(options));
  const [{ planReplay }, { runReplay }] = await Promise.all([
    import("../../options/replay-plan.js"),
    import("../../capture/replay.js"),
  ]);
  const tool = { name: "pktgen-ts", version: context.version, node: process.version };
  const plan = planReplay(file, options, context.commandLine, tool);
  const { output, finish } = context;
  using work = stoppable(output);
  const result = await work.wait(
    runReplay(plan, {
      signal: work.signal,
      onProgress: (sent, received) => work.line.show(`${formatCount(sent)} sent, ${formatCount(received)} received`),
    }),
  );
  await report(result, options, context);
  finish(work.stopped ? exitCodes.interrupted : verdictCodes[result.verdict]);
}

export const replayCommand: CommandDefinition<ReplayOptions> = {
  name: "replay",
  summary: "send a capture's frames with its timing, and compare what comes back",
  argument: ["[file]", "pcap or pcapng, also .gz and .zst"],
  options: { "": replayOptions },
  help: [examples],
  run: replay,
};
