/** Who may use an agent: one run at a time, for a while, and never one that was overtaken. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PktgenError } from "../../src/errors.js";
import { type ClaimOrder, Claims } from "../../src/fleet/claim.js";

const one: ClaimOrder = { run: "r1", epoch: 1, ttlMs: 1_000, by: "ann", force: false };
const other: ClaimOrder = { run: "r2", epoch: 2, ttlMs: 1_000, by: "bob", force: false };
const granted = { kind: "granted" };

describe("an agent's claim", () => {
  it("is granted to the first, and refused to others with whose it is", () => {
    const claims = new Claims();
    expect(claims.claim(one, 0)).toEqual(granted);
    expect(claims.claim(other, 400)).toEqual({ kind: "held", holder: "ann", leftMs: 600, epoch: 1 });
    expect(() => claims.check(one, 400)).not.toThrow();
    expect(() => claims.check(other, 400)).toThrow(
      expect.objectContaining({ message: "it is in use by ann", exitCode: 3 }),
    );
  });

  it("runs out where nobody renews it, and then somebody else gets it", () => {
    const claims = new Claims();
    claims.claim(one, 0);
    claims.renew(one, 1_000, 900);
    expect(claims.claim(other, 1_500)).toMatchObject({ kind: "held" });
    expect(() => claims.check(one, 1_900)).toThrow(/has run out/);
    expect(claims.claim(other, 1_900)).toEqual(granted);
    expect(() => claims.check(one, 1_950)).toThrow(/in use by bob/);
  });

  it("that was lost is not renewed by whoever had it", () => {
    const claims = new Claims();
    claims.claim(one, 0);
    claims.claim({ ...other, force: true }, 100);
    claims.renew(one, 1_000_000, 200);
    expect(claims.leftMs(200)).toBe(900);
    expect(claims.release(one)).toBe(false);
    expect(claims.holder(200)?.by).toBe("bob");
  });

  it("is not granted to a lower epoch, not even when it is free, or taken", () => {
    const claims = new Claims();
    claims.claim(other, 0);
    claims.release(other);
    expect(claims.claim(one, 10)).toMatchObject({ kind: "held", epoch: 2 });
    expect(claims.claim({ ...one, force: true }, 10)).toMatchObject({ kind: "held", epoch: 2 });
  });

  it("asked for twice by the same run is granted twice", () => {
    const claims = new Claims();
    claims.claim(one, 0);
    expect(claims.claim(one, 500)).toEqual(granted);
    expect(claims.leftMs(500)).toBe(1_000);
  });

  it("of whoever has it can be taken away by hand", () => {
    const claims = new Claims();
    claims.claim(one, 0);
    expect(claims.release({ run: "none", epoch: 0 }, true)).toBe(true);
    expect(claims.holder(1)).toBeNull();
  });

  it("never has two holders, and epochs of holders only grow", () => {
    const step = fc.record({
      order: fc.record({
        run: fc.constantFrom("r1", "r2", "r3"),
        epoch: fc.integer({ min: 0, max: 5 }),
        ttlMs: fc.integer({ min: 1, max: 50 }),
        by: fc.constant("x"),
        force: fc.boolean(),
      }),
      waitMs: fc.integer({ min: 0, max: 40 }),
      deed: fc.constantFrom("claim", "renew", "release"),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const claims = new Claims();
        let [nowMs, epoch] = [0, -1];
        for (const { order, waitMs, deed } of steps) {
          nowMs += waitMs;
          if (deed === "claim") claims.claim(order, nowMs);
          else if (deed === "renew") claims.renew(order, order.ttlMs, nowMs);
          else claims.release(order);
          const holder = claims.holder(nowMs);
          if (holder === null) continue;
          expect(holder.epoch).toBeGreaterThanOrEqual(epoch);
          epoch = holder.epoch;
          const allowed = ["r1", "r2", "r3"].filter((run) => {
            try {
              claims.check({ run, epoch: holder.epoch }, nowMs);
              return true;
            } catch (error) {
              if (error instanceof PktgenError) return false;
              throw error;
            }
          });
          expect(allowed).toEqual([holder.run]);
        }
      }),
    );
  });
});
