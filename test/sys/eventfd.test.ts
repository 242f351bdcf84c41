import { closeSync, openSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { adoptEventfd, EventFd, signalEventfd } from "../../src/sys/eventfd.js";
import { libc } from "../../src/sys/libc.js";

describe("EventFd", () => {
  it("counts signals until they are taken", () => {
    using event = new EventFd();
    expect(event.take()).toBe(0);
    event.signal();
    signalEventfd(event.fd);
    expect(event.take()).toBe(2);
    expect(event.take()).toBe(0);
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
