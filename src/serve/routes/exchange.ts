/** Routes of exchanges: frames in, what came back out. */
import type { ExchangeBody, ExchangeWords } from "../contract.js";
import { type ExchangeOrder, orderOfCapture, orderOfHex } from "../exchange/order.js";
import { answeredExchange, type ExchangeOutcome, exchangeAsFile, exchangeInHex } from "../exchange/outcome.js";
import { RequestRefusal } from "../refusal.js";
import { type Call, json, type Reply, type Route } from "../route.js";
import * as schema from "../schema/exchange.js";
import type { Server } from "../server.js";
import { captureMedia } from "./session-captures.js";

/** What a body has, and what is said of it: in the query where the body is a capture, else in the body. */
function orderOf({ body, query }: Call): ExchangeOrder {
  if (body instanceof Uint8Array) return orderOfCapture(body, query as ExchangeWords);
  const [where] = Object.keys(query);
  if (where === undefined) return orderOfHex(body as ExchangeBody);
  throw new RequestRefusal("bad-request", "beside a body of JSON the query says nothing", {
    where,
    accepted: "it in the body",
  });
}

/** What is decided when ports are opened: those of a session are open. */
const openingWords = ["maxFrame", "waitPeer", "yesThisInterface"] as const;

/** @throws RequestRefusal (422) */
function refuseOpeningWords({ body, query }: Call): void {
  const words = (body instanceof Uint8Array ? query : body) as Readonly<Record<string, unknown>>;
  const where = openingWords.find((word) => words[word] !== undefined);
  if (where === undefined) return;
  throw new RequestRefusal("invalid", "the ports of a session are open, and this is decided when they are opened", {
    where,
    accepted: "it in POST /sessions",
  });
}

async function exchanged(call: Call, run: (order: ExchangeOrder) => Promise<ExchangeOutcome>): Promise<Reply> {
  const order = orderOf(call);
  const answered = answeredExchange(order, await run(order));
  if (!(call.body instanceof Uint8Array)) return json(exchangeInHex(answered));
  const format = call.query["format"] === "pcap" ? "pcap" : "pcapng";
  const headers = { "Pktgen-Exchange": JSON.stringify(answered.counts) };
  const bytes = exchangeAsFile(answered, format);
  return { kind: "bytes", status: 200, media: captureMedia[format], bytes, headers };
}

const shape: Pick<Route, "method" | "query" | "body" | "inBytes" | "answers"> = {
  method: "POST",
  query: schema.exchangeQuery,
  body: schema.exchangeRequest,
  inBytes: {
    body: { media: "application/vnd.tcpdump.pcap", means: "a capture, pcap or pcapng: what is sent" },
    answer: { media: captureMedia.pcapng, means: "what came back; the header Pktgen-Exchange has the counts" },
  },
  answers: { 200: schema.exchangeAnswer },
};

export const exchangeRoutes: readonly Route[] = [
  {
    ...shape,
    path: "/exchange",
    summary: "sends frames out of a port, and answers with what came back; the ports are opened for it",
    handle: (server: Server, call) => exchanged(call, (order) => server.exchanges.run(order, call.gone)),
  },
  {
    ...shape,
    path: "/sessions/{id}/exchange",
    summary: "the same on the ports of a session, which stay open; its flows go on",
    handle: ({ sessions }: Server, call) => {
      const session = sessions.ask(call.path["id"]!);
      refuseOpeningWords(call);
      return exchanged(call, (order) => session.exchange(order, call.gone));
    },
  },
];
