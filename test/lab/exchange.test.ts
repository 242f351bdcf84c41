/** Exchanges of a server on a veth pair: every frame is one of the kernel's, with its bytes, and nothing else is sent. */
import { expect, it } from "vitest";
import { parsePortSpec } from "../../src/port/index.js";
import { type VethEnd, vethPair } from "../support/netns.js";
import { describeLab } from "../support/probe.js";
import { type Json, startRig } from "../support/serve-rig.js";
import { statistics } from "./interface-run.js";

const portOf = ({ netns, name }: VethEnd) => parsePortSpec(`packet:${name},netns=${netns}`);
const hex = (k: number): string => `020000000002020000000001${"88b5"}${k.toString(16).padStart(2, "0").repeat(60)}`;

describeLab("an exchange on interfaces", ["netns"], () => {
  it("comes back as it was sent, and the kernel counted the same", async () => {
    using pair = vethPair();
    await using rig = await startRig({
      ports: [
        { name: "a", spec: portOf(pair.a) },
        { name: "b", spec: portOf(pair.b) },
      ],
    });
    const frames = Array.from({ length: 50 }, (_, k) => hex(k));
    const order = { frames: frames.map((one) => `hex:${one}`), awaited: 50, settle: "5s" };
    const there = await rig.ask("POST", "/exchange", { body: { ...order, tx: "a", rx: "b" } });
    expect(there.status, there.text).toBe(200);
    expect(there.json).toMatchObject({ asked: 50, sent: 50, received: 50, returned: 50 });
    expect(there.json.frames.map((frame: Json) => frame.hex)).toEqual(frames);
    const { json: session } = await rig.ask("POST", "/sessions", { body: { ports: ["a", "b"], settle: "100ms" } });
    const back = await rig.ask("POST", `/sessions/${session.id}/exchange`, { body: { ...order, tx: "b", rx: "a" } });
    expect(back.json).toMatchObject({ asked: 50, sent: 50, received: 50, returned: 50 });
    const [a, b] = [statistics(pair.a), statistics(pair.b)];
    expect([a.txPackets, a.rxPackets, b.txPackets, b.rxPackets]).toEqual([50, 50, 50, 50]);
  });
});
