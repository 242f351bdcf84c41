/** The options of `--dut testpmd`, and what is refused. */
import { describe, expect, it } from "vitest";
import { parseTestpmdOptions, testpmdOptionTable } from "../../../src/dut/testpmd/options.js";

describe("--dut testpmd,…", () => {
  it("needs none, and then nothing but testpmd", () => {
    expect(parseTestpmdOptions("")).toEqual({
      container: "auto",
      image: null,
      huge: "off",
      ring: null,
      mode: "io",
      size: 1024,
      cores: "auto",
      port: { kind: "vhost" },
      program: null,
      given: [],
    });
  });

  it("takes all of its examples", () => {
    const text = Object.entries(testpmdOptionTable)
      .map(([name, { example }]) => `${name}=${example}`)
      .join(",");
    expect(parseTestpmdOptions(text)).toMatchObject({
      container: "podman",
      huge: "on",
      ring: "packed-mergeable",
      mode: "macswap",
      given: text.split(","),
    });
  });

  it.each([
    ["contaner=none", /testpmd has no option "contaner".*did you mean container=\?/],
    ["container=lxc", /--dut container: "lxc" is not one of its values; accepted: auto, podman, docker, none/],
    ["container=pod", /accepted: .*did you mean podman\?|not one of its values/],
    ["huge", /the option huge has no value; accepted: e\.g\. huge=on/],
    ["huge=on,mode=mac,huge=on", /--dut: the option huge is given twice; accepted: each option once/],
    ["huge=yes", /--dut huge: "yes"/],
    ["ring=packed", /--dut ring: .*packed-mergeable/],
    ["mode=rxonly", /--dut mode: .*io, mac, macswap/],
    ["size=1000", /a ring of 1000 descriptors is not possible; accepted: a power of two/],
    ["size=8", /--dut size/],
    ["port=af_paket:veth1", /--dut port: testpmd has no port "af_paket" for the generator.*did you mean af_packet\?/],
    ["port=af_packet", /--dut port: "" is no interface name/],
    ["port=tap:aninterfacename0", /is no interface name; accepted: tap: and 1 to 15 bytes/],
    ["port=pci:03:00", /"03:00" is no PCI address; accepted: e\.g\. pci:0000:03:00\.0/],
    ["image=", /--dut image: a name or path is missing/],
    ["constructor=1", /testpmd has no option "constructor"/],
  ])("refuses %s", (text, sentence) => {
    try {
      parseTestpmdOptions(text);
    } catch (error) {
      const { exitCode, toLine } = error as { exitCode: number; toLine: () => string };
      expect(toLine.call(error)).toMatch(sentence);
      expect(exitCode).toBe(2);
      return;
    }
    throw new Error("it was accepted");
  });
});
