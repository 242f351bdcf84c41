/** A port's hosts count the answers that left, and no others. */
import { describe, expect, it } from "vitest";
import { questionFor } from "../../../src/engine/neighbour/frames.js";
import { HostTable } from "../../../src/engine/neighbour/host-table.js";
import { parseIpv4, parseMac } from "../../../src/packet/index.js";
import { Space, Wire } from "../../support/forward-wire.js";

describe("the hosts at a port", () => {
  it("do not count answers that found no room", () => {
    const space = new Space(8 * 2 ** 20);
    const { memory } = space;
    const wire = new Wire(space, "driver", { format: "packed", queues: 1, size: 128 });
    const table = new HostTable(memory, {}, () => {}, Date.now);
    table.setHosts([{ name: "h", mac: "02:00:00:00:00:01", ipv4: ["198.18.0.2"], ipv6: [], vlan: null }]);
    const asking = { mac: parseMac("02:00:00:00:00:99"), ipv4: [parseIpv4("198.18.0.1")], ipv6: [], vlan: null };
    const question = questionFor(parseIpv4("198.18.0.2"), parseIpv4("198.18.0.1"), asking);
    const at = space.take(question.length);
    memory.u8.set(question, at);
    // No port is there, so all answers wait, and 64 have room.
    for (let k = 0; k < 100; k++) table.onForeign(at, question.length);
    table.queue.flush();
    expect(table.queue.answered).toBe(0);
    table.attach(wire.port());
    expect(table.queue.flush()).toBe(64);
    expect(table.queue.answered).toBe(64);
    expect(wire.receive(0)).toHaveLength(64);
    // A question of its own is no answer.
    table.ask("h", "198.18.0.9");
    table.queue.flush();
    expect([table.queue.answered, table.queue.sent]).toEqual([64, 65]);
  });
});
