/** Neighbours' questions in a trial are answered, and neither they nor the answers are test frames. */
import { describe, expect, it } from "vitest";
import { answerTo, questionFor } from "../../../src/engine/neighbour/frames.js";
import type { ResponderSetup } from "../../../src/engine/neighbour/host-table.js";
import type { BetweenOutcome } from "../../../src/engine/trial/commands.js";
import { parseIpv4, parseMac } from "../../../src/packet/index.js";
import type { TrialReport } from "../../../src/stats/trial-report.js";
import { baseOrder } from "../../support/generator-sim.js";
import { across, type Between, bothWays, DirectionsSim } from "./directions-sim.js";

const at = (mac: string, address: string): ResponderSetup => ({ mac, ipv4: [address], ipv6: [], vlan: null });
const responders = [at("02:00:00:00:00:01", "198.18.0.2"), at("02:00:00:00:00:02", "198.18.1.2")];
const router = { mac: parseMac("02:00:00:00:00:99"), ipv4: [parseIpv4("198.18.0.1")], ipv6: [], vlan: null };
const whoHas = (address: string): Uint8Array => questionFor(parseIpv4(address), router.ipv4[0]!, router);
const hex = (frame: Uint8Array): string => Buffer.from(frame).toString("hex");
const isArp = (frame: Uint8Array): boolean => frame[12] === 8 && frame[13] === 6;

/** A device that asks at a port whenever `asks` says so, forwards test frames, and keeps the answers. */
function asking(asks: (turn: number) => (0 | 1)[]): { device: Between; answers: string[] } {
  const answers: string[] = [];
  let turn = 0;
  const device: Between = (frames, port, nowNs) => {
    answers.push(...frames.filter(isArp).map(hex));
    const asked = port === 0 ? asks(turn++) : [];
    return [
      ...across(
        frames.filter((frame) => !isArp(frame)),
        port,
        nowNs,
      ),
      ...asked.map((to) => ({ port: to, frame: whoHas(to === 0 ? "198.18.0.2" : "198.18.1.2") })),
    ];
  };
  return { device, answers };
}

const published = ({ transmit }: TrialReport): number => transmit.queues[0]!.published;

describe("questions in a trial", () => {
  for (const load of [{ kind: "paced", pps: 100_000 }, { kind: "max" }] as const) {
    it(`are answered on their own port, beside the test frames: ${load.kind}`, () => {
      const { device, answers } = asking((turn) => (turn < 40 && turn % 10 === 3 ? [0, 1] : []));
      const sim = new DirectionsSim({ responders });
      const [report] = sim.run([{ ...baseOrder, load, count: 2000 }], device);
      expect(report.receive).toMatchObject({ accepted: 2000, received: 2000, foreign: 4, corrupt: 0, reordered: 0 });
      expect(report.transmit.queues[0]).toMatchObject({ published: 2000, outstanding: 0, carried: 0 });
      expect(report).toMatchObject({ answered: 8, beside: 4, returned: 0 });
      expect(answers).toHaveLength(8);
      expect(answers.filter((answer) => answer.startsWith("020000000099020000000001"))).toHaveLength(4);
      expect(answers.filter((answer) => answer.startsWith("020000000099020000000002"))).toHaveLength(4);
    });
  }

  it("are counted with the direction that brought them, and answers with the port that sent them", () => {
    const { device } = asking((turn) => (turn < 3 ? [1] : []));
    const [forward, reverse] = new DirectionsSim({ responders }).run(bothWays({ count: 500 }), device);
    expect(forward).toMatchObject({ answered: 3, beside: 0 });
    expect(reverse).toMatchObject({ answered: 0, beside: 3 });
    expect([published(forward), published(reverse)]).toEqual([500, 500]);
    expect([forward.receive.accepted, reverse.receive.accepted]).toEqual([500, 500]);
  });

  it("a buffer that held an answer is a test frame again afterwards, whole", () => {
    const { device } = asking((turn) => (turn % 7 === 0 ? [0] : []));
    const [report] = new DirectionsSim({ responders }).run(
      [{ ...baseOrder, load: { kind: "max" }, count: 20_000, integrity: true }],
      device,
    );
    expect(report.beside).toBeGreaterThan(10);
    expect(report.receive).toMatchObject({ accepted: 20_000, corrupt: 0, duplicate: 0 });
  });

  it("nobody answers where no address is set", () => {
    const { device, answers } = asking((turn) => (turn < 3 ? [0, 1] : []));
    const [report] = new DirectionsSim().run([{ ...baseOrder, count: 100 }], device);
    expect(report).toMatchObject({ answered: 0, beside: 0 });
    expect(report.receive.foreign).toBe(3);
    expect(answers).toEqual([]);
  });

  it("answers that the peer never takes are not taken for test frames", () => {
    const sim = new DirectionsSim({ responders });
    sim.done = false;
    sim.command({ kind: "trial", specs: [{ ...baseOrder, load: { kind: "max" }, count: 1000 }] });
    // The device takes nothing: 256 slots, of which the first go to answers.
    for (let k = 0; k < 5; k++) sim.wires[0].send(0, [whoHas("198.18.0.2")]);
    for (let turn = 0; turn < 400; turn++) sim.turn(() => []);
    sim.command({ kind: "stop" });
    const [{ transmit, beside }] = sim.command({ kind: "report" }) as TrialReport[];
    const [{ published: out, outstanding }] = transmit.queues;
    expect(beside).toBe(5);
    expect(out - outstanding).toBeGreaterThan(0);
  });
});

describe("between trials", () => {
  const outcome = (sim: DirectionsSim, device: Between): BetweenOutcome => {
    sim.done = false;
    sim.finish(device);
    return sim.command({ kind: "outcome" }) as BetweenOutcome;
  };

  it("a gateway tells its MAC address, also on the second question", () => {
    let asked = 0;
    const sim = new DirectionsSim({ responders });
    sim.command({ kind: "between", task: { kind: "resolve", port: 0, target: "198.18.0.1", from: "198.18.0.2" } });
    const { mac } = outcome(sim, (frames, port) =>
      frames.flatMap((frame) => {
        const answer = answerTo(frame, router);
        return answer === null || ++asked < 2 ? [] : [{ port, frame: answer }];
      }),
    );
    expect(asked).toBe(2);
    expect(mac).toBe("02:00:00:00:00:99");
  });

  it("a silent gateway is given up", () => {
    const sim = new DirectionsSim({ responders });
    sim.turnNs = 1_000_000;
    sim.command({ kind: "between", task: { kind: "resolve", port: 1, target: "198.18.1.1", from: "198.18.1.2" } });
    expect(outcome(sim, () => []).mac).toBeNull();
  });

  it("what came after the last frame goes into the trial's account until it is reported, then into none", () => {
    const sim = new DirectionsSim({ responders });
    const { device } = asking(() => []);
    sim.done = false;
    sim.command({ kind: "trial", specs: [{ ...baseOrder, count: 10 }] });
    sim.finish(across);
    sim.wires[1].send(0, [whoHas("198.18.1.2")]);
    sim.command({ kind: "between", task: { kind: "drain" } });
    expect(outcome(sim, device).moved).toBe(2);
    const [report] = sim.command({ kind: "report" }) as TrialReport[];
    expect(report.receive.foreign).toBe(1);
    expect(report.answered).toBe(1);
    sim.wires[1].send(0, [whoHas("198.18.1.2")]);
    sim.command({ kind: "between", task: { kind: "drain" } });
    expect(outcome(sim, device).moved).toBe(2);
    const [next] = sim.run([{ ...baseOrder, count: 10 }], across);
    expect(next.receive).toMatchObject({ foreign: 0, accepted: 10 });
    expect(next.answered).toBe(0);
  });
});
