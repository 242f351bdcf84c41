/** The table of flows as columns: rows that are changed, taken away, filtered, and sorted. */
import { describe, expect, it } from "vitest";
import { FlowRows } from "../../src/page/flow-rows.js";
import { flowsCsv } from "../../src/page/flows-csv.js";

const figures = ["state", "sent", "lost", "latencyP99Ns"];
const rows = (): FlowRows => {
  const flows = new FlowRows(figures);
  const named = ["web-1", "web-10", "web-2", "voice"];
  flows.list({ t: 0, flows: named.map((name, index) => ({ index, name, tx: "west", rx: ["east"] })), removed: [] });
  const v = [
    [1, 2, 1, 0],
    [100, 200, 300, 400],
    [0, 5, 9, 0],
    [40_000, null, 60_000, 10_000],
  ];
  flows.update({ t: 0, rows: null, v });
  return flows;
};
const names = (flows: FlowRows, filter: string, by = "index", descending = false): (string | undefined)[] =>
  flows.view(filter, { by, descending }).map((place) => flows.flow(place)?.name);

describe("order", () => {
  it.each([
    ["index", false, ["web-1", "web-10", "web-2", "voice"]],
    ["name", false, ["voice", "web-1", "web-2", "web-10"]],
    ["name", true, ["web-10", "web-2", "web-1", "voice"]],
    ["lost", true, ["web-2", "web-10", "web-1", "voice"]],
    ["latencyP99Ns", false, ["voice", "web-1", "web-2", "web-10"]],
    ["latencyP99Ns", true, ["web-2", "web-1", "voice", "web-10"]],
  ])("by %s, descending: %s", (by, descending, expected) => {
    expect(names(rows(), "", by, descending)).toEqual(expected);
  });

  it("worst first: most lost, then the latest", () => {
    expect(names(rows(), "", "worst")).toEqual(["web-2", "web-10", "web-1", "voice"]);
  });
});

describe("filter", () => {
  it.each([
    ["web", ["web-1", "web-10", "web-2"]],
    ["WEB-1", ["web-1", "web-10"]],
    ["east lost>0", ["web-10", "web-2"]],
    ["lost>=9", ["web-2"]],
    ["p99<50us", ["web-1", "voice"]],
    ["latencyp99ns>0.05ms", ["web-2"]],
    ["state=paused", ["web-10"]],
    ["state!=running", ["web-10", "voice"]],
    ["sent>0.2k", ["web-2", "voice"]],
    ["lost>many", []],
    ["nobody", []],
  ])("%s", (filter, expected) => {
    expect(names(rows(), filter)).toEqual(expected);
  });
});

describe("changes", () => {
  it("touch the rows that they name", () => {
    const flows = rows();
    flows.update({ t: 1, rows: [2, 77], v: [[0], [301], [10], [null]] });
    expect(figures.map((figure) => flows.value(2, figure))).toEqual([0, 301, 10, Number.NaN]);
    expect(flows.value(1, "sent")).toBe(200);
    expect([flows.state(0), flows.state(2)]).toEqual(["running", "idle"]);
  });

  it("of 10,000 flows that come and go need no more room than there were at once, and none has another's figures", () => {
    const flows = new FlowRows(figures);
    for (let index = 0; index < 10_000; index++) {
      const removed = index < 40 ? [] : [index - 40];
      flows.list({ t: index, flows: [{ index, name: `f${index}`, tx: "west", rx: [] }], removed });
      expect(flows.value(flows.placeOf(index)!, "sent")).toBeNaN();
      flows.update({ t: index, rows: [index], v: [[1], [index], [0], [null]] });
    }
    expect([flows.count, flows.room]).toEqual([40, 40]);
    const expected = Array.from({ length: 40 }, (_, k) => `f${9_960 + k}`);
    expect(names(flows, "")).toEqual(expected);
    expect(names(flows, "", "sent", true)).toEqual(expected.toReversed());
    expect(names(flows, "", "lost")).toEqual(expected);
  });

  it("of all flows skip those that are gone", () => {
    const flows = rows();
    flows.list({ t: 1, flows: [{ index: 9, name: "late", tx: "west", rx: [] }], removed: [1] });
    expect([flows.count, flows.placeOf(1)]).toEqual([4, undefined]);
    flows.update({
      t: 2,
      rows: null,
      v: [
        [1, 1, 1, 1],
        [1, 2, 3, 4],
        [0, 0, 0, 0],
        [1, 1, 1, 1],
      ],
    });
    expect(names(flows, "")).toEqual(["web-1", "web-2", "voice", "late"]);
    expect([0, 2, 3, 9].map((index) => flows.value(flows.placeOf(index)!, "sent"))).toEqual([1, 2, 3, 4]);
  });

  it("hold for more flows than there was room for", () => {
    const flows = new FlowRows(["sent"]);
    const many = Array.from({ length: 1_000 }, (_, index) => ({ index, name: `f${index}`, tx: "a", rx: [] }));
    flows.list({ t: 0, flows: many, removed: [] });
    flows.update({ t: 0, rows: null, v: [many.map(({ index }) => index)] });
    expect(names(flows, "sent>=998")).toEqual(["f998", "f999"]);
    expect(flows.value(5, "none")).toBeNaN();
  });
});

it("are comma-separated values: exact, quoted where they have to be, empty where nothing is known", () => {
  const flows = rows();
  flows.list({ t: 0, flows: [{ index: 0, name: 'a "b", c', tx: "west", rx: ["east", "north"] }], removed: [3] });
  const places = flows.view("", { by: "worst", descending: true });
  expect(flowsCsv(flows, places).split("\r\n")).toEqual([
    "name,tx,rx,state,sent,lost,latencyP99Ns",
    "web-2,west,east,running,300,9,60000",
    "web-10,west,east,paused,200,5,",
    '"a ""b"", c",west,east north,running,100,0,40000',
    "",
  ]);
});
