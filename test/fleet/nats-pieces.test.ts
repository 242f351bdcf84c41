/** What is longer than a server's messages: answers and records go in pieces, and come out whole. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Bus } from "../../src/fleet/bus.js";
import { connectNats } from "../../src/fleet/nats/nats-bus.js";
import { parseNatsAddress } from "../../src/options/fleet-address.js";
import { natsPrograms, type RunningNats, startNats } from "../support/nats.js";

const mostBytes = 16_384;
/** Bytes that cannot be compressed. */
const noise = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));

for (const program of natsPrograms) {
  describe.skipIf(program.missing !== null)(
    `a server that takes ${mostBytes} bytes, ${program.name} (${program.missing ?? ""})`,
    () => {
      let nats: RunningNats;
      let one: Bus;
      let other: Bus;
      let folder: string;
      const connect = (name: string): Promise<Bus> =>
        connectNats({ address: parseNatsAddress(nats.url, "test"), name });
      beforeAll(async () => {
        folder = mkdtempSync(join(tmpdir(), "pktgen-ts-pieces-"));
        const file = join(folder, "server.conf");
        writeFileSync(file, `max_payload: ${mostBytes}\n`);
        nats = await startNats(program, ["-c", file]);
        [one, other] = [await connect("one"), await connect("other")];
      });
      afterAll(async () => {
        for (const bus of [one, other]) await bus?.[Symbol.asyncDispose]();
        await nats?.stop();
        rmSync(folder, { recursive: true });
      });

      for (const bytes of [100, mostBytes, 20 * mostBytes + 1]) {
        it(`gives an answer of ${bytes} bytes whole`, async () => {
          const said = noise(bytes);
          using _listening = await other.subscribe("agent.a1.report", ({ data, reply }) => reply({ data, said }));
          const answer = await one.request("agent.a1.report", { asks: bytes }, 5_000);
          expect(answer).toEqual({ kind: "answer", data: { data: { asks: bytes }, said } });
        });
      }

      it("keeps records whole, also those that two keep at once, and one that is kept twice", async () => {
        const records = [10, 3 * mostBytes, 50, 5 * mostBytes].map((bytes) => noise(bytes));
        await Promise.all(
          records.map((said, k) =>
            (k % 2 === 0 ? one : other).journal!.keep(`keep.r1.trial.0.a${k}`, `id ${k}`, { said }),
          ),
        );
        await one.journal!.keep("keep.r1.trial.0.a1", "id 1", { said: records[1] });
        const kept = await other.journal!.read("keep.r1.trial.0.*");
        const byName = new Map(kept.map(({ subject, data }) => [subject.at(-1), data]));
        expect([...byName.keys()].sort()).toEqual(["0", "1", "2", "3"]);
        for (const [k, said] of records.entries()) expect(byName.get(`${k}`)).toEqual({ said });
      });

      it("a question that is too long is refused with what to do", async () => {
        await expect(one.request("agent.a1.open", noise(2 * mostBytes), 1_000)).rejects.toMatchObject({
          exitCode: 3,
          message: expect.stringMatching(/longer than the server takes \(16384\)/),
        });
      });
    },
  );
}
