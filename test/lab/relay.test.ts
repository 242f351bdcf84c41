/**
 * A relay on a wire (relay.py) that does things to frames and keeps a log of its own: the result is the log, to the frame.
 * How well a busy machine keeps a rate decides whether a trial can be used, and is not looked at.
 */
import { expect, it, vi } from "vitest";
import { lostRangesKept } from "../../src/stats/sequence-table.js";
import { describeLab } from "../support/probe.js";
import { accountOf, type RelayAccount, rangesOf, relayCases } from "../support/relay-plan.js";
import { runCli } from "../support/run-cli.js";
import { RelayHouse } from "./relay.js";

vi.setConfig({ testTimeout: 120_000 });

const frames = 400;
const asked = [
  ...["--sizes", "128", "--count", `${frames}`, "--rate", "1kpps"],
  ...["--warmup", "0ms", "--settle", "500ms", "--integrity"],
];

interface Counted {
  readonly sent: number;
  readonly received: number;
  readonly accepted: number;
  readonly lost: number;
  readonly corrupt: number;
  readonly duplicate: number;
  readonly damagedCopies?: number;
  readonly reordered: number;
  readonly stale: number;
  readonly foreign: number;
  readonly tooOld: number;
  readonly lostRanges: readonly (readonly [number, number])[];
  readonly reorderExtent: { readonly max: number; readonly mean: number } | null;
  readonly rxPps: number;
  readonly txPps: number;
  readonly latencyNs: { readonly min: number } | null;
  readonly verdict: string;
  readonly notes: readonly string[];
  readonly reasons: readonly string[];
}

async function trialBehind(house: RelayHouse, more: readonly string[] = []): Promise<Counted> {
  const { stdout, stderr, code } = await runCli([...house.ports, ...asked, ...more, "--json", "-"]);
  if (stdout === "") throw new Error(`exit code ${code}: ${stderr}`);
  const { trials } = JSON.parse(stdout) as { readonly trials: readonly Counted[] };
  expect(trials).toHaveLength(1);
  return trials[0]!;
}

function expectAsLogged(trial: Counted, expected: RelayAccount): void {
  // Damaged frames beyond those that are missing can only be copies: they are told as such.
  const damagedCopies = Math.max(0, expected.damaged - expected.notAccepted.length);
  expect(trial.damagedCopies ?? 0).toBe(damagedCopies);
  expect(trial).toMatchObject({
    sent: expected.sent,
    accepted: expected.accepted,
    duplicate: expected.duplicate + damagedCopies,
    reordered: expected.reordered,
    stale: expected.inserted,
    foreign: expected.injected,
    tooOld: 0,
    lostRanges: rangesOf(expected.notAccepted).slice(0, lostRangesKept),
  });
  expect(trial.lost + trial.corrupt).toBe(expected.notAccepted.length);
  expect(trial.reorderExtent?.max ?? 0).toBe(expected.extent?.max ?? 0);
  expect(trial.reorderExtent?.mean ?? 0).toBeCloseTo(expected.extent?.mean ?? 0, 6);
  if (expected.notAccepted.length > 0 || expected.damaged > 0) expect(trial.verdict).not.toBe("pass");
}

describeLab("behind a relay that", ["netns", "python3"], () => {
  it.each(relayCases.map((each) => [each.name, each] as const))(
    "%s, everything is counted as it says",
    async (_, plan) => {
      using house = new RelayHouse();
      if (plan.inserts === true) {
        await using keeper = await house.start({ steps: [] }, { keep: "frames" });
        await trialBehind(house, ["--seed", "5"]);
        expect((await keeper.log()).in).toBe(frames);
      }
      const before = house.arrived().rxPackets;
      await using relay = await house.start(plan, plan.inserts === true ? { kept: "frames" } : {});
      const trial = await trialBehind(house);
      const log = await relay.log();
      expect(log).toMatchObject({ in: frames, kernelDrops: 0 });
      // Nothing but what was asked for was ever on the wire.
      expect(house.arrived().rxPackets - before).toBe(frames);
      expectAsLogged(trial, accountOf(log));
    },
  );

  it("delays by 100 ms, nothing is lost, and every latency is longer than that", async () => {
    using house = new RelayHouse();
    await using relay = await house.start({ steps: [], delayMs: 100 });
    const trial = await trialBehind(house);
    expectAsLogged(trial, accountOf(await relay.log()));
    expect(trial.latencyNs!.min).toBeGreaterThanOrEqual(100e6);
  });

  it("polices, what its bucket dropped is lost, number by number", async () => {
    using house = new RelayHouse();
    await using relay = await house.start({ steps: [], police: { pps: 300, burst: 20 } });
    const trial = await trialBehind(house);
    const log = await relay.log();
    expect(log.policed.length).toBeGreaterThan(0);
    expectAsLogged(trial, accountOf(log));
    expect(trial.lost).toBe(log.policed.length);
  });

  it("forwards nothing, and only another run's frames arrive: none of them is taken for ours", async () => {
    using house = new RelayHouse();
    {
      await using keeper = await house.start({ steps: [] }, { keep: "frames" });
      await trialBehind(house);
      await keeper.log();
    }
    const steps = Array.from({ length: frames }, (_, at) => [
      { at, do: "drop" } as const,
      { at, do: "insert", kept: at } as const,
    ]).flat();
    await using relay = await house.start({ steps }, { kept: "frames" });
    const trial = await trialBehind(house);
    await relay.log();
    expect(trial).toMatchObject({ sent: frames, accepted: 0, lost: frames, corrupt: 0, stale: frames });
    expect(trial.verdict).not.toBe("pass");
    expect(trial.notes.join("\n")).toMatch(/another run|other generator/);
  });
});
