/** Waiting for the peers of ports. */
import { describe, expect, it } from "vitest";
import { environmentError } from "../../src/errors.js";
import { peerPatience, waitForPeers } from "../../src/measure/until-ready.js";
import type { Port } from "../../src/port/port.js";

/** A port whose peer never comes, and which keeps the times that it was asked to wait. */
function lonely(asked: number[]): Port {
  const spec = { text: "vhost:/s" };
  return {
    spec,
    rings: () => null,
    ready: (timeoutMs: number) => {
      asked.push(timeoutMs);
      if (timeoutMs > 50) return new Promise(() => {});
      const late = environmentError("no driver connected", { where: spec.text, hint: "start the other side" });
      return new Promise((_, reject) => setTimeout(() => reject(late), timeoutMs + 1));
    },
  } as unknown as Port;
}
const never = new AbortController().signal;

describe("peers that are waited for", () => {
  it("have ten seconds, three to come back; as asked for, both; at most what a timer can", () => {
    expect(peerPatience(undefined)).toEqual({ firstMs: 10_000, returnMs: 3_000 });
    expect(peerPatience(60e9)).toEqual({ firstMs: 60_000, returnMs: 60_000 });
    expect(peerPatience(Number.POSITIVE_INFINITY)).toEqual({ firstMs: 2 ** 31 - 1, returnMs: 2 ** 31 - 1 });
  });

  it("that do not come: the error names the option that gives them more time", async () => {
    const asked: number[] = [];
    const error = await waitForPeers([lonely(asked)], 5e6, never).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      exitCode: 3,
      message: "no driver connected",
      where: "vhost:/s",
      hint: "start the other side; --wait-peer 2m gives it more time",
    });
    expect(asked).toEqual([5]);
  });

  it("are not waited for after an interrupt", async () => {
    const interrupt = new AbortController();
    const waiting = waitForPeers([lonely([])], undefined, interrupt.signal);
    interrupt.abort();
    await expect(waiting).rejects.toMatchObject({
      exitCode: 130,
      message: "interrupted while waiting for the peer of vhost:/s",
    });
  });
});
