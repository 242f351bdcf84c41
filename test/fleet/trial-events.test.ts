/** Words of a trial over many agents. */
import { expect, it } from "vitest";
import { blamedWord } from "../../src/fleet/trial-events.js";

it("reasons that many have in common are said once, with some of the names", () => {
  const blamed = (count: number) => Array.from({ length: count }, (_, i) => ({ agent: `a${i}`, why: "gone" }));
  expect(blamedWord([...blamed(2), { agent: "b", why: "late" }])).toBe("a0, a1: gone; b: late");
  expect(blamedWord(blamed(100))).toBe("a0, a1, a2, a3, a4, a5 and 94 more: gone");
});
