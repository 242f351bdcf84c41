/** A trial over many agents: each failure has its outcome, and nothing that is unknown is made up. */
import { describe, expect, it } from "vitest";
import { usualTrialTimes } from "../../src/fleet/trial-events.js";
import { membersOf, names, Played, setup } from "../support/played-trial.js";

const ms = 1e6;
const s = 1e9;
const over = { kind: "over", members: membersOf(names), lost: [], left: [], silent: [], stopped: null };

describe("a trial that goes well", () => {
  it("is prepared, appointed, run, asked for and over, each once", () => {
    const trial = new Played().each("armed");
    expect(trial.effects.at(-1)).toEqual({ kind: "go", attempt: 1, startNs: 100 * ms, members: setup.members });
    trial.each("going");
    expect(trial.effects.at(-1)).toEqual({ kind: "confirm", attempt: 1 });
    for (let at = 1; at < 11; at++) trial.until(at * s).of("beat");
    trial.until(10.5 * s).of("done");
    expect(trial.asked).toEqual(names);
    trial.of("report");
    expect(trial.outcome).toEqual({ ...over, startNs: 100 * ms });
    expect([trial.attempts, trial.stops]).toEqual([[1], []]);
  });

  it("no report counts twice, and nothing follows when it is over", () => {
    const trial = new Played().running().of("done").of("report", ["a", "a", "b"]);
    expect(trial.outcome).toBeNull();
    trial.of("report", ["c"]);
    const { length } = trial.effects;
    trial
      .of("report")
      .until(100 * s)
      .tell({ kind: "interrupt" });
    expect(trial.effects).toHaveLength(length);
  });

  it("the appointed moment is the lead behind the last one that is ready", () => {
    const trial = new Played().each("armed", ["a", "b"]).until(2 * s);
    trial.each("armed", ["c"]);
    expect(trial.effects.at(-1)).toMatchObject({ kind: "go", startNs: 2.1 * s });
  });
});

describe("before the appointed moment", () => {
  const failures: readonly [what: string, play: (trial: Played) => void, why: RegExp][] = [
    ["nobody answers at a name", (t) => t.tell({ kind: "absent", agent: "b" }), /b: nobody answers/],
    [
      "an agent refuses",
      (t) => t.tell({ kind: "refused", agent: "b", attempt: t.state.attempt, why: "its port is gone", lasting: false }),
      /b: its port is gone/,
    ],
    [
      "an agent is not ready in time",
      (t) => t.each("armed", ["a", "c"]).until(t.nowNs + usualTrialTimes.prepareNs),
      /b: it was not ready in time/,
    ],
    [
      "an agent hears of the start too late",
      (t) => t.each("armed").tell({ kind: "late", agent: "b", attempt: t.state.attempt, byNs: 5 * ms }),
      /b: it heard of the start 5 ms too late/,
    ],
    [
      "an agent does not say that it starts",
      (t) => {
        t.each("armed").each("going", ["a", "c"]);
        t.until(t.state.startNs - 30 * ms);
      },
      /b: it did not say in time/,
    ],
    [
      "an agent says too late that it starts",
      (t) => {
        t.each("armed").each("going", ["a", "c"]);
        t.nowNs = t.state.startNs - 20 * ms;
        t.each("going", ["b"]);
      },
      /b: it did not say in time/,
    ],
  ];
  for (const [what, play, why] of failures) {
    it(`${what}: nobody sends, and it is tried again, three times in all`, () => {
      const trial = new Played();
      play(trial);
      expect(trial.stops).toEqual([expect.stringMatching(why)]);
      expect([trial.state.phase, trial.state.attempt]).toEqual(["preparing", 2]);
      play(trial);
      play(trial);
      expect(trial.attempts).toEqual([1, 2, 3]);
      expect(trial.outcome).toEqual({ kind: "not begun", blamed: [{ agent: "b", why: expect.any(String) }] });
    });
  }

  it("each further attempt is appointed with twice the lead", () => {
    const trial = new Played();
    const leads = [1, 2, 3].map(() => {
      const leadNs = trial.each("armed").state.startNs - trial.nowNs;
      trial.until(trial.state.startNs);
      return leadNs;
    });
    expect(leads).toEqual([100 * ms, 200 * ms, 400 * ms]);
  });

  it("the second attempt can go well", () => {
    const trial = new Played();
    trial.tell({ kind: "absent", agent: "b" });
    trial.running().of("done").of("report");
    expect(trial.outcome).toMatchObject({ kind: "over", lost: [], left: [] });
  });

  it("with fewer agents allowed, the others go on with new shares, and it is said who was left out", () => {
    const trial = new Played({ minAgents: 2 });
    for (let i = 0; i < 3; i++) trial.tell({ kind: "absent", agent: "b" });
    expect(trial.effects.at(-1)).toEqual({ kind: "prepare", attempt: 4, members: membersOf(["a", "c"]) });
    trial.each("armed", ["a", "c"]).each("going", ["a", "c"]).of("done", ["a", "c"]).of("report", ["a", "c"]);
    expect(trial.outcome).toMatchObject({
      ...{ kind: "over", members: membersOf(["a", "c"]), lost: [] },
      left: [{ agent: "b", why: "nobody answers at its name" }],
    });
  });

  it("with fewer agents allowed, too few are too few", () => {
    const trial = new Played({ minAgents: 2 });
    for (let i = 0; i < 3; i++) trial.tell({ kind: "absent", agent: "b" });
    for (let i = 0; i < 3; i++) trial.tell({ kind: "absent", agent: "a" });
    expect(trial.outcome).toMatchObject({ kind: "not begun", blamed: [{ agent: "b" }, { agent: "a" }] });
  });

  it("what an agent would refuse again is not tried again", () => {
    const trial = new Played();
    trial.tell({ kind: "refused", agent: "a", attempt: 1, why: "it sends at most 1Mpps", lasting: true });
    expect(trial.outcome).toEqual({ kind: "not begun", blamed: [{ agent: "a", why: "it sends at most 1Mpps" }] });
  });

  it("a process that was started again has no claim and no ports: it is not tried again", () => {
    const trial = new Played();
    trial.tell({ kind: "beat", agent: "b", incarnation: "b2" });
    expect(trial.outcome).toEqual({ kind: "not begun", blamed: [{ agent: "b", why: "it was started again" }] });
  });

  it("answers of an earlier attempt say nothing of this one", () => {
    const trial = new Played();
    trial.tell({ kind: "absent", agent: "b" });
    for (const agent of names) trial.tell({ kind: "armed", agent, attempt: 1 });
    expect(trial.state.phase).toBe("preparing");
    trial.tell({ kind: "refused", agent: "a", attempt: 1, why: "stale", lasting: true });
    expect(trial.outcome).toBeNull();
  });

  it("an interrupt ends it, and nobody is blamed", () => {
    for (const trial of [new Played(), new Played().each("armed")]) {
      trial.tell({ kind: "interrupt" });
      expect(trial.stops).toEqual(["interrupted"]);
      expect(trial.outcome).toEqual({ kind: "not begun", blamed: [] });
    }
  });
});

describe("while it runs", () => {
  it("silence decides nothing in a single run, and is told where the report comes", () => {
    const trial = new Played().running().of("beat");
    trial
      .until(6 * s)
      .of("beat", ["a", "b"])
      .until(8 * s)
      .of("beat");
    trial
      .until(10.5 * s)
      .of("done")
      .of("report");
    expect(trial.stops).toEqual([]);
    expect(trial.outcome).toMatchObject({
      lost: [],
      silent: [
        { agent: "a", fromNs: 100 * ms, toNs: 5.9 * s },
        { agent: "b", fromNs: 100 * ms, toNs: 5.9 * s },
        { agent: "c", fromNs: 100 * ms, toNs: 7.9 * s },
      ],
    });
  });

  it("in a search it ends the trial after 3 s, and the silent one may still report", () => {
    const trial = new Played({ endsWhenSilent: true }).running();
    trial
      .until(2 * s)
      .of("beat", ["a", "b"])
      .until(4 * s);
    expect(trial.stops).toEqual(["c: nothing was heard of it any more"]);
    expect(trial.state.phase).toBe("collecting");
    trial.of("report");
    expect(trial.outcome).toMatchObject({ lost: [], stopped: "c: nothing was heard of it any more" });
  });

  it("that one was done in an earlier attempt says nothing of this one", () => {
    const trial = new Played();
    trial.tell({ kind: "absent", agent: "b" });
    trial.running();
    trial.tell({ kind: "done", agent: "a", incarnation: "a1", attempt: 1 });
    expect(trial.asked).toEqual([]);
  });

  it("in a search nobody is silent while our own way is down, nor right after it", () => {
    const trial = new Played({ endsWhenSilent: true }).running();
    trial.tell({ kind: "link", isUp: false });
    trial.until(8 * s);
    trial.tell({ kind: "link", isUp: true });
    trial
      .until(9 * s)
      .of("beat")
      .of("done")
      .of("report");
    expect(trial.outcome).toMatchObject({ lost: [], stopped: null, silent: names.map((agent) => ({ agent })) });
    const silent = new Played({ endsWhenSilent: true }).running();
    silent.tell({ kind: "link", isUp: false });
    silent.until(4 * s).tell({ kind: "link", isUp: true });
    silent.until(6.9 * s);
    expect(silent.stops).toEqual([]);
    silent.until(7 * s);
    expect(silent.stops).toEqual(["a, b, c: nothing was heard of it any more"]);
  });

  it("an agent that was started again is lost, and its new report is not taken for the old one's", () => {
    const trial = new Played().running();
    trial.tell({ kind: "beat", agent: "b", incarnation: "b2" });
    trial.tell({ kind: "report", agent: "b", incarnation: "b2" });
    trial.of("done", ["a", "c"]).of("report", ["a", "c"]);
    expect(trial.outcome).toMatchObject({ lost: [{ agent: "b", why: "it was started again" }] });
  });

  it("one whose end nobody can tell is not waited for when those that are still open are silent", () => {
    const trial = new Played({ lastsNs: Number.POSITIVE_INFINITY }).running().of("done", ["a", "b"]);
    trial.of("report", ["a", "b"]).until(5 * s);
    for (let at = 5; at < 60; at++) trial.until(at * s).of("beat");
    expect(trial.state.phase).toBe("running");
    trial.until(59 * s + 12.9 * s);
    expect(trial.stops).toEqual([]);
    trial.until(59 * s + 13 * s);
    expect(trial.stops).toEqual(["c: nothing was heard of it any more"]);
    trial.until(59 * s + 23 * s);
    expect(trial.outcome).toMatchObject({ lost: [{ agent: "c", why: "its report did not come" }] });
  });

  it("in such a trial one that still sends is waited for, and one that only receives is not", () => {
    const unknown = { lastsNs: Number.POSITIVE_INFINITY, followers: ["c"] };
    const sending = new Played(unknown).running();
    for (let at = 1; at < 100; at++) sending.until(at * s).of("beat", ["a", "c"]);
    expect(sending.state.phase).toBe("running");
    const following = new Played(unknown).running().of("done", ["a"]).of("report", ["a"]);
    for (let at = 1; at < 15; at++) following.until(at * s).of("beat", ["c"]);
    expect(following.stops).toEqual(["b: nothing was heard of it any more"]);
    following.of("report", ["c"]).until(30 * s);
    expect(following.outcome).toMatchObject({ lost: [{ agent: "b" }] });
    const alone = new Played(unknown).running().of("done", ["a", "b"]).of("report", ["a", "b"]);
    alone.until(13.2 * s);
    expect(alone.stops).toEqual(["c: nothing was heard of it any more"]);
  });

  it("in such a trial nobody is given up while our own way is down", () => {
    const trial = new Played({ lastsNs: Number.POSITIVE_INFINITY }).running();
    trial.tell({ kind: "link", isUp: false });
    trial.until(600 * s).tell({ kind: "link", isUp: true });
    trial.of("done").of("report");
    expect(trial.outcome).toMatchObject({ lost: [], stopped: null });
  });

  it("that the run itself stood still is held against nobody", () => {
    const search = new Played({ endsWhenSilent: true }).running();
    search.nowNs = 8 * s;
    search.tell({ kind: "overslept", byNs: 5 * s });
    expect(search.tell({ kind: "tick" })).toEqual([]);
    expect(search.of("beat").of("done").of("report").outcome).toMatchObject({ lost: [], stopped: null });
    const collecting = new Played()
      .running()
      .of("done", ["a", "b"])
      .of("report", ["a", "b"])
      .until(13 * s);
    collecting.nowNs = 100 * s;
    collecting.tell({ kind: "overslept", byNs: 86 * s });
    collecting.tell({ kind: "tick" });
    expect(collecting.outcome).toBeNull();
    expect(collecting.of("report", ["c"]).outcome).toMatchObject({ lost: [] });
  });

  it("an interrupt stops it, and what there is is asked for", () => {
    const trial = new Played().running();
    expect(trial.tell({ kind: "interrupt" })).toEqual([
      { kind: "stop", attempt: 1, why: "interrupted" },
      { kind: "ask report", agents: names },
    ]);
    trial.of("report");
    expect(trial.outcome).toMatchObject({ kind: "over", lost: [], stopped: "interrupted" });
  });

  it("one without end ends by the interrupt only", () => {
    const trial = new Played({ lastsNs: Number.POSITIVE_INFINITY, hasEnd: false }).running().until(3_600 * s);
    expect(trial.state.phase).toBe("running");
    trial.tell({ kind: "interrupt" });
    expect(trial.of("report").outcome).toMatchObject({ stopped: "interrupted" });
  });

  it("one that is not done in time is asked for its report, and goes on being asked", () => {
    const trial = new Played().running().of("done", ["a", "b"]).of("report", ["a", "b"]);
    trial.until(12.2 * s);
    expect(trial.state.phase).toBe("collecting");
    expect(trial.asked.filter((agent) => agent === "c")).toHaveLength(1);
    trial.until(15.2 * s);
    expect(trial.asked.filter((agent) => agent === "c")).toHaveLength(4);
    trial.of("report", ["c"]);
    expect(trial.outcome).toMatchObject({ kind: "over", lost: [] });
  });
});

describe("when reports are collected", () => {
  it("one that does not come is lost after 10 s: the trial says so", () => {
    const trial = new Played().running().of("done", ["a", "b"]).of("report", ["a", "b"]);
    trial.until(22 * s);
    expect(trial.outcome).toBeNull();
    trial.until(22.2 * s);
    expect(trial.outcome).toMatchObject({ lost: [{ agent: "c", why: "its report did not come" }], stopped: null });
  });

  it("one that says why it gives none is lost for that reason", () => {
    const trial = new Played()
      .running()
      .of("done", ["a", "b"])
      .of("report", ["a", "b"])
      .until(13 * s);
    trial.tell({ kind: "refused", agent: "c", attempt: 1, why: "it is too long", lasting: false });
    trial.until(30 * s);
    expect(trial.outcome).toMatchObject({ lost: [{ agent: "c", why: "it is too long" }] });
  });

  it("one whose link was down is waited for 20 s longer", () => {
    const trial = new Played().running();
    trial.tell({ kind: "reconnected", agent: "c" });
    trial
      .of("done", ["a", "b"])
      .of("report", ["a", "b"])
      .until(40 * s);
    expect(trial.outcome).toBeNull();
    trial.of("report", ["c"]);
    expect(trial.outcome).toMatchObject({ lost: [] });
  });

  it("all are waited for longer where the server was gone", () => {
    const trial = new Played().running();
    trial.tell({ kind: "link", isUp: false });
    trial.until(40 * s).tell({ kind: "link", isUp: true });
    expect(trial.of("report").outcome).toMatchObject({ lost: [] });
  });

  it("a server that never comes back is not waited for without end", () => {
    const trial = new Played().running();
    trial.tell({ kind: "link", isUp: false });
    trial.until(100 * s);
    expect(trial.outcome).toMatchObject({ lost: names.map((agent) => ({ agent, why: "its report did not come" })) });
  });

  it("an interrupt shortens the wait", () => {
    const trial = new Played().running();
    trial.tell({ kind: "link", isUp: false });
    trial.until(12.2 * s);
    trial.tell({ kind: "interrupt" });
    trial.until(14.3 * s);
    expect(trial.outcome).toMatchObject({
      stopped: "interrupted",
      lost: [{ agent: "a" }, { agent: "b" }, { agent: "c" }],
    });
  });
});
