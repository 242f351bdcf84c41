/** What is said where frames did not come back, or were not taken. */
import { describe, expect, it } from "vitest";
import { noFrameTaken, noReturnHints } from "../../src/measure/hints.js";
import { parsePortSpec } from "../../src/port/spec.js";

const mac = "02:00:00:00:00:07";
const [a, b] = ["packet:a", "packet:b"].map(parsePortSpec);
const nothing = { tx: a!, rx: b!, receiving: { mac, kind: "veth" }, dstMac: "00:11:22:33:44:10" };

describe("hints where nothing came back", () => {
  it("are none where nothing is known", () => {
    expect(noReturnHints(nothing)).toEqual([]);
    expect(noReturnHints({ ...nothing, receiving: null })).toEqual([]);
  });

  it("say where frames are expected without --rx", () => {
    expect(noReturnHints({ ...nothing, rx: null })).toEqual([
      "without --rx frames are expected back on the port that they are sent on, packet:a",
    ]);
  });

  it("know interfaces that take only what is theirs, or show frames as outgoing", () => {
    const macvlan = { ...nothing, receiving: { mac, kind: "macvlan" } };
    expect(noReturnHints(macvlan)).toEqual([
      `b is a macvlan, which takes only frames to its own MAC address: --dst-mac ${mac}`,
    ]);
    expect(noReturnHints({ ...macvlan, dstMac: mac })).toEqual([]);
    expect(noReturnHints({ ...macvlan, dstMac: null })).toEqual([]);
    expect(noReturnHints({ ...nothing, receiving: { mac, kind: "ifb" } })[0]).toMatch(/^b is an ifb: /);
  });
});

describe("a device that took nothing", () => {
  it("may have packed rings of an earlier connection", () => {
    const said = "the device under test took no frame: its ring was full all the time";
    expect(noFrameTaken([{ kind: "vhost", ringFormat: "split" }])).toBe(said);
    expect(noFrameTaken([{ kind: "virtio-user", ringFormat: "packed" }])).toBe(said);
    expect(noFrameTaken([{ kind: "vhost", ringFormat: "packed" }])).toMatch(
      /start that driver anew, or use ring=split$/,
    );
  });
});
