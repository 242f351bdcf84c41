/** Messages of a fleet: what is taken, and that a stranger's message is refused with what is wrong with it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PktgenError } from "../../src/errors.js";
import { checkSubjectWord, subjectOf } from "../../src/fleet/names.js";
import { answers, checkVersion, messages, protocolVersion, readMessage, refusalOf } from "../../src/fleet/protocol.js";
import { lineOf } from "../support/line-of.js";

const own = { v: protocolVersion, from: "coordinator" };
const claim = { ...own, run: "r1", epoch: 3, ttlMs: 10_000, by: "somebody", force: false };

describe("messages", () => {
  it("one that is whole is taken as it is", () => expect(readMessage(messages.claim, claim, "a7")).toEqual(claim));

  it("another version of the protocol is named, and ours", () => {
    const line = lineOf(() => readMessage(messages.claim, { ...claim, v: protocolVersion + 1, epoch: "?" }, "a7"));
    const theirs = `version ${protocolVersion + 1} of the fleet's protocol`;
    expect(line).toMatch(new RegExp(`^a7: .*it speaks ${theirs}, and this is version ${protocolVersion}`));
    expect(lineOf(() => readMessage(messages.claim, "hello", "a7"))).toMatch(/version unknown/);
  });

  for (const [what, change, where] of [
    ["without its run", { run: undefined }, "run"],
    ["with a run that is two words", { run: "a.b" }, "run"],
    ["with a run that is everybody's", { run: "*" }, "run"],
    ["with a sender that is none", { from: "" }, "from"],
    ["with half an epoch", { epoch: 1.5 }, "epoch"],
    ["with an epoch below 0", { epoch: -1 }, "epoch"],
    ["with a claim for a year", { ttlMs: 3e10 }, "ttlMs"],
    ["with a claim for ever", { ttlMs: Number.POSITIVE_INFINITY }, "ttlMs"],
  ] as const) {
    it(`one ${what} is refused`, () => {
      expect(lineOf(() => readMessage(messages.claim, { ...claim, ...change }, "a7"))).toMatch(
        `cannot be read: ${where}`,
      );
    });
  }

  it("whatever comes is read or refused, and never breaks anything else", () => {
    const schemas = [...Object.values(messages), ...Object.values(answers)];
    fc.assert(
      fc.property(fc.anything(), fc.constantFrom(...schemas), (value, schema) => {
        try {
          readMessage(schema, value, "a7");
        } catch (error) {
          if (!(error instanceof PktgenError)) throw error;
        }
      }),
    );
  });

  it("a refusal comes out as the error that it was", () => {
    const refused = { ...own, kind: "refused", why: "it does not offer tap:x", exitCode: 2, lasting: true };
    expect(refusalOf(refused, "a7")).toMatchObject({ exitCode: 2, message: "it does not offer tap:x", where: "a7" });
    expect(refusalOf({ ...own, kind: "granted" }, "a7")).toBeNull();
  });
});

describe("versions", () => {
  it("releases of one minor version go together", () => {
    expect(() => checkVersion("a7", "0.1.9", "0.1.0")).not.toThrow();
  });
  for (const theirs of ["0.2.0", "1.1.0"]) {
    it(`${theirs} does not go with 0.1.0, and both are named`, () => {
      expect(lineOf(() => checkVersion("a7", theirs, "0.1.0"))).toContain(
        `agent a7 is pktgen-ts ${theirs}, and this is 0.1.0`,
      );
    });
  }
});

describe("names", () => {
  it("make subjects of one word each", () => {
    expect(subjectOf.agent(checkSubjectWord("a7", "an agent", "--name"), "facts")).toBe("agent.a7.facts");
    expect(subjectOf.event("r1", "a7")).toBe("run.r1.event.a7");
  });
  for (const name of ["", "a.b", "*", ">", "a b", "all", "x".repeat(65)]) {
    it(`"${name.slice(0, 9)}" is refused`, () => {
      expect(lineOf(() => checkSubjectWord(name, "an agent", "--name"))).toMatch(
        /^--name: .* cannot be the name of an agent/,
      );
    });
  }
});
