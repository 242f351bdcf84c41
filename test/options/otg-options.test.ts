/** Ports of the Open Traffic Generator server: their names are locations of configurations. */
import { expect, it } from "vitest";
import { otgOrder } from "../../src/options/otg-options.js";

it.each(["veth-a", "localhost:5555", "localhost:5555+localhost:50071", "10.0.0.1;2;3", "[::1]:5555", "agent/eth1"])(
  "a port is called %s, as configurations have it",
  (name) => {
    const { ports, innerFcs } = otgOrder({ port: [`${name}=null:`] });
    expect([ports.map((port) => port.name), innerFcs]).toEqual([[name], false]);
  },
);

it.each(["", "=null:", "a b=null:", "-x=null:", "-a", "embedded"])("%j names no port", (text) => {
  expect(() => otgOrder({ port: [text] })).toThrow("names no port");
});
