/** Orders that overtake each other at one agent: one thing follows the other, and nobody gets what another one opened. */
import { describe, expect, it } from "vitest";
import type { Bus } from "../../src/fleet/bus.js";
import { toldPlans } from "../../src/fleet/part.js";
import { protocolVersion } from "../../src/fleet/protocol.js";
import { fleetPlan, fleetRequest, fleetRig } from "../support/fleet-rig.js";

const { fleetOf } = fleetRig();

type Said = { readonly kind: string; readonly why?: string; readonly [more: string]: unknown };

/** Asks agent a1 as this run. */
const asRun =
  (bus: Bus, run: string, epoch: number) =>
  async (verb: string, fields: object = {}): Promise<Said> => {
    const message = { v: protocolVersion, from: "test", run, epoch, ...fields };
    const answer = await bus.request(`agent.a1.${verb}`, message, 10_000);
    return (answer.kind === "answer" ? answer.data : answer) as Said;
  };

const claim = { ttlMs: 60_000, by: "test", force: true };
const part = toldPlans(fleetPlan, 1)[0];
const order = (trial: number, attempt = 1, request: object = fleetRequest) => ({
  ...{ trial, attempt, task: "trial", request, share: { index: 0, of: 1 }, index: 0, idsGiven: trial },
});

/** Something that a test opens when it wants. */
function gate() {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

describe("an agent that is taken while it opens its ports", () => {
  it("closes them before it opens any for the next run, and tells the first one", async () => {
    const log: string[] = [];
    const slow = gate();
    const onOpen = async (): Promise<void> => {
      log.push("open");
      if (log.length === 1) await slow.opened;
    };
    const { bus } = await fleetOf([{ onOpen, onClose: () => void log.push("close") }]);
    const [first, second] = [asRun(bus, "r1", 1), asRun(bus, "r2", 2)];
    await first("claim", claim);
    const opening = first("open", { part });
    await second("claim", claim);
    const next = second("open", { part });
    slow.open();
    expect(await opening).toMatchObject({ kind: "refused", why: expect.stringContaining("in use by test") });
    expect(await next).toMatchObject({ kind: "opened" });
    expect(log).toEqual(["open", "close", "open"]);
    expect(await second("prepare", order(0))).toMatchObject({ kind: "armed" });
  });

  it("and released meanwhile has nothing open", async () => {
    const slow = gate();
    let open = 0;
    const onOpen = async (): Promise<void> => {
      open++;
      await slow.opened;
    };
    const { bus } = await fleetOf([{ onOpen, onClose: () => void open-- }]);
    const run = asRun(bus, "r1", 1);
    await run("claim", claim);
    const opening = run("open", { part });
    const released = run("release");
    // It has heard of it by then.
    await run("facts");
    slow.open();
    expect(await opening).toMatchObject({ kind: "refused" });
    await released;
    expect(open).toBe(0);
    expect(await run("facts")).toMatchObject({ state: "idle" });
  });
});

describe("trials that are prepared one upon the other", () => {
  it("the last one is done, and all are answered", async () => {
    const { bus } = await fleetOf([{}]);
    const run = asRun(bus, "r1", 1);
    await run("claim", claim);
    await run("open", { part });
    await run("prepare", order(0));
    const overtaken = [run("prepare", order(1)), run("prepare", order(2))];
    expect(await run("prepare", order(3))).toMatchObject({ kind: "armed" });
    for (const { kind } of await Promise.all(overtaken)) expect(["armed", "refused"]).toContain(kind);
    const going = await bus.request(
      "run.r1.go",
      { v: protocolVersion, from: "test", run: "r1", epoch: 1, trial: 3, attempt: 1, startNs: { a1: later() } },
      5_000,
    );
    expect(going).toMatchObject({ kind: "answer", data: { kind: "going" } });
  });

  it("the same one twice is one: both are told that it is ready", async () => {
    const { bus } = await fleetOf([{}]);
    const run = asRun(bus, "r1", 1);
    await run("claim", claim);
    await run("open", { part });
    const both = await Promise.all([run("prepare", order(0)), run("prepare", order(0))]);
    expect(both).toMatchObject([{ kind: "armed" }, { kind: "armed" }]);
  });

  it("one that runs is stopped: nobody waits for it any more", async () => {
    const { bus } = await fleetOf([{ holds: () => new Promise(() => {}) }]);
    const run = asRun(bus, "r1", 1);
    await run("claim", claim);
    await run("open", { part });
    await run("prepare", order(0));
    const message = { v: protocolVersion, from: "test", run: "r1", epoch: 1, trial: 0, attempt: 1 };
    await bus.request("run.r1.go", { ...message, startNs: { a1: later() } }, 5_000);
    await bus.request("run.r1.confirm", message, 5_000);
    expect(await run("prepare", order(0, 2))).toMatchObject({ kind: "armed" });
    expect(await run("report", { trial: 0, attempt: 1 })).toMatchObject({
      ...{ kind: "report", attempt: 1 },
      part: { stopped: "another trial is prepared" },
    });
  });
});

it("a renewal that comes when the ports were given back gives nobody the agent again", async () => {
  const closed = gate();
  const { bus } = await fleetOf([{ onClose: closed.open }]);
  const run = asRun(bus, "r1", 1);
  await run("claim", { ...claim, ttlMs: 2_000 });
  await run("open", { part });
  await closed.opened;
  bus.publish("run.r1.renew", { v: protocolVersion, from: "test", run: "r1", epoch: 1, ttlMs: 10_000 });
  expect(await run("prepare", order(0))).toMatchObject({ why: expect.stringContaining("has run out") });
  expect(await run("facts")).toMatchObject({ state: "idle", holder: null });
});

const later = (): number => Number(process.hrtime.bigint()) + 2e9;
