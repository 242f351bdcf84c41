/** Who empties a ring may wish to be signalled. Whoever fills it sees that, and no longer than it is wished. */
import { expect, it } from "vitest";
import { combinations, openPair } from "./harness.js";

it.each(combinations({ format: ["split", "packed"] as const, sender: ["driver", "device"] as const, size: [8] }))(
  "signals are wished for only when it was said: $format, $sender sends",
  (options) => {
    const { tx, rx } = openPair(options);
    expect(tx.notifyWanted()).toBe(false);
    rx.wishSignals!(true);
    expect(tx.notifyWanted()).toBe(true);
    expect(rx.poll(8)).toBe(0);
    expect(tx.notifyWanted()).toBe(true);
    rx.wishSignals!(false);
    expect(tx.notifyWanted()).toBe(false);
  },
);
