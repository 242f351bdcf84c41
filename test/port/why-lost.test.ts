/** Why rings are no more: what a port says of it, whoever and whatever ended them. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openPort, type Port, parsePortSpec } from "../../src/port/index.js";
import { encodeMemoryTable, encodeVringState } from "../../src/port/vhost-user/message.js";
import { goodDevice, RawDriver, ScriptedDevice } from "../support/peers.js";
import { readyMs, temporaryFolder } from "../support/rings-cross.js";

let folder: ReturnType<typeof temporaryFolder>;
let path: string;
beforeEach(() => {
  folder = temporaryFolder();
  path = `${folder.path}/s`;
});
afterEach(() => folder[Symbol.dispose]());

const open = (spec: string): Promise<Port> => openPort(parsePortSpec(spec));

/** A driver with all its rings started and the first pair enabled. */
async function started(pairs = 1): Promise<RawDriver> {
  const driver = new RawDriver(path);
  await driver.greet();
  for (let vring = 0; vring < 2 * pairs; vring++) {
    await driver.setEvent("SET_VRING_CALL", vring);
    await driver.setState("SET_VRING_NUM", vring, 16);
    await driver.setState("SET_VRING_BASE", vring, 0);
    await driver.setAddresses(vring);
    await driver.setEvent("SET_VRING_KICK", vring);
  }
  for (const vring of [0, 1]) await driver.setState("SET_VRING_ENABLE", vring, 1);
  return driver;
}
const stop = async (driver: RawDriver, vring: number): Promise<void> => {
  await driver.ask("GET_VRING_BASE", encodeVringState({ vring, value: 0 }));
};

describe("vhost", () => {
  it("a ring that the driver broke: the fault, that the connection was ended, and whoever keeps the port is told", async () => {
    await using port = await open(`vhost:${path}`);
    using _driver = await started();
    const { generation } = await port.ready(readyMs);
    const trouble = vi.fn();
    port.observe({ quiesce: () => {}, resume: () => {}, trouble });
    expect(port.whyLost(generation)).toBeNull();
    port.breakConnection("avail.idx: 900 after 0 in a ring of 16");
    const why = `vhost:${path}: the driver broke a ring (avail.idx: 900 after 0 in a ring of 16), and its connection was ended`;
    expect(port.whyLost(generation)).toBe(why);
    expect(trouble.mock.calls).toEqual([[why]]);
  });

  it("a driver that stops its rings and keeps the connection; started anew they are rings of their own", async () => {
    await using port = await open(`vhost:${path}`);
    using driver = await started();
    const { generation } = await port.ready(readyMs);
    await stop(driver, 0);
    expect(port.whyLost(generation)).toBe(`vhost:${path}: the driver stopped ring 0`);
    await stop(driver, 1);
    expect(port.rings()).toBeNull();
    expect(port.whyLost(generation)).toBe(`vhost:${path}: the driver stopped ring 0`);
    await expect(port.ready(5)).rejects.toThrow("did not start its rings within 5 ms");
    for (const vring of [0, 1]) await driver.setEvent("SET_VRING_KICK", vring);
    const again = await port.ready(readyMs);
    expect(port.whyLost(again.generation)).toBeNull();
    expect(port.whyLost(generation)).not.toBeNull();
  });

  it("a driver that sets a ring up anew without a word", async () => {
    await using port = await open(`vhost:${path}`);
    using driver = await started();
    const { generation } = await port.ready(readyMs);
    driver.sendAddresses(1);
    driver.setEventWithoutAck("SET_VRING_KICK", 1);
    await driver.setState("SET_VRING_ENABLE", 0, 1);
    expect(port.whyLost(generation)).toMatch(/the driver (stopped ring 1|set ring 1 up anew)$/);
  });

  it("rings that go on are not gone: a second pair enabled later, other memory, another call descriptor", async () => {
    await using port = await open(`vhost:${path},queues=2`);
    using driver = await started(2);
    expect(port.rings()).toBeNull(); // waits for the second pair
    for (const vring of [2, 3]) await driver.setState("SET_VRING_ENABLE", vring, 1);
    const { generation, queues } = await port.ready(readyMs);
    expect(queues.every(({ tx, rx }) => tx !== null && rx !== null)).toBe(true);
    await driver.set("SET_MEM_TABLE", encodeMemoryTable([driver.region]), [driver.memory.fd]);
    await driver.setEvent("SET_VRING_CALL", 0);
    await driver.setEvent("SET_VRING_KICK", 0);
    expect(port.rings()!.generation).toBeGreaterThan(generation);
    expect(port.whyLost(generation)).toBeNull();
    for (const vring of [2, 3]) await driver.setState("SET_VRING_ENABLE", vring, 0);
    expect(port.whyLost(generation)).toBe(`vhost:${path},queues=2: the driver stopped ring 2`);
  });

  it("a second pair that is enabled after the port was ready is no end, either", async () => {
    await using port = await open(`vhost:${path},queues=2`);
    using driver = await started();
    const { generation } = await port.ready(readyMs);
    for (const vring of [2, 3]) {
      await driver.setState("SET_VRING_NUM", vring, 16);
      await driver.setState("SET_VRING_BASE", vring, 0);
      await driver.setAddresses(vring);
      await driver.setEvent("SET_VRING_KICK", vring);
      await driver.setState("SET_VRING_ENABLE", vring, 1);
    }
    expect(port.rings()!.queues[1]).toMatchObject({ tx: { vring: 2 }, rx: { vring: 3 } });
    expect(port.whyLost(generation)).toBeNull();
  });

  it("the peer that closed is no trouble that anybody is told of", async () => {
    await using port = await open(`vhost:${path}`);
    const driver = await started();
    const { generation } = await port.ready(readyMs);
    const trouble = vi.fn();
    port.observe({ quiesce: () => {}, resume: () => {}, trouble });
    driver[Symbol.dispose]();
    await vi.waitFor(() => expect(port.rings()).toBeNull());
    expect(port.whyLost(generation)).toBe(`vhost:${path}: the driver closed the connection`);
    expect(trouble).not.toHaveBeenCalled();
  });

  it("what is refused in the handshake is told", async () => {
    await using port = await open(`vhost:${path}`);
    const trouble = vi.fn();
    port.observe({ quiesce: () => {}, resume: () => {}, trouble });
    using driver = new RawDriver(path);
    await driver.greet();
    await driver.setState("SET_VRING_NUM", 7, 16);
    expect(trouble.mock.calls).toEqual([[expect.stringMatching(/SET_VRING_NUM.*vring 7/)]]);
  });
});

describe("virtio-user", () => {
  it("a device that breaks a ring and never comes back: the first trouble is told, not only the last", async () => {
    const device = new ScriptedDevice(path, goodDevice);
    await using port = await open(`virtio-user:${path}`);
    const { generation } = await port.ready(readyMs);
    port.breakConnection("used.idx: 65535 after 4088 with 0 buffers outstanding");
    const why = `virtio-user:${path}: the device broke a ring (used.idx: 65535 after 4088 with 0 buffers outstanding), and its connection was ended`;
    expect(port.whyLost(generation)).toBe(why);
    device[Symbol.dispose]();
    using _closing = new ScriptedDevice(path, { ...goodDevice, instead: { of: "GET_FEATURES", bytes: null } });
    const late = new RegExp(
      `within \\d+ ms \\(first: ${why.replaceAll(/[()]/g, "\\$&")}; the last one: .*GET_FEATURES`,
    );
    await vi.waitFor(async () => await expect(port.ready(5)).rejects.toThrow(late), 5_000);
  });
});
