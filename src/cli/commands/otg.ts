/** `otg`: a server that clients of the Open Traffic Generator's API ask, such as snappi. */
import { environmentError, exitCodes, type PktgenError } from "../../errors.js";
import { refuseWords } from "../../options/option-values.js";
import { type OtgFleet, type OtgTexts, otgOptions, otgOrder } from "../../options/otg-options.js";
import type { OpenFleet } from "../../otg/index.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { untilAborted, watchInterrupts } from "../output/interrupt.js";

const examples = `
A configuration's port has the name of one of these as its location.

Examples:
  pktgen-ts otg --port veth-a --port veth-z
  pktgen-ts otg --wait-interfaces 2                               inside containerlab: eth1 and eth2, once they are there
  pktgen-ts otg --fleet nats://127.0.0.1:4222 --port p1=a1/packet:eth1 --port p2=a2/packet:eth1   ports of agents
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
  const say = (text: string): void => output.message(`pktgen-ts otg: ${text}\n`);
  await using fleet = order.fleet === null ? null : await reachFleet(order.fleet, texts, say);
  await using server = await startOtg(fleet === null ? order : { ...order, openFleet: fleet.open });
  const lines = server.addresses.map((address) => `listening at ${address}\n`);
  await output.result(`${lines.join("")}pktgen-ts ready\n`);
  const gone = await Promise.race([untilAborted(interrupt.signal), ...(fleet === null ? [] : [fleet.gone])]);
  if (gone !== null) throw gone;
  finish(exitCodes.passed);
}

/** The server of the fleet, and what opens ports of its agents. `say`: what becomes of agents meanwhile. */
async function reachFleet({ address, force }: OtgFleet, texts: OtgTexts, say: (text: string) => void) {
  const { connectFleet, openFleetSession } = await import("../../fleet/index.js");
  const { creds, nkey, tlsCa } = texts;
  const bus = await connectFleet(
    address,
    {
      ...(creds === undefined ? {} : { creds }),
      ...(nkey === undefined ? {} : { nkey }),
      ...(tlsCa === undefined ? {} : { tlsCa }),
    },
    "pktgen-ts otg",
  );
  const open: OpenFleet = async (spec) => {
    const session = await openFleetSession(bus, { ...spec, force });
    session.onEvent((event) => event.kind === "trouble" && say(event.message));
    return session;
  };
  return {
    open,
    gone: bus.gone.then((why) => serverRefuses(why, address.servers)),
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  };
}

const serverRefuses = (why: string, servers: readonly string[]): PktgenError =>
  environmentError(`the fleet's server does not take this user any more: ${why}`, { where: servers.join(",") });

export const otgCommand: CommandDefinition<OtgTexts> = {
  name: "otg",
  summary: "a server of the Open Traffic Generator's API, for clients such as snappi; until Ctrl-C",
  options: { "": otgOptions },
  help: [examples],
  run: runOtg,
};
