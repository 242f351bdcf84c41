/** One agent of a session over a fleet, and what it answers. */
import { expect, it } from "vitest";
import type { AgentLink } from "../../src/fleet/agent-link.js";
import { SessionLink } from "../../src/fleet/session/session-link.js";

/** A mock of an agent that is there: it answers everything with `result`. */
const answering = (result: unknown): AgentLink =>
  ({ name: "a1", ask: async () => ({ kind: "answer", value: { kind: "done", result } }) }) as unknown as AgentLink;

it("is lost, and says what cannot be read, when its answer is none", async () => {
  const told: string[] = [];
  const link = new SessionLink(answering({ snapshot: { atNs: 1, ports: "none" }, links: [] }), (_, why) => {
    told.push(why);
  });
  const refusal = { name: "PktgenError", code: "ended", where: "agent a1" };
  const why = /^its answer to "sample" cannot be read: snapshot\.ports: /;
  await expect(link.do({ do: "sample", since: null })).rejects.toMatchObject({
    ...refusal,
    message: expect.stringMatching(why),
  });
  expect(told).toEqual([expect.stringMatching(why)]);
  await expect(link.do({ do: "close" })).rejects.toMatchObject({ ...refusal, message: expect.stringMatching(why) });
});
