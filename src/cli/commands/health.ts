/** `health`: whether a server of this machine answers, for health checks of containers, which have no curl. */
import type { RequestOptions } from "node:http";
import { environmentError, exitCodes, usageError } from "../../errors.js";
import { listenAddress } from "../../options/listen-address.js";
import type { CommandDefinition } from "../command.js";

const usualPlace = "127.0.0.1:8080";
const timeoutMs = 3_000;
const mostAnswerBytes = 1_000;

const examples = `
Exit codes: 0 it answers, 3 it does not.

Examples:
  pktgen-ts health                       asks http://${usualPlace}/healthz, which needs no token
  pktgen-ts health /run/pktgen.sock      a server that was started with --unix
`;

const where = (place: string): RequestOptions =>
  place.includes("/")
    ? { socketPath: place, host: "localhost" }
    : (({ host, port }) => ({ host, port }))(listenAddress(place, "health"));

/** Resolves with the answer's status and text; rejects with what is in the way. */
async function answerOf(options: RequestOptions): Promise<{ readonly status: number; readonly text: string }> {
  const { get } = await import("node:http");
  return new Promise((resolve, reject) => {
    const request = get({ ...options, path: "/healthz", agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => {
        if (text.length < mostAnswerBytes) text += piece;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      response.on("error", reject);
    });
    const timer = setTimeout(() => request.destroy(new Error(`no answer within ${timeoutMs / 1_000} s`)), timeoutMs);
    request.on("error", reject).on("close", () => clearTimeout(timer));
  });
}

async function runHealth(words: readonly string[]): Promise<string> {
  if (words.length > 1) throw usageError("health asks one server", { where: "health", accepted: "one address" });
  const place = words[0] ?? usualPlace;
  const hint = `is it there? pktgen-ts serve${place === usualPlace ? "" : ` ${place.includes("/") ? "--unix" : "--listen"} ${place}`}`;
  const { status, text } = await answerOf(where(place)).catch((cause: NodeJS.ErrnoException) => {
    throw environmentError(`${place} does not answer (${cause.code ?? cause.message})`, {
      where: "health",
      hint,
      cause,
    });
  });
  if (status === 200 && text.includes('"ok"')) return `${place} answers\n`;
  throw environmentError(`what answers at ${place} is no server of pktgen-ts (status ${status})`, {
    where: "health",
    hint,
  });
}

export const healthCommand: CommandDefinition = {
  name: "health",
  summary: "whether a server answers: for health checks of containers",
  argument: ["[address]", `where it listens (default: ${usualPlace}), or its socket's path`],
  options: {},
  help: [examples],
  run: async (words, _options, { output, finish }) => {
    await output.result(await runHealth(words));
    finish(exitCodes.passed);
  },
};
