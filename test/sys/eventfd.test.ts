/** Event descriptors are signalled and taken. */
import { closeSync, openSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { eventSignal, signalAfterLook } from "../../src/sys/event-signal.js";
import { adoptEventfd, EventFd } from "../../src/sys/eventfd.js";
import { libc } from "../../src/sys/libc.js";

describe("EventFd", () => {
  it("counts signals until they are taken", () => {
    using event = new EventFd();
    expect(event.take()).toBe(0);
    event.signal();
    eventSignal(event.fd)();
    expect(event.take()).toBe(2);
    expect(event.take()).toBe(0);
  });
});

const most = 0xffff_ffff_ffff_fffen;

/** As a peer makes it that wants to block whoever writes: without O_NONBLOCK, and with room for nothing. */
function fullBlockingEventfd(): number {
  const fd = libc.eventfd(0, 0);
  libc.write(fd, new Uint8Array(new BigUint64Array([most]).buffer), 8);
  return fd;
}

function count(fd: number): bigint {
  const counter = new BigUint64Array(1);
  libc.read(fd, new Uint8Array(counter.buffer), 8);
  return counter[0]!;
}

describe.each([
  ["eventSignal", eventSignal],
  ["signalAfterLook, where there is no asynchronous I/O", signalAfterLook],
])("%s", (_name, signalOf) => {
  it("adds 1, however often", () => {
    const fd = libc.eventfd(0, 0);
    const signal = signalOf(fd);
    for (let i = 0; i < 5_000; i++) signal();
    expect(count(fd)).toBe(5_000n);
    closeSync(fd);
  });

  it("does not wait for room in a counter that is full and blocks", () => {
    const fd = fullBlockingEventfd();
    const signal = signalOf(fd);
    for (let i = 0; i < 1_000; i++) signal();
    expect(count(fd)).toBeGreaterThanOrEqual(most);
    signal();
    expect(count(fd)).toBe(1n);
    closeSync(fd);
  });

  it("is of no consequence where the descriptor has been closed", () => {
    const fd = libc.eventfd(0, 0);
    const signal = signalOf(fd);
    closeSync(fd);
    expect(signal).not.toThrow();
  });
});

describe("adoptEventfd", () => {
  it("takes an eventfd and makes it non-blocking", () => {
    const blocking = libc.eventfd(0, 0);
    expect(adoptEventfd(blocking)).toBe(true);
    expect(/flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${blocking}`, "utf8"))![1]).toBe("04002");
    closeSync(blocking);
  });

  it("refuses anything else", () => {
    const file = openSync("/dev/null", "r+");
    expect(adoptEventfd(file)).toBe(false);
    closeSync(file);
  });
});
