/** `send`: one direction alone; `receive` on another machine has the other half. */
import { exitCodes } from "../../errors.js";
import type { SentTrial } from "../../result/half.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { watchInterrupts } from "../output/interrupt.js";
import { addOneWayOptions, type OneWayOptions, oneWayPlan, reportHalf, timeOption } from "./one-way-command.js";

const examples = `
Examples:
  pktgen-ts receive packet:eth1 --sizes 64,1518 --count 100000 --json received.json      # first, on the one machine
  pktgen-ts send packet:eth1 --sizes 64,1518 --count 100000 --rate 50kpps --json sent.json     # on the other
  pktgen-ts merge sent.json received.json

Exit codes: 0 all was sent, 4 not all of it was, or not in time.
`;

interface SendOptions extends OneWayOptions {
  readonly gap?: string;
}

/** What the receiver waits for, and a second more. */
const defaultGap = "2s";

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
  const gapNs = timeOption(options.gap, "--gap", defaultGap);
  const { runSend } = await import("../../method/one-way.js");
  const { output, finish } = context;
  using interrupt = watchInterrupts(output.readerGone, () => {
    output.message("pktgen-ts: stopping; once more to leave at once\n");
  });
  const half = await runSend({ ...one, gapNs }, { signal: interrupt.signal });
  await reportHalf(half, half.trials.map(sentLine), options.json, context);
  if (interrupt.signal.aborted) finish(exitCodes.interrupted);
  else finish(half.trials.every(isWhole) ? exitCodes.passed : exitCodes.invalid);
}

export const sendCommand: CommandDefinition = {
  name: "send",
  summary: "send on one port alone, for a receiver on another machine",
  define: (command, context) => {
    addOneWayOptions(command.argument("[port]", "e.g. packet:eth1").allowExcessArguments(), [
      "--yes-this-interface",
      "--record-tx",
      "--on-full",
    ])
      .option("--gap <time>", `between two trials, longer than the receiver's --quiet (default: ${defaultGap})`)
      .addHelpText("after", examples)
      .action((_port: string | undefined, options: SendOptions) => send(command.args, options, context));
  },
};
