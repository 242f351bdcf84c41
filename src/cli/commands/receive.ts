/** `receive`: one direction alone, what `send` sends on another machine. */
import { exitCodes } from "../../errors.js";
import { type OptionTable, option, readOptions, type TextsOf } from "../../options/option.js";
import { duration } from "../../options/option-values.js";
import type { ReceivedTrial } from "../../result/half.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { stoppable } from "../output/stoppable.js";
import { type OneWayOptions, oneWayGroups, oneWayOptions, oneWayPlan, reportHalf } from "./one-way-command.js";

const examples = `
Each trial ends when its --count has come, or --duration after its first frame, or when nothing has come for --quiet.
The options must be those of the sender, so that numbers mean the same. Frames of other runs are counted as stale: the run
is the one of the first frame that comes, or of --run-id, given to both sides.

Examples:
  pktgen-ts receive packet:eth1 --sizes 64,1518 --count 100000 --json received.json
  pktgen-ts receive packet:eth1,timestamp=kernel --sizes 64 --duration 10s --clocks-synchronised --json received.json

Exit codes: 0 frames came and none is missing between them, 1 some are missing, damaged or double, 4 none came.
What was lost after the last one that came, only the sender knows: pktgen-ts merge sent.json received.json
`;

const receiveOptions = {
  ...oneWayOptions,
  wait: option("--wait <time>", "for the first frame of a trial (default: 60s)", duration()),
  quiet: option(
    "--quiet <time>",
    "a trial is over when nothing came for so long, beside a frame's time (default: 1s)",
    duration(),
  ),
} as const satisfies OptionTable;

type ReceiveOptions = OneWayOptions & TextsOf<typeof receiveOptions>;

/** Missing before the last frame that came. */
const missingOf = ({ seenByQueue, receive, signature }: ReceivedTrial): number =>
  signature ? seenByQueue.reduce((sum, seen) => sum + seen, 0) - receive.accepted - receive.corrupt : 0;

function receivedLine(trial: ReceivedTrial): string {
  const { frameBytes, requested, receive, receiveDrops, faults } = trial;
  const { received, duplicate, reordered, corrupt, stale, foreign } = receive;
  const counts = { missing: Math.max(0, missingOf(trial)), duplicate, reordered, corrupt, stale, foreign };
  const named = Object.entries(counts).flatMap(([word, n]) => (n > 0 ? [`${n} ${word}`] : []));
  const drops = receiveDrops > 0 ? [`${receiveDrops} found no room in our own ring`] : [];
  const rest = [...named, ...drops, ...faults].map((part) => `, ${part}`).join("");
  return `${frameBytes} bytes, ${requested.rate}: received ${received} frames${rest}`;
}

function exitCodeOf(trials: readonly ReceivedTrial[]) {
  if (trials.some(({ receive, faults }) => receive.received === 0 || faults.length > 0)) return exitCodes.invalid;
  const spoiled = trials.some(
    (trial) => missingOf(trial) > 0 || trial.receive.corrupt > 0 || trial.receive.duplicate > 0,
  );
  return spoiled ? exitCodes.failed : exitCodes.passed;
}

async function receive(words: readonly string[], options: ReceiveOptions, context: CommandContext): Promise<void> {
  const one = await oneWayPlan(words, options, context, "receive");
  const { wait: waitNs = 60e9, quiet: quietNs = 1e9 } = readOptions(receiveOptions, options);
  const { runReceive } = await import("../../method/one-way.js");
  const { output, finish } = context;
  using work = stoppable(output);
  const runId = options.runId === undefined ? null : one.plan.runId;
  const half = await work.wait(runReceive({ ...one, waitNs, quietNs, runId }, { signal: work.signal }));
  await reportHalf(half, half.trials.map(receivedLine), options.json, context);
  finish(work.stopped ? exitCodes.interrupted : exitCodeOf(half.trials));
}

export const receiveCommand: CommandDefinition<ReceiveOptions> = {
  name: "receive",
  summary: "receive on one port alone what a sender on another machine sends",
  argument: ["[port]", "e.g. packet:eth1"],
  options: { ...oneWayGroups(["integrity", "recordRx", "onFull"]), "": receiveOptions },
  help: [examples],
  run: receive,
};
