/** The permissions in examples/fleet/nats-server.conf, on a server started with them: enough to work, and no more. */
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Bus } from "../../src/fleet/bus.js";
import { collectRun } from "../../src/fleet/collect.js";
import { openFleetBench } from "../../src/fleet/fleet-bench.js";
import { connectNats } from "../../src/fleet/nats/nats-bus.js";
import { parseNatsAddress } from "../../src/options/fleet-address.js";
import { fleetPlan, fleetRequest } from "../support/fleet-rig.js";
import { natsPrograms, type RunningNats, startNats } from "../support/nats.js";
import { simulatedAgent, simulatedSettings } from "../support/simulated-agents.js";

const config = join(import.meta.dirname, "../../examples/fleet/nats-server.conf");
const passwords = { A1_PASSWORD: "one-a1", A2_PASSWORD: "two-a2", RUNS_PASSWORD: "three-r" };

for (const program of natsPrograms) {
  describe.skipIf(program.missing !== null)(
    `permissions of a fleet, ${program.name} (${program.missing ?? ""})`,
    () => {
      let nats: RunningNats;
      const opened: AsyncDisposable[] = [];
      const keep = <T extends AsyncDisposable>(one: T): T => {
        opened.push(one);
        return one;
      };
      const as = async (user: string, password: string): Promise<Bus> => {
        const url = `nats://${user}:${password}@127.0.0.1:${nats.port}/lab`;
        return keep(await connectNats({ address: parseNatsAddress(url, "--fleet"), name: user }));
      };
      const a1 = (): Promise<Bus> => as("a1", passwords.A1_PASSWORD);
      const a2 = (): Promise<Bus> => as("a2", passwords.A2_PASSWORD);
      const runs = (): Promise<Bus> => as("runs", passwords.RUNS_PASSWORD);

      beforeAll(async () => {
        Object.assign(process.env, passwords);
        nats = await startNats(program, ["-c", config]);
      });
      afterEach(async () => {
        for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]();
      });
      afterAll(async () => {
        for (const name of Object.keys(passwords)) delete process.env[name];
        await nats?.stop();
      });

      it("agents do a run's trial, and it is kept", async () => {
        keep(await simulatedAgent(await a1(), "a1"));
        keep(await simulatedAgent(await a2(), "a2"));
        const bus = await runs();
        const names = ["a1", "a2"];
        const signal = new AbortController().signal;
        const bench = await openFleetBench(bus, { ...simulatedSettings, names, startWithinNs: 10e9 })(
          fleetPlan,
          { signal },
          1,
        );
        const trials = await bench.trial(fleetRequest, 0);
        const { fleet } = await bench.document(trials, new Date(0));
        await bench[Symbol.asyncDispose]();
        expect(trials[0]).toMatchObject({ sent: 1_000, accepted: 1_000 });
        expect(trials[0]!.fleet).toMatchObject({ lost: [], left: [] });
        const collected = await collectRun(bus, fleet!.run);
        expect(collected.trials[0]).toMatchObject({ sent: 1_000, accepted: 1_000 });
        const kept = await bus.journal!.read(`keep.${fleet!.run}.trial.>`);
        // Once for each attempt.
        expect([...new Set(kept.map(({ subject }) => subject.split(".").at(-1)))].sort()).toEqual(names);
      });

      it("an agent publishes nothing as another one, and gives no orders", async () => {
        const [agent, other, bus] = [await a1(), await a2(), await runs()];
        const heard: string[] = [];
        const hear = async (where: Bus, subject: string): Promise<void> => {
          await where.subscribe(subject, (message) => heard.push(message.subject));
        };
        let last: () => void = () => {};
        const isLast = new Promise<void>((resolve) => {
          last = resolve;
        });
        await hear(bus, "run.*.event.*");
        await hear(other, "agent.a2.>");
        await hear(other, "run.*.stop");
        await bus.subscribe("beat.*", ({ subject }) => {
          heard.push(subject);
          if (subject === "beat.a1") last();
        });
        for (const subject of ["beat.a2", "run.r1.event.a2", "agent.a2.release", "run.r1.stop"]) {
          agent.publish(subject, {});
        }
        agent.publish("beat.a1", {});
        await isLast;
        expect(heard).toEqual(["beat.a1"]);
      });

      it("an agent does not answer for another one", async () => {
        const [agent, bus] = [await a1(), await runs()];
        await agent.subscribe("agent.a2.facts", ({ reply }) => reply({ from: "a2" }));
        expect((await bus.request("agent.a2.facts", {}, 2_000)).kind).toBe("absent");
      });
    },
  );
}
