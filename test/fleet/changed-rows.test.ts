/** Rows of flows that whoever asks does not know yet. */
import { expect, it } from "vitest";
import { ChangedRows } from "../../src/fleet/session/changed-rows.js";
import type { FlowCounters } from "../../src/session/index.js";

const row = (name: string, sent: number, more: object = {}): FlowCounters =>
  ({
    name,
    sent,
    to: ["q"],
    receivedAt: [{ port: "q", frames: sent }],
    latencyNs: null,
    ...more,
  }) as unknown as FlowCounters;
const namesOf = (rows: readonly FlowCounters[]): string[] => rows.map(({ name }) => name);

it("whoever has the last answer gets rows that changed, and names that are gone", () => {
  const changed = new ChangedRows();
  const first = changed.since(null, [row("a", 1), row("b", 1), row("c", 1)]);
  expect([first.since, namesOf(first.flows), first.gone]).toEqual([null, ["a", "b", "c"], []]);
  const same = changed.since(first.number, [row("a", 1), row("b", 1), row("c", 1)]);
  expect([same.since, same.flows, same.gone]).toEqual([first.number, [], []]);
  const next = changed.since(same.number, [row("d", 0), row("c", 1), row("a", 2)]);
  expect([next.since, namesOf(next.flows), next.gone]).toEqual([same.number, ["d", "a"], ["b"]]);
  const again = changed.since(next.number, [row("d", 0), row("c", 1), row("a", 2), row("b", 1)]);
  expect([namesOf(again.flows), again.gone]).toEqual([["b"], []]);
});

it("whoever has none, or missed one, gets all", () => {
  const changed = new ChangedRows();
  const first = changed.since(null, [row("a", 1), row("b", 1)]);
  changed.since(first.number, [row("a", 2), row("b", 1)]);
  const missed = changed.since(first.number, [row("a", 2), row("b", 1)]);
  expect([missed.since, namesOf(missed.flows), missed.gone]).toEqual([null, ["a", "b"], []]);
  expect(namesOf(changed.since(null, [row("a", 2)]).flows)).toEqual(["a"]);
});

it.each([
  ["frames at a port", { receivedAt: [{ port: "q", frames: 2 }] }],
  [
    "a port more",
    {
      receivedAt: [
        { port: "q", frames: 1 },
        { port: "r", frames: 0 },
      ],
    },
  ],
  ["latency", { latencyNs: { min: 1 } }],
  ["a time that is not known any more", { lastSentNs: null }],
])("a row is another one by %s", (_, more) => {
  const changed = new ChangedRows();
  const first = changed.since(null, [row("a", 1, { lastSentNs: 5 })]);
  expect(changed.since(first.number, [row("a", 1, { lastSentNs: 5, ...more })]).flows).toHaveLength(1);
});
