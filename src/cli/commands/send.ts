/** `send`: one direction alone; `receive` on another machine has the other half. */
import { exitCodes } from "../../errors.js";
import { type OptionTable, option, readOptions, type TextsOf } from "../../options/option.js";
import { duration } from "../../options/option-values.js";
import type { SentTrial } from "../../result/half.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { stoppable } from "../output/stoppable.js";
import { type OneWayOptions, oneWayGroups, oneWayOptions, oneWayPlan, reportHalf } from "./one-way-command.js";

const examples = `
Examples:
  pktgen-ts receive packet:eth1 --sizes 64,1518 --count 100000 --json received.json      # first, on the one machine
  pktgen-ts send packet:eth1 --sizes 64,1518 --count 100000 --rate 50kpps --json sent.json     # on the other
  pktgen-ts merge sent.json received.json

Exit codes: 0 all was sent, 4 not all of it was, or not in time.
`;

/** What the receiver waits for, and a second more. */
const defaultGapNs = 2e9;

const sendOptions = {
  ...oneWayOptions,
  gap: option("--gap <time>", "between two trials, longer than the receiver's --quiet (default: 2s)", duration()),
} as const satisfies OptionTable;

type SendOptions = OneWayOptions & TextsOf<typeof sendOptions>;

function sentLine({ frameBytes, transmit, requested, faults }: SentTrial): string {
  const outstanding = transmit.queues.reduce((sum, queue) => sum + queue.outstanding, 0);
  const sent = transmit.queues.reduce((sum, queue) => sum + queue.published, 0) - outstanding;
  const { intended, late, missed, blocked, windowNs } = transmit;
  const pps = Math.round((sent * 1e9) / windowNs);
  const trouble = Object.entries({ late, missed, blocked }).flatMap(([word, n]) => (n > 0 ? [`${n} ${word}`] : []));
  const rest = [...trouble, ...faults].map((part) => `, ${part}`).join("");
  return `${frameBytes} bytes, ${requested.rate}: sent ${sent} of ${intended} frames, ${pps} a second${rest}`;
}

const isWhole = ({ transmit, requested, faults }: SentTrial): boolean =>
  faults.length === 0 &&
  transmit.missed === 0 &&
  (requested.pps === null || transmit.blocked === 0) &&
  transmit.intended === (requested.count ?? transmit.intended);

async function send(words: readonly string[], options: SendOptions, context: CommandContext): Promise<void> {
  const one = await oneWayPlan(words, options, context, "send");
  const { gap: gapNs = defaultGapNs } = readOptions(sendOptions, options);
  const { runSend } = await import("../../method/one-way.js");
  const { output, finish } = context;
  using work = stoppable(output);
  const half = await work.wait(runSend({ ...one, gapNs }, { signal: work.signal }));
  await reportHalf(half, half.trials.map(sentLine), options.json, context);
  if (work.stopped) finish(exitCodes.interrupted);
  else finish(half.trials.every(isWhole) ? exitCodes.passed : exitCodes.invalid);
}

export const sendCommand: CommandDefinition<SendOptions> = {
  name: "send",
  summary: "send on one port alone, for a receiver on another machine",
  argument: ["[port]", "e.g. packet:eth1"],
  options: { ...oneWayGroups(["yesThisInterface", "recordTx", "onFull"]), "": sendOptions },
  help: [examples],
  run: send,
};
