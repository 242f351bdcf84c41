/** Where a fleet is, as people write it, and which ways to it are refused. */
import { describe, expect, it } from "vitest";
import { parseFleetPlace, parseNatsAddress, refuseInsecure } from "../../src/options/fleet-address.js";
import { lineOf } from "../support/line-of.js";

const parse = (text: string) => parseNatsAddress(text, "--fleet");
describe("addresses of servers", () => {
  const none = { fleet: "default", encrypted: false, user: null };
  for (const [text, address] of [
    ["nats://127.0.0.1:4222", { ...none, servers: ["127.0.0.1:4222"] }],
    ["nats://hub", { ...none, servers: ["hub:4222"] }],
    ["nats://[2001:2::1]:5222/blue", { ...none, servers: ["[2001:2::1]:5222"], fleet: "blue" }],
    ["tls://a:1,tls://b:2/lab-3", { ...none, servers: ["a:1", "b:2"], fleet: "lab-3", encrypted: true }],
    ["nats://me:p%40ss@hub", { ...none, servers: ["hub:4222"], user: { name: "me", password: "p@ss" } }],
  ] as const) {
    it(text, () => expect(parse(text)).toEqual(address));
  }

  for (const [text, why] of [
    ["hub:4222", /"hub:4222" is no address of a server; accepted: nats:\/\/ or tls:\/\//],
    ["http://hub", /is no address of a server/],
    ["nats://", /is no address of a server/],
    ["nats://a,tls://b", /with TLS and without it/],
    ["nats://hub/a.b", /"a.b" cannot be the name of a fleet/],
    ["nats://hub/a/b", /cannot be the name of a fleet/],
    ["nats://hub/*", /cannot be the name of a fleet/],
    ["tls://198.18.0.1", /a certificate cannot be checked against 198\.18\.0\.1/],
    ["tls://[2001:2::1]:4222", /a certificate cannot be checked against/],
    ["nats://hub?x=1", /is no address of a server/],
  ] as const) {
    it(`${text} is refused`, () => expect(lineOf(() => parse(text))).toMatch(why));
  }
});

describe("fleets of this process", () => {
  it("have as many generators as they say", () => {
    expect(parseFleetPlace("local:4", "--fleet")).toEqual({ kind: "local", agents: 4 });
  });
  for (const text of ["local:0", "local:65", "local:", "local:many"]) {
    it(`${text} is refused`, () =>
      expect(lineOf(() => parseFleetPlace(text, "--fleet"))).toMatch(/^--fleet: .*accepted/));
  }
});

describe("ways to a server", () => {
  for (const text of ["nats://127.0.0.1", "nats://localhost:1", "nats://[::1]", "nats://127.3.2.1", "tls://hub"]) {
    it(`${text} needs no word`, () => expect(() => refuseInsecure(parse(text), false, "--fleet")).not.toThrow());
  }
  for (const text of ["nats://hub", "nats://198.18.0.1", "nats://127.0.0.1,nats://hub", "nats://127.0.0.1.evil"]) {
    it(`${text} is refused without --insecure`, () => {
      expect(lineOf(() => refuseInsecure(parse(text), false, "--fleet"))).toMatch(
        /^--fleet: the way to .* is not encrypted.*accepted: tls:\/\/.*--insecure/,
      );
      expect(() => refuseInsecure(parse(text), true, "--fleet")).not.toThrow();
    });
  }
});
