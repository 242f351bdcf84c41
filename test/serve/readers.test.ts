/** Readers of events that are slow, or read nothing; and how much a day of samples takes. */
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Writable } from "node:stream";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { EventData } from "../../src/serve/contract.js";
import { EventJournal } from "../../src/serve/events/journal.js";
import { streamEvents } from "../../src/serve/http/event-stream.js";
import { SessionTeller } from "../../src/serve/sessions/session-teller.js";
import type { SessionSnapshot } from "../../src/session/index.js";
import { eventsIn } from "../support/serve-rig.js";
import { SessionSim, simFlow } from "../support/session-sim.js";

const done: EventData<"done"> = {
  ...{ t: 0, state: "done", verdict: null, reasons: [], causes: [], stopped: false, error: null, result: null },
};
const replyOf = (journal: EventJournal, reads = () => () => {}) =>
  ({ kind: "events", journal, events: [], after: 0, reads }) as const;

/** A reader over a real socket, and the server's side of it. */
async function openReader(journal: EventJournal) {
  let response!: ServerResponse;
  const http = createServer((_, answer) => {
    response = answer;
    streamEvents(replyOf(journal), answer);
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const asking = request({ port: (http.address() as AddressInfo).port, host: "127.0.0.1", agent: false });
  asking.end();
  const [stream] = (await once(asking, "response")) as [IncomingMessage];
  const close = async (): Promise<void> => {
    stream.destroy();
    http.closeAllConnections();
    http.close();
  };
  return { stream, response, [Symbol.asyncDispose]: close };
}

afterEach(() => {
  vi.useRealTimers();
});

describe("a reader that is slow", () => {
  it("takes little memory, learns how many samples it missed, and gets the end", async () => {
    const journal = new EventJournal({ samples: 64, others: 10 });
    let written = 0;
    const write = (many: number): void => {
      for (let k = 0; k < many; k++)
        journal.write("sample", { t: written++, v: Array.from({ length: 200 }, () => 12_345) });
    };
    write(1);
    await using reader = await openReader(journal);
    let text = "";
    reader.stream.setEncoding("utf8");
    reader.stream.on("data", (piece: string) => {
      text += piece;
    });
    while (!text.includes("event: sample")) await once(reader.stream, "data");
    reader.stream.pause();
    // 60 MB: more than the buffers of any socket hold.
    for (let k = 0; k < 50; k++) {
      write(1_000);
      await new Promise((resolve) => setImmediate(resolve));
      expect(reader.response.writableLength).toBeLessThan(500_000);
    }
    journal.write("done", done);
    reader.stream.resume();
    await once(reader.stream, "end");
    const leftOut = [...text.matchAll(/^: (\d+) samples were left out/gm)].map(([, count]) => Number(count));
    const events = eventsIn(text);
    const samples = events.filter(({ event }) => event === "sample");
    expect(leftOut.length).toBeGreaterThan(0);
    expect(samples.length + leftOut.reduce((sum, count) => sum + count, 0)).toBe(written);
    expect(events.at(-1)!.event).toBe("done");
    const ids = events.map(({ id }) => id);
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
  });

  it("is let go when it takes nothing for a minute", () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const journal = new EventJournal();
    const left = vi.fn();
    const stuck = Object.assign(new Writable({ highWaterMark: 1, write: () => {} }), { writeHead: () => {} });
    streamEvents(
      replyOf(journal, () => left),
      stuck as unknown as ServerResponse,
    );
    journal.write("sample", { t: 0, v: [] });
    vi.advanceTimersByTime(59_000);
    expect(stuck.destroyed).toBe(false);
    vi.advanceTimersByTime(2_000);
    expect(stuck.destroyed).toBe(true);
    return vi.waitFor(() => expect(left).toHaveBeenCalledOnce());
  });
});

/** Hours of a day that are told; all of it with `PKTGEN_TOLD_HOURS=24`. */
const hours = Number(process.env["PKTGEN_TOLD_HOURS"] ?? 2);

it("a session's events take no more room after a day than after its first hours", { timeout: 120_000 }, () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
  const sim = new SessionSim();
  sim.add(simFlow("a", 1), simFlow("b", 2, { from: "p1", to: ["p0"] }));
  sim.command("start", ["a", "b"]);
  sim.run(1e6);
  const first = sim.snapshot();
  let looks = 0;
  const look = (): SessionSnapshot => ({ ...first, atNs: first.atNs + ++looks * 250e6, number: looks });
  const teller = new SessionTeller({ id: "s", name: "", ports: ["p0", "p1"], started: new Date(0) }, look, () => null);
  teller.added([
    { name: "a", from: "p0", to: ["p1"] },
    { name: "b", from: "p1", to: ["p0"] },
  ]);
  const bytes = (): number => teller.journal.after(0).reduce((sum, { data }) => sum + data.length, 0);
  const sizes = Array.from({ length: 8 }, () => {
    vi.advanceTimersByTime((hours * 3_600_000) / 8);
    return bytes();
  });
  teller.end(null, { state: "done", stopped: true, error: null });
  expect(looks).toBe(hours * 3_600 * 4);
  const samples = teller.journal.after(0).filter(({ event }) => event === "sample");
  expect(samples.length).toBeLessThanOrEqual(4_096);
  expect(JSON.parse(samples.at(-1)!.data).t).toBe(hours * 3_600_000);
  // Longer times have more digits.
  expect(Math.max(...sizes)).toBeLessThan(1.4 * Math.max(sizes[1]!, sizes[2]!));
});
