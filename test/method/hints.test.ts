/** What is said where frames did not come back, or came back otherwise. */
import { describe, expect, it } from "vitest";
import type { TrialReport } from "../../src/engine/trial-order.js";
import { lengthNotes, noFrameTaken, noReturnHints } from "../../src/method/hints.js";
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

const report = (sentBytes: number, received: number, receivedBytes: number): TrialReport =>
  ({
    transmit: { queues: [{ published: 110, outstanding: 10, sentBytes }] },
    receive: { received, receivedBytes },
  }) as unknown as TrialReport;

describe("lengths", () => {
  it("of what came back are compared with what was sent", () => {
    expect(lengthNotes(report(6_000, 100, 6_000), true)).toEqual([]);
    expect(lengthNotes(report(6_000, 90, 90 * 64), true)).toEqual([
      "frames came back 4 bytes longer on average: with a tag, or inside an encapsulation",
    ]);
    expect(lengthNotes(report(6_400, 100, 6_000), false)[0]).toMatch(/^frames came back 4 bytes shorter on average/);
  });

  it("of a mix say nothing where frames are missing, nor does nothing", () => {
    expect(lengthNotes(report(6_000, 90, 90 * 64), false)).toEqual([]);
    expect(lengthNotes(report(6_000, 0, 0), true)).toEqual([]);
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
