/** A session whose thread had another session before: it is the same thread, and nothing of the other is left. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { parsePortSpec } from "../../src/port/index.js";
import { openSession, type Session } from "../../src/session/index.js";
import { temporaryFolder } from "../support/rings-cross.js";
import { simFlow } from "../support/session-sim.js";

const tasks = (): ReadonlySet<string> => new Set(readdirSync("/proc/self/task"));
const host = { name: "h", port: "p1", mac: "02:00:00:00:00:07", ipv4: ["198.18.7.7"] };

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2));
};

const open = (path: string): Promise<Session> =>
  openSession({
    ports: [
      { name: "p0", port: parsePortSpec(`vhost:${path},server=on`) },
      { name: "p1", port: parsePortSpec(`virtio-user:${path}`) },
    ],
    capacity: 64,
  });

/** The first here: no thread waits yet. */
it("leaves the memory that its thread had free, while the thread waits", async () => {
  using folder = temporaryFolder();
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  const held = (): number => process.memoryUsage().arrayBuffers;
  const one = async (name: string): Promise<void> => {
    await using session = await open(join(folder.path, name));
    expect(session.sample().flows).toEqual([]);
  };
  collectGarbage();
  const before = held();
  for (const name of ["a", "b", "c"]) await one(name);
  // The heap of a session's flows alone has 256 MB of addresses.
  for (let k = 0; k < 200 && held() - before > 100e6; k++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(held() - before).toBeLessThan(100e6);
});

it("counts from 0, with no flow, host or capture of the session before", async () => {
  using folder = temporaryFolder();
  const first = await open(join(folder.path, "a"));
  const before = tasks();
  await first.setHosts([host]);
  await first.addFlows([simFlow("a", 1), simFlow("b", 2, { duration: { kind: "frames", frames: 1000 } })]);
  await first.startCapture({ port: "p1", frames: 100 });
  await first.start("all");
  await until(() => first.sample().flows.every(({ received }) => received >= 1000));
  // Its flow still sends: what is in rings then is nobody's afterwards.
  await first.close();

  await using second = await open(join(folder.path, "b"));
  expect([...tasks()].filter((task) => !before.has(task))).toEqual([]);
  expect(second.sample().flows).toEqual([]);
  for (const port of second.sample().ports) {
    expect(port).toMatchObject({ capture: null, txFrames: 0, rxFrames: 0, test: 0, stale: 0, foreign: 0, answered: 0 });
  }
  await second.addFlows([simFlow("a", 1, { duration: { kind: "frames", frames: 500 } })]);
  expect(second.sample().flows[0]).toMatchObject({ name: "a", sent: 0, received: 0, lost: 0 });
  await second.start("all");
  await until(() => second.sample().flows[0]!.received >= 500);
  expect(second.sample().flows[0]).toMatchObject({ sent: 500, received: 500, duplicate: 0, reordered: 0 });
});
