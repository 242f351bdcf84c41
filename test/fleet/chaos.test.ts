/**
 * Each state of a run, and what goes away in it: agent, server or the run itself, for a moment, for long or for good; and
 * a second run beside it. A row is plain data. All rows are played side by side, each with a fleet of its own.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunResult, Trial } from "../../src/result/run-result.js";
import {
  FleetScene,
  type Happening,
  type Party,
  type Played,
  type RunState,
  type Scene,
} from "../support/fleet-scene.js";
import { natsPrograms, type RunningNats, startNats } from "../support/nats.js";

const program = natsPrograms.find(({ missing }) => missing === null) ?? natsPrograms[0]!;

/**
 * `whole`: every trial passed, with every frame of both agents. `lost`: the trial is invalid and names a2, and a1's
 * figures are there. `stopped`: it is invalid, and both reports are there. `orphaned`: the run is gone, and is collected with
 * every frame, invalid; `unbegun`: it has no trial to be collected. A sentence: the run ended with exit code 3 and said so.
 */
type Outcome = "whole" | "lost" | "stopped" | "orphaned" | "unbegun" | RegExp;

const gone = /^(a2: )?(nobody answers at its name any more|it does not answer)$/;
const notBegun = /^the trial could not begin: a2: /;
const runOut = /^the trial could not begin: .*the claim on it has run out/;
const taken = /in use by|the claim on it has run out/;

type Rows = readonly (readonly [Party, Happening, readonly RunState[], Outcome])[];

const rows: Rows = [
  ["agent", "killed", ["claim", "claimed", "opening", "opened"], gone],
  ["agent", "killed", ["clocks", "preparing", "armed", "appointed", "going", "between"], notBegun],
  ["agent", "killed", ["confirmed", "sending", "settling", "keeping"], "lost"],
  // Its report is in the journal.
  ["agent", "killed", ["reporting", "reported", "releasing"], "whole"],
  ["agent", "killed and started again", ["opening"], /claim on it has run out|it does not answer|nobody answers/],
  ["agent", "killed and started again", ["preparing", "between"], notBegun],
  ["agent", "killed and started again", ["sending", "settling"], "lost"],
  ["agent", "killed and started again", ["reporting", "releasing"], "whole"],
  ["agent", "held for a second", ["claim", "opening", "clocks", "preparing", "armed", "appointed", "going"], "whole"],
  ["agent", "held for a second", ["confirmed", "sending", "settling", "reporting", "between", "releasing"], "whole"],
  ["agent", "cut for a second", ["claim", "claimed"], gone],
  ["agent", "cut for a second", ["clocks", "preparing", "armed", "appointed", "going", "confirmed"], "whole"],
  ["agent", "cut for a second", ["sending", "settling", "reporting", "reported", "between", "releasing"], "whole"],
  ["agent", "cut for 12 s", ["preparing"], notBegun],
  ["agent", "cut for 12 s", ["between"], notBegun],
  ["agent", "cut for 12 s", ["confirmed", "sending"], "lost"],
  ["agent", "cut for good", ["preparing"], notBegun],
  ["agent", "cut for good", ["confirmed", "sending", "settling"], "lost"],
  ["server", "killed", ["clocks", "preparing", "armed", "appointed", "going", "confirmed"], "whole"],
  ["server", "killed", ["sending", "settling", "reporting", "between", "releasing"], "whole"],
  ["server", "held for a second", ["claim", "opening", "preparing", "appointed", "sending", "reporting"], "whole"],
  ["server", "held for a second", ["between", "releasing"], "whole"],
  ["server", "gone until the trial is over", ["sending"], "whole"],
  ["run", "cut for a second", ["claim", "claimed"], gone],
  ["run", "cut for a second", ["clocks", "preparing", "armed", "appointed", "going", "confirmed"], "whole"],
  ["run", "cut for a second", ["sending", "settling", "reporting", "reported", "between", "releasing"], "whole"],
  ["run", "cut for 12 s", ["sending", "settling"], "whole"],
  ["run", "cut for 12 s", ["between"], runOut],
  ["run", "killed", ["claim", "claimed", "opening", "opened", "clocks", "preparing", "armed", "going"], "unbegun"],
  ["run", "killed", ["confirmed"], "unbegun"],
  ["run", "killed", ["sending", "settling", "reporting", "reported"], "orphaned"],
  ["run", "asked for by another run", ["opened", "armed", "sending", "reporting", "between"], "whole"],
  ["run", "taken by another run", ["opened", "armed", "between"], taken],
  ["run", "taken by another run", ["sending"], "stopped"],
];

const scenes = rows.flatMap(([party, event, states, outcome]) =>
  states.map((state): readonly [Scene, Outcome] => [{ party, event, state }, outcome]),
);

const sideBySide = 24;
const hasOwnServer = ({ party }: Scene): boolean => party === "server";

describe.skipIf(program.missing !== null)(`what goes away in a run, ${program.name} (${program.missing ?? ""})`, () => {
  let shared: RunningNats;
  let played: Promise<Played>[] = [];

  async function play(scene: Scene): Promise<Played> {
    const nats = hasOwnServer(scene) ? await startNats(program) : shared;
    try {
      await using fleet = new FleetScene(nats, scene);
      return await fleet.play();
    } finally {
      if (nats !== shared) await nats.stop();
    }
  }

  beforeAll(async () => {
    shared = await startNats(program);
    let running: Promise<unknown>[] = Array.from({ length: sideBySide }, () => Promise.resolve());
    played = scenes.map(([scene], index) => {
      const lane = index % sideBySide;
      const result = running[lane]!.then(() => play(scene));
      running = running.with(
        lane,
        result.catch(() => {}),
      );
      return result;
    });
    for (const one of played) one.catch(() => {});
  });
  afterAll(async () => {
    await Promise.allSettled(played);
    await shared?.stop();
  });

  for (const [index, [scene, outcome]] of scenes.entries()) {
    it(`${scene.state}: the ${scene.party} is ${scene.event}`, async () => {
      const result = await played[index]!;
      check(result, outcome, scene);
      expect(result).toMatchObject({ leftOpen: 0 });
      expect(new Set(result.states)).toEqual(new Set(["idle"]));
    });
  }
});

const wholeTrial = { verdict: "pass", sent: 1_000, accepted: 1_000, lost: 0, duplicate: 0, stale: 0, foreign: 0 };

function check({ trials, error, other, collected }: Played, outcome: Outcome, { event, state }: Scene): void {
  const isSecond = state === "between";
  if (outcome === "unbegun") expect(collected).toMatch(/^there was no run$|no trial of run .* can be told/);
  if (outcome === "orphaned") checkOrphaned(collected);
  if (outcome === "unbegun" || outcome === "orphaned") return;
  if (event === "asked for by another run") expect(other).toMatch(/^a[12] is in use by /);
  if (event === "taken by another run") expect(other).toMatchObject(wholeTrial);
  if (outcome instanceof RegExp) {
    expect({ exitCode: error?.exitCode, message: error?.message }).toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(outcome),
    });
    expect(trials.map(({ verdict }) => verdict)).toEqual(isSecond ? ["pass"] : []);
    return;
  }
  expect(error).toBeNull();
  const trial = trials.at(-1)!;
  expect(trials).toHaveLength(isSecond ? 2 : 1);
  if (outcome === "whole") {
    expect(trial).toMatchObject({ ...wholeTrial, fleet: { lost: [], left: [] } });
    return;
  }
  expect(trial.verdict).toBe("invalid");
  if (outcome === "stopped") {
    expect(trial.reasons.join()).toMatch(/it was stopped: .* took the agent/);
    expect(trial.fleet!.lost).toEqual([]);
    return;
  }
  checkLost(trial);
  // Its report is there by now.
  if (event !== "cut for 12 s" || state !== "sending") return;
  expect(collected).toMatchObject({ verdict: "pass", trials: [{ ...wholeTrial, fleet: { lost: [] } }] });
}

function checkOrphaned(collected: Played["collected"]): void {
  expect(collected).toMatchObject({ verdict: "invalid", trials: [{ sent: 1_000, accepted: 1_000, lost: 0 }] });
  const [trial] = (collected as RunResult).trials;
  expect(trial).toMatchObject({ verdict: "invalid", causes: ["fault"], reasons: ["the coordinator was lost"] });
}

function checkLost(trial: Trial): void {
  expect(trial.fleet).toMatchObject({ lost: [{ agent: "a2" }], agents: [{ name: "a1", sent: 500, accepted: 500 }] });
  expect(trial.causes).toContain("fault");
  expect(trial.reasons.join()).toContain("a2 was lost");
}
