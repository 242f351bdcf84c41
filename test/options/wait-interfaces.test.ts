/** `--wait-interfaces` and `--port eth1`: which ports there are, and what is refused. */
import { afterEach, expect, it, vi } from "vitest";
import { otgOrder } from "../../src/options/otg-options.js";
import { serveOrder } from "../../src/options/serve-options.js";

afterEach(() => vi.unstubAllEnvs());

const named = (ports: readonly { readonly name: string; readonly spec: { readonly text: string } }[]): string[] =>
  ports.map(({ name, spec }) => `${name}=${spec.text}`);

it("an interface alone is its port's name, too", () => {
  const ports = ["eth1", "ens3.100", "east=packet:eth2"];
  const all = ["eth1=packet:eth1", "ens3.100=packet:ens3.100", "east=packet:eth2"];
  expect(named(serveOrder({ port: ports }).ports)).toEqual(all);
  expect(named(otgOrder({ port: ports }).ports)).toEqual(all);
});

it("eth1 to ethN are awaited and are ports, but for those that were named", () => {
  const order = serveOrder({ waitInterfaces: "3", port: ["eth2=xdp:eth2"] });
  expect(order.awaited).toEqual(["eth1", "eth2", "eth3"]);
  expect(named(order.ports)).toEqual(["eth2=xdp:eth2", "eth1=packet:eth1", "eth3=packet:eth3"]);
});

it("containerlab says how many in the environment", () => {
  vi.stubEnv("CLAB_INTFS", "2");
  expect(serveOrder({ waitInterfaces: true }).awaited).toEqual(["eth1", "eth2"]);
  expect(named(otgOrder({ waitInterfaces: true }).ports)).toEqual(["eth1=packet:eth1", "eth2=packet:eth2"]);
  vi.stubEnv("CLAB_INTFS", "0");
  expect(serveOrder({ waitInterfaces: true })).toMatchObject({ awaited: [], ports: [] });
});

it.each([
  ["65", "--wait-interfaces"],
  ["-1", "--wait-interfaces"],
  ["eth1", "--wait-interfaces"],
])("%j interfaces are refused", (waitInterfaces, where) => {
  expect(() => serveOrder({ waitInterfaces })).toThrow(expect.objectContaining({ exitCode: 2, where }));
});

it("where nobody says how many, it asks; a bad number in the environment is named as such", () => {
  vi.stubEnv("CLAB_INTFS", undefined);
  expect(() => serveOrder({ waitInterfaces: true })).toThrow(/CLAB_INTFS is not in the environment/);
  vi.stubEnv("CLAB_INTFS", "many");
  expect(() => serveOrder({ waitInterfaces: true })).toThrow(
    expect.objectContaining({ where: "--wait-interfaces ($CLAB_INTFS)" }),
  );
});

it.each(["embedded", "testpmd", "a-name-that-is-too-long", "-eth1", ""])("%j alone names no port", (text) => {
  expect(() => serveOrder({ port: [text] })).toThrow("names no port");
});
