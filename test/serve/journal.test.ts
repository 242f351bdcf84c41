/** Events in constant memory: what decides stays, samples get thinner with age, readers find their place again. */
import { describe, expect, it } from "vitest";
import type { EventData } from "../../src/serve/contract.js";
import { EventJournal, recordingLine } from "../../src/serve/events/journal.js";
import { pageRecording } from "../../src/serve/events/page-recording.js";

const sample = (t: number) => ({ t, v: [t] });
const doneOf = (t: number): EventData<"done"> => ({
  ...{ t, state: "done", verdict: null, reasons: [], causes: [], stopped: false, error: null, result: null },
});

const tsOf = (journal: EventJournal): number[] =>
  journal
    .after(0)
    .filter(({ event }) => event === "sample")
    .map(({ data }) => JSON.parse(data).t);

describe("a journal", () => {
  it("gives the events behind an id, in order", () => {
    const journal = new EventJournal();
    for (let t = 0; t < 5; t++) journal.write("sample", sample(t));
    expect(journal.after(3).map(({ id }) => id)).toEqual([4, 5]);
    expect(journal.after(0, 2).map(({ id }) => id)).toEqual([1, 2]);
    expect(journal.after(5)).toEqual([]);
  });

  it("has room for so many samples, the newest whole and the old ones thinner, for ever", () => {
    const journal = new EventJournal({ samples: 64, others: 10 });
    journal.write("state", { t: 0, state: "running" });
    // As many as a day has at four a second.
    for (let t = 0; t < 345_600; t++) journal.write("sample", sample(t));
    const ts = tsOf(journal);
    expect(ts.length).toBeLessThanOrEqual(64);
    expect(ts.slice(-16)).toEqual(Array.from({ length: 16 }, (_, i) => 345_584 + i));
    expect(ts[0]).toBe(0);
    const gaps = ts.slice(1).map((t, i) => t - ts[i]!);
    expect(new Set(gaps.slice(0, 10)).size).toBe(1);
    expect([...ts].sort((a, b) => a - b)).toEqual(ts);
    expect(journal.after(0)[0]!.event).toBe("state");
  });

  it("forgets the oldest of what is no sample, and never config", () => {
    const journal = new EventJournal({ samples: 4, others: 3 });
    journal.write("config", {} as never);
    for (let t = 0; t < 9; t++) journal.write("marker", { t, what: "note", text: String(t) });
    const kept = journal.after(0).map(({ event, data }) => `${event} ${JSON.parse(data).t ?? ""}`);
    expect(kept).toEqual(["config ", "marker 7", "marker 8"]);
  });

  it("keeps the latest of a table", () => {
    const journal = new EventJournal();
    journal.write("ports", { t: 1, v: [[1]] });
    journal.write("sample", sample(2));
    journal.write("ports", { t: 3, v: [[3]] });
    expect(journal.after(0).map(({ id, event }) => `${id} ${event}`)).toEqual(["2 sample", "3 ports"]);
  });

  it("keeps the latest histogram of each kind and of each flow", () => {
    const journal = new EventJournal();
    const write = (t: number, what: "latency" | "gap", flow: number | null): void =>
      journal.write("histogram", { t, what, flow, buckets: [[100, t]] });
    for (const t of [1, 2]) {
      write(t, "latency", null);
      write(t, "gap", null);
      write(t, "latency", 7);
    }
    const kept = journal.after(0).map(({ data }) => JSON.parse(data));
    expect(kept.map(({ t, what, flow }) => `${t} ${what} ${flow}`)).toEqual([
      "2 latency null",
      "2 gap null",
      "2 latency 7",
    ]);
    write(3, "gap", 7);
    write(3, "gap", 77);
    journal.forgetHistograms([7, 8]);
    expect(journal.after(0).map(({ table }) => table)).toEqual([
      "histogram latency null",
      "histogram gap null",
      "histogram gap 77",
    ]);
  });

  it("joins lists of flows when there are many, and forgets flows that went", () => {
    const journal = new EventJournal();
    for (let index = 0; index < 1_000; index++) {
      const flows = [{ index, name: `f${index}`, tx: "a", rx: [] }];
      journal.write("flowlist", { t: index, flows, removed: index < 10 ? [] : [index - 10] });
    }
    const lists = journal.after(0).map(({ data }) => JSON.parse(data));
    expect(lists.length).toBeLessThanOrEqual(200);
    const there = new Set<number>();
    for (const { flows, removed } of lists) {
      for (const { index } of flows) there.add(index);
      for (const index of removed) there.delete(index);
    }
    expect([...there]).toEqual([990, 991, 992, 993, 994, 995, 996, 997, 998, 999]);
  });

  it("tells its listeners, ends with done, and takes nothing afterwards", () => {
    const journal = new EventJournal();
    let told = 0;
    const unlisten = journal.listen(() => told++);
    journal.write("sample", sample(1));
    journal.write("done", doneOf(2));
    journal.write("sample", sample(3));
    unlisten();
    expect([told, journal.ended, journal.lastId]).toEqual([2, true, 2]);
  });
});

it("a recording is a line of JSON for each event", () => {
  const journal = new EventJournal();
  journal.write("sample", sample(1));
  expect(JSON.parse(recordingLine(journal.after(0)[0]!))).toEqual({ id: 1, event: "sample", data: { t: 1, v: [1] } });
});

it("a recording in a page cannot end the element that it stands in", () => {
  const journal = new EventJournal();
  journal.write("marker", { t: 1, what: "note", text: "</script><script>alert(1)</script>" });
  const text = pageRecording(journal.after(0), null);
  expect(text).not.toContain("<");
  expect(JSON.parse(text).events[0].data.text).toBe("</script><script>alert(1)</script>");
  expect(JSON.parse(text)).toMatchObject({ format: "pktgen-ts recording 1", result: null });
});
