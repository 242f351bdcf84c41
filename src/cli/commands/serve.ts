/** `serve`: a process that stays, and is asked: over HTTP, a Unix socket, or lines. */
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { exitCodes } from "../../errors.js";
import { refuseWords } from "../../options/option-values.js";
import { type ServeOrder, type ServeTexts, serveOptions, serveOrder } from "../../options/serve-options.js";
import type { Serving } from "../../serve/index.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { untilAborted, watchInterrupts } from "../output/interrupt.js";
import type { Output } from "../output/output.js";
import { insteadOfFleet } from "./on-fleet.js";

const examples = `
It measures what its clients ask for, on the ports that are named here and no others. One client has a port at a time.

Examples:
  pktgen-ts serve                                                 the page at http://127.0.0.1:8080/
  pktgen-ts serve --port east=packet:eth1 --port west=packet:eth2 --history /var/lib/pktgen
  pktgen-ts serve --wait-interfaces 2                             ports eth1 and eth2, once the interfaces are there
  pktgen-ts serve --listen 0.0.0.0:8080 --token-file /etc/pktgen.token
  pktgen-ts serve --unix ./pktgen.sock & curl --unix-socket ./pktgen.sock http://localhost/ports
  echo '{"id":1,"path":"/version"}' | pktgen-ts serve --stdio

docs/serve.md has the routes, and what a request looks like.
`;

/** The profiles that come with the package: beside both \`dist\` and \`src\`. */
const ownProfiles = (): string => fileURLToPath(new URL("../../../profiles", import.meta.url));

async function examined() {
  const { examine, isWell } = await import("../doctor/index.js");
  const groups = await examine();
  return { well: isWell(groups), groups };
}

/** What its starter reads: where it is, how to open it, and a line of its own when it answers. */
const readyText = (address: string, drawn: string | null): string => {
  const isUrl = address.startsWith("http");
  const open = drawn === null || !isUrl ? "" : `open it with its token: ${address}?token=${drawn}\n`;
  return `listening at ${address}\n${open}pktgen-ts ready\n`;
};

async function listenUntil(serving: Serving, order: ServeOrder, output: Output, signal: AbortSignal): Promise<void> {
  const { place, token } = order;
  const drawn = token === true ? randomBytes(24).toString("base64url") : null;
  const names = place?.kind === "tcp" ? [place.host] : null;
  await using listener = await serving.listen(place!, { token: drawn ?? (token === true ? null : token), names });
  await output.result(readyText(listener.address, drawn));
  await untilAborted(signal);
}

async function runServe(
  words: readonly string[],
  texts: ServeTexts,
  { output, finish }: CommandContext,
): Promise<void> {
  refuseWords(words);
  const order = serveOrder(texts);
  const { ports, history, workers, allowPrograms, yesThisInterface } = order;
  const { startServing } = await import("../../serve/index.js");
  using interrupt = watchInterrupts(output.readerGone, () => {});
  const { signal } = interrupt;
  const note = (text: string): void => output.message(`pktgen-ts: ${text}\n`);
  if (order.awaited.length > 0) {
    const { awaitInterfaces } = await import("../output/await-interfaces.js");
    await awaitInterfaces(order.awaited, note, signal);
  }
  await using serving = startServing({
    ...{ ports, history, workers, allowPrograms, yesThisInterface },
    profiles: order.profiles ?? ownProfiles(),
    doctor: examined,
    note,
  });
  const { place, prompt } = order;
  if (place === null) await serving.lines({ input: process.stdin, output: process.stdout, prompt }, signal);
  else await listenUntil(serving, order, output, signal);
  finish(exitCodes.passed);
}

export const serveCommand: CommandDefinition<ServeTexts> = {
  name: "serve",
  summary: "a server for runs, with a page: live figures, results, metrics; until Ctrl-C",
  options: { "": serveOptions },
  instead: insteadOfFleet,
  help: [examples],
  run: runServe,
};
