/** Threads that wait for their next job: who gets which, which ones end, and that a process may end with them. */
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { keepThread, takeThread } from "../../../src/engine/worker/kept-threads.js";

describe("threads that are kept", () => {
  it("have the same kind of work again, and are with one worker at a time", () => {
    const [first, second] = [takeThread("a", "test"), takeThread("a", "test")];
    expect(second).not.toBe(first);
    keepThread("a", first);
    keepThread("a", second);
    const other = takeThread("b", "test");
    expect([first, second]).not.toContain(other);
    // The one that was busy last is first.
    expect(takeThread("a", "test")).toBe(second);
    expect(takeThread("a", "test")).toBe(first);
    const third = takeThread("a", "test");
    expect([first, second, other]).not.toContain(third);
    for (const thread of [first, second, other, third]) thread.terminate();
  });

  it("are none of those in which something went wrong, while they worked or waited", () => {
    const condemned = takeThread("c", "test");
    condemned.condemn();
    keepThread("c", condemned);
    const ended = takeThread("c", "test");
    expect(ended).not.toBe(condemned);
    keepThread("c", ended);
    ended.terminate();
    const fresh = takeThread("c", "test");
    expect([condemned, ended]).not.toContain(fresh);
    fresh.terminate();
  });

  it("are few: the one that waits longest ends", () => {
    const most = Math.min(2 * availableParallelism(), 8);
    const threads = Array.from({ length: most + 1 }, () => takeThread("d", "test"));
    for (const thread of threads) keepThread("d", thread);
    expect(threads.map(({ isSound }) => isSound)).toEqual(threads.map((_, k) => k > 0));
    for (const thread of threads) thread.terminate();
  });

  it("are not kept without a kind of work", () => {
    const [first, second] = [takeThread(null, "test"), takeThread(null, "test")];
    expect(first).not.toBe(second);
    for (const thread of [first, second]) thread.terminate();
  });
});

/** Opens and closes sessions, and goes to its end. */
const program = `
import { parsePortSpec } from "${join(import.meta.dirname, "../../../dist/port/index.js")}";
import { openSession } from "${join(import.meta.dirname, "../../../dist/session/index.js")}";
for (let k = 0; k < 3; k++) {
  const session = await openSession({ ports: [{ name: "p0", port: parsePortSpec("null:") }], capacity: 64, readyTimeoutMs: 0 });
  await session.close();
}
`;

it("a process ends by itself with threads that wait", () => {
  const { status, signal, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
    timeout: 60_000,
  });
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: "" });
}, 90_000);
