/**
 * What every bus must do, whatever carries its messages. A bus is added by one case in bus.test.ts. `connect` gives
 * another end of one and the same bus.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Bus, BusMessage } from "../../src/fleet/bus.js";

export interface BusCase {
  readonly name: string;
  /** Why it cannot run here; null: it can. */
  readonly missing: string | null;
  start(): Promise<{ connect(): Promise<Bus>; stop(): Promise<void> }>;
}

/** A time that no answer here needs. */
const longMs = 20_000;
/** A time in which nothing comes. */
const shortMs = 150;

interface Ends {
  readonly asks: Bus;
  readonly answers: Bus;
}

/** Resolves with the first so many messages. */
async function heardOf(bus: Bus, filter: string, count: number): Promise<{ wait: Promise<BusMessage[]> }> {
  const heard: BusMessage[] = [];
  let done: (messages: BusMessage[]) => void = () => {};
  const wait = new Promise<BusMessage[]>((resolve) => {
    done = resolve;
  });
  await bus.subscribe(filter, (message) => {
    heard.push(message);
    if (heard.length === count) done(heard);
  });
  return { wait };
}

export function busContract({ name, missing, start }: BusCase): void {
  describe.skipIf(missing !== null)(`${name}${missing === null ? "" : ` (${missing})`}`, () => {
    let running: Awaited<ReturnType<BusCase["start"]>>;
    const open: Bus[] = [];
    const connect = async (): Promise<Bus> => {
      const bus = await running.connect();
      open.push(bus);
      return bus;
    };
    const ends = async (): Promise<Ends> => ({ asks: await connect(), answers: await connect() });
    beforeAll(async () => {
      running = await start();
    });
    afterAll(async () => {
      for (const bus of open) await bus[Symbol.asyncDispose]();
      await running?.stop();
    });

    it("a message reaches all who listen at its subject, as plain data, and nobody else", async () => {
      const { asks, answers } = await ends();
      const third = await connect();
      const data = {
        count: 3,
        ends: Number.POSITIVE_INFINITY,
        bytes: Uint8Array.of(1, 2),
        buckets: Float64Array.of(0, 7),
      };
      const one = await heardOf(answers, "t1.*.go", 1);
      const other = await heardOf(third, "t1.>", 2);
      asks.publish("t1.x.stop", "not for the first");
      asks.publish("t1.x.go", data);
      const [first] = await one.wait;
      expect([first?.subject, first?.data]).toEqual(["t1.x.go", data]);
      expect((await other.wait).map(({ subject }) => subject)).toEqual(["t1.x.stop", "t1.x.go"]);
    });

    it("messages of one end come in the order in which it published them", async () => {
      const { asks, answers } = await ends();
      const all = await heardOf(answers, "t2.n", 500);
      for (let i = 0; i < 500; i++) asks.publish("t2.n", i);
      expect((await all.wait).map(({ data }) => data)).toEqual(Array.from({ length: 500 }, (_, i) => i));
    });

    it("a listener that is gone hears nothing", async () => {
      const { asks, answers } = await ends();
      const heard: unknown[] = [];
      const gone = await answers.subscribe("t3.n", ({ data }) => heard.push(data));
      gone[Symbol.dispose]();
      const last = await heardOf(answers, "t3.end", 1);
      asks.publish("t3.n", 1);
      asks.publish("t3.end", 2);
      await last.wait;
      expect(heard).toEqual([]);
    });

    it("a question is answered", async () => {
      const { asks, answers } = await ends();
      await answers.subscribe("t4.sum", ({ data, reply }) => reply((data as number[]).reduce((a, b) => a + b, 0)));
      expect(await asks.request("t4.sum", [1, 2, 3], longMs)).toEqual({ kind: "answer", data: 6 });
    });

    it("nobody there and nobody in time are told apart", async () => {
      const { asks, answers } = await ends();
      await answers.subscribe("t5.slow", () => {});
      expect(await asks.request("t5.nobody", null, longMs)).toEqual({ kind: "absent" });
      expect(await asks.request("t5.slow", null, shortMs)).toEqual({ kind: "slow" });
    });

    it("a large answer arrives whole", async () => {
      const { asks, answers } = await ends();
      const buckets = Float64Array.from({ length: 100_000 }, (_, i) => i + 0.25);
      await answers.subscribe("t6.big", ({ reply }) => reply({ buckets }));
      const answer = await asks.request("t6.big", null, longMs);
      expect(answer.kind === "answer" ? answer.data : answer).toEqual({ buckets });
    });

    it("gathering ends with the last expected name, counts each name once, and leaves strangers out", async () => {
      const { asks, answers } = await ends();
      const third = await connect();
      await answers.subscribe("t7.who", ({ reply }) => {
        reply({ from: "stranger", n: 0 });
        reply({ from: "a", n: 1 });
        reply({ from: "a", n: 2 });
      });
      await third.subscribe("t7.who", ({ reply }) => reply({ from: "b", n: 3 }));
      const found = await asks.gather("t7.who", null, ["a", "b"], longMs);
      expect(Object.fromEntries(found)).toEqual({ a: { from: "a", n: 1 }, b: { from: "b", n: 3 } });
    });

    it("gathering says who did not answer by leaving him out", async () => {
      const { asks, answers } = await ends();
      await answers.subscribe("t8.who", ({ reply }) => reply({ from: "a" }));
      expect([...(await asks.gather("t8.who", null, ["a", "b"], shortMs)).keys()]).toEqual(["a"]);
      expect([...(await asks.gather("t8.nobody", null, ["a", "b"], longMs)).keys()]).toEqual([]);
    });

    it("gathering without names takes all who answer in the time", async () => {
      const { asks, answers } = await ends();
      const third = await connect();
      await answers.subscribe("t9.who", ({ reply }) => reply({ from: "a" }));
      await third.subscribe("t9.who", ({ reply }) => reply({ from: "b" }));
      expect([...(await asks.gather("t9.who", null, null, shortMs * 4)).keys()].sort()).toEqual(["a", "b"]);
    });

    it("the journal keeps results for whoever comes later, in their order, each id once", async () => {
      const { asks, answers } = await ends();
      const { journal } = answers;
      await journal?.keep("keep.r1.trial.1.a", "r1/1/a", { from: "a", n: 1 });
      await journal?.keep("keep.r1.trial.1.a", "r1/1/a", { from: "a", n: 2 });
      await journal?.keep("keep.r1.trial.1.b", "r1/1/b", { from: "b", n: Number.POSITIVE_INFINITY });
      await journal?.keep("keep.r2.trial.1.a", "r2/1/a", { from: "a", n: 4 });
      const found = (await asks.journal?.read("keep.r1.>")) ?? [];
      expect(found.map(({ subject, data }) => [subject, data])).toEqual([
        ["keep.r1.trial.1.a", { from: "a", n: 1 }],
        ["keep.r1.trial.1.b", { from: "b", n: Number.POSITIVE_INFINITY }],
      ]);
      expect(await asks.journal?.read("keep.r3.>")).toEqual([]);
    });

    it("an end that is closed leaves nobody waiting", async () => {
      const { asks, answers } = await ends();
      await answers.subscribe("t10.slow", () => {});
      const waiting = asks.request("t10.slow", null, longMs);
      const gathering = asks.gather("t10.slow", null, ["a"], longMs);
      await asks[Symbol.asyncDispose]();
      expect(await waiting).toEqual({ kind: "slow" });
      expect([...(await gathering).keys()]).toEqual([]);
    });
  });
}
