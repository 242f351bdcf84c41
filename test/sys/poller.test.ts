/** Waiting for descriptors that become readable. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { EventFd } from "../../src/sys/eventfd.js";
import { waitReadable, watchReadable } from "../../src/sys/poller.js";
import { socketPair } from "../../src/sys/socket.js";

describe("waitReadable", () => {
  it("resolves with true for a descriptor that is or becomes readable", async () => {
    using event = new EventFd();
    const waiting = waitReadable(event.fd, 5000);
    event.signal();
    expect(await waiting).toBe(true);
    expect(await waitReadable(event.fd, 5000)).toBe(true);
  });

  it("resolves with true when the peer closes", async () => {
    const [a, b] = socketPair("stream");
    const waiting = waitReadable(a.fd, 5000);
    b[Symbol.dispose]();
    expect(await waiting).toBe(true);
    a[Symbol.dispose]();
  });

  it("resolves with false after its time, or when aborted", async () => {
    using event = new EventFd();
    expect(await waitReadable(event.fd, 5)).toBe(false);
    const abort = new AbortController();
    const waiting = waitReadable(event.fd, 60_000, abort.signal);
    abort.abort();
    expect(await waiting).toBe(false);
    expect(await waitReadable(event.fd, 60_000, abort.signal)).toBe(false);
  });

  it("wakes only whose descriptor is ready, out of more than fit the first table", async () => {
    const events = Array.from({ length: 40 }, () => new EventFd());
    events[33]!.signal();
    const woken = await Promise.all(events.map((event) => waitReadable(event.fd, 50)));
    expect(woken.flatMap((ready, i) => (ready ? [i] : []))).toEqual([33]);
    for (const event of events) event[Symbol.dispose]();
  });
});

describe("watchReadable", () => {
  it("calls back as long as there is something, and not after disposal", async () => {
    using event = new EventFd();
    let calls = 0;
    const seen = new Promise<void>((resolve) => {
      const watch = watchReadable(event.fd, () => {
        calls++;
        if (calls < 3) return;
        watch[Symbol.dispose]();
        resolve();
      });
    });
    event.signal();
    await seen;
    using other = new EventFd();
    other.signal();
    await waitReadable(other.fd, 1000);
    await waitReadable(other.fd, 1000);
    expect(calls).toBe(3);
  });

  it("calls everybody whose descriptor is ready", async () => {
    using first = new EventFd();
    using second = new EventFd();
    first.signal();
    second.signal();
    const seen = new Set<string>();
    using _a = watchReadable(first.fd, () => void seen.add("first"));
    using _b = watchReadable(second.fd, () => void seen.add("second"));
    await waitReadable(first.fd, 1000);
    await waitReadable(second.fd, 1000);
    expect([...seen].sort()).toEqual(["first", "second"]);
  });

  it("does not keep the process alive", () => {
    const path = (name: string): string => JSON.stringify(join(process.cwd(), `src/sys/${name}.ts`));
    const code = `import { watchReadable } from ${path("poller")}; import { EventFd } from ${path("eventfd")};
      watchReadable(new EventFd().fd, () => {});`;
    execFileSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", code], { timeout: 10_000 });
  });
});
