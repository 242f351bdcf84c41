/** A port's hosts count the answers that they will give, and no others. */
import { describe, expect, it } from "vitest";
import { questionFor } from "../../../src/engine/neighbour/frames.js";
import { HostTable } from "../../../src/engine/neighbour/host-table.js";
import { parseIpv4, parseMac } from "../../../src/packet/index.js";
import { Space } from "../../support/forward-wire.js";

describe("the hosts at a port", () => {
  it("do not count answers that found no room", () => {
    const { memory } = new Space(2 ** 20);
    const table = new HostTable(memory, {}, () => {}, Date.now);
    table.setHosts([{ name: "h", mac: "02:00:00:00:00:01", ipv4: ["198.18.0.2"], ipv6: [], vlan: null }]);
    const asking = { mac: parseMac("02:00:00:00:00:99"), ipv4: [parseIpv4("198.18.0.1")], ipv6: [], vlan: null };
    const question = questionFor(parseIpv4("198.18.0.2"), parseIpv4("198.18.0.1"), asking);
    memory.u8.set(question, 0);
    // No port is there, so all answers wait, and 64 have room.
    for (let k = 0; k < 100; k++) table.onForeign(0, question.length);
    expect(table.answered).toBe(64);
  });
});
