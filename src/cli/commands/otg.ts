/** `otg`: a server that clients of the Open Traffic Generator's API ask, such as snappi. */
import { exitCodes } from "../../errors.js";
import { refuseWords } from "../../options/option-values.js";
import { type OtgTexts, otgOptions, otgOrder } from "../../options/otg-options.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { untilAborted, watchInterrupts } from "../output/interrupt.js";
import { insteadOfFleet } from "./on-fleet.js";

const examples = `
A configuration's port has the name of one of these as its location.

Examples:
  pktgen-ts otg --port veth-a --port veth-z
  pktgen-ts otg --wait-interfaces 2                               inside containerlab: eth1 and eth2, once they are there
  pktgen-ts otg --port p1=vhost:/tmp/p1.sock --port p2=vhost:/tmp/p2.sock --http 8080
  snappi.api(location="https://localhost:8443")                   a client, in Python
  snappi.api(location="localhost:40051", transport="grpc")

docs/otg.md says what of the API is there.
`;

async function runOtg(words: readonly string[], texts: OtgTexts, { output, finish }: CommandContext): Promise<void> {
  refuseWords(words);
  const order = otgOrder(texts);
  const { startOtg } = await import("../../otg/index.js");
  using interrupt = watchInterrupts(output.readerGone, () => {});
  if (order.awaited.length > 0) {
    const { awaitInterfaces } = await import("../output/await-interfaces.js");
    await awaitInterfaces(order.awaited, (text) => output.message(`pktgen-ts: ${text}\n`), interrupt.signal);
  }
  await using server = await startOtg(order);
  const lines = server.addresses.map((address) => `listening at ${address}\n`);
  await output.result(`${lines.join("")}pktgen-ts ready\n`);
  await untilAborted(interrupt.signal);
  finish(exitCodes.passed);
}

export const otgCommand: CommandDefinition<OtgTexts> = {
  name: "otg",
  summary: "a server of the Open Traffic Generator's API, for clients such as snappi; until Ctrl-C",
  options: { "": otgOptions },
  instead: insteadOfFleet,
  help: [examples],
  run: runOtg,
};
