/** The device side of vhost-user. */
import { closeSync, openSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openPort, type Port, type PortObserver, type PortRings, parsePortSpec } from "../../src/port/index.js";
import { featureNames, features } from "../../src/port/vhost-user/features.js";
import {
  decodeU64,
  decodeVringState,
  encodeMemoryTable,
  encodeU64,
  encodeVringDescriptor,
  encodeVringState,
  requestCodes,
  type TableRegion,
} from "../../src/port/vhost-user/message.js";
import { arena } from "../../src/sys/arena.js";
import { waitReadable } from "../../src/sys/poller.js";
import { connectUnix } from "../../src/sys/socket.js";
import { RawDriver } from "../support/peers.js";
import { crossFrames, openDescriptors, openRx, openTx, readyMs, temporaryFolder } from "../support/rings-cross.js";

let folder: ReturnType<typeof temporaryFolder>;
let port: Port;
let path: string;
beforeEach(() => {
  folder = temporaryFolder();
  path = `${folder.path}/s`;
});
afterEach(async () => {
  await port?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const openDevice = async (options = ""): Promise<Port> => {
  port = await openPort(parsePortSpec(`vhost:${path}${options}`));
  return port;
};

/** What a port tells its workers, and workers that keep positions. */
class Log implements PortObserver {
  readonly entries: string[] = [];
  rings: PortRings | null = null;
  /** By vring, as a worker would leave them. */
  positions: Record<number, number> = {};

  quiesce(): void {
    this.entries.push("quiesce");
    const stored = this.rings === null ? null : new Int32Array(this.rings.positions);
    for (const [vring, position] of Object.entries(this.positions))
      if (stored !== null) stored[Number(vring)] = position;
  }

  resume(rings: PortRings | null, why?: string): void {
    this.rings = rings;
    const usable = rings?.queues.map(({ tx, rx }) => `${tx === null ? "-" : "tx"} ${rx === null ? "-" : "rx"}`);
    this.entries.push(usable === undefined ? `gone: ${why}` : usable.join(", "));
  }
}

describe("what a device offers", () => {
  it("is always VERSION_1, MQ and INDIRECT_DESC, and the rest as its spec says", async () => {
    await openDevice(",queues=2,mrg_rxbuf=on,in_order=on");
    using driver = new RawDriver(path);
    const reply = await driver.ask("GET_FEATURES");
    expect(reply.flags).toBe(5);
    expect(featureNames(decodeU64(1, reply.payload))).toEqual([
      "VIRTIO_NET_F_MRG_RXBUF",
      "VIRTIO_NET_F_MQ",
      "VIRTIO_F_INDIRECT_DESC",
      "VHOST_USER_F_PROTOCOL_FEATURES",
      "VIRTIO_F_VERSION_1",
      "VIRTIO_F_RING_PACKED",
      "VIRTIO_F_IN_ORDER",
    ]);
    expect(decodeU64(15, (await driver.ask("GET_PROTOCOL_FEATURES")).payload)).toBe(0x9n);
    expect(decodeU64(17, (await driver.ask("GET_QUEUE_NUM")).payload)).toBe(2n);
  });

  it("is less where the spec says so", async () => {
    await openDevice(",ring=split");
    using driver = new RawDriver(path);
    expect(featureNames(decodeU64(1, (await driver.ask("GET_FEATURES")).payload))).toEqual([
      "VIRTIO_NET_F_MQ",
      "VIRTIO_F_INDIRECT_DESC",
      "VHOST_USER_F_PROTOCOL_FEATURES",
      "VIRTIO_F_VERSION_1",
    ]);
  });
});

describe("rings of a device", () => {
  it("are ready once queue pair 0 is started and enabled, and lie where the driver says", async () => {
    await openDevice(",queues=2");
    using driver = new RawDriver(path);
    await driver.greet();
    await driver.start();
    const { queues } = await port.ready(readyMs);

    const { memory } = driver;
    const tx = queues[0]!.tx;
    if (tx === null || !("role" in tx) || tx.role !== "device") throw new Error("no device ring");
    // The same file is mapped a second time, at another offset: translated, not taken over.
    expect(tx.descriptors).not.toBe(memory.offset);
    arena().memory().u8[memory.offset + 3] = 77;
    expect(arena().memory().u8[tx.descriptors + 3]).toBe(77);
    expect(tx).toMatchObject({ format: "split", size: 16, start: 0, vring: 0, direction: "tx", headerBytes: 12 });
    expect(queues[0]!.rx).toMatchObject({ vring: 1, direction: "rx" });
    expect(queues[1]).toMatchObject({ tx: null, rx: null, txKick: { kind: "none" } });
  });

  it("come and go with SET_VRING_ENABLE, and workers stand meanwhile", async () => {
    await openDevice();
    using driver = new RawDriver(path);
    await driver.greet();
    await driver.start();
    await port.ready(readyMs);
    const log = new Log();
    port.observe(log);
    await driver.setState("SET_VRING_ENABLE", 0, 0);
    await driver.setState("SET_VRING_ENABLE", 0, 0); // nothing changes, nobody stands
    await driver.setState("SET_VRING_ENABLE", 0, 1);
    expect(log.entries).toEqual(["quiesce", "- rx", "quiesce", "tx rx"]);
  });

  it("stop at GET_VRING_BASE with the position that the worker left, and go on from the base that is set", async () => {
    await openDevice();
    using driver = new RawDriver(path);
    await driver.greet();
    await driver.start();
    const log = new Log();
    port.observe(log);
    log.rings = await port.ready(readyMs);
    log.positions = { 0: 65_535, 1: 7 };

    const stopped = decodeVringState(
      11,
      (await driver.ask("GET_VRING_BASE", encodeVringState({ vring: 0, value: 99 }))).payload,
    );
    expect(stopped).toEqual({ vring: 0, value: 65_535 });
    log.positions = { 1: 9 };
    await driver.setState("SET_VRING_BASE", 0, 65_535);
    await driver.setEvent("SET_VRING_KICK", 0);
    expect(log.entries).toEqual(["quiesce", "- rx", "quiesce", "tx rx"]);
    expect(log.rings!.queues[0]!.tx).toMatchObject({ start: 65_535 });
    expect(log.rings!.queues[0]!.rx).toMatchObject({ start: 9 });
  });

  it("are opened anew, where they stand, when the driver changes its memory table", async () => {
    await openDevice();
    using driver = new RawDriver(path);
    await driver.greet();
    await driver.start();
    const log = new Log();
    port.observe(log);
    log.rings = await port.ready(readyMs);
    log.positions = { 0: 3, 1: 4 };
    expect(await driver.set("SET_MEM_TABLE", encodeMemoryTable([driver.region]), [driver.memory.fd])).toBe(0n);
    expect(log.entries).toEqual(["quiesce", "tx rx"]);
    expect(log.rings!.queues[0]).toMatchObject({ tx: { start: 3 }, rx: { start: 4 } });
  });

  it("may be set up twice, and in another order than usual", async () => {
    await openDevice();
    using driver = new RawDriver(path);
    for (const vring of [0, 1]) driver.setEventWithoutAck("SET_VRING_CALL", vring);
    await driver.greet();
    await driver.start();
    await port.ready(readyMs);
    await driver.set("SET_FEATURES", encodeU64(features.version1 | features.protocol));
    await driver.start();
    expect(port.rings()!.queues[0]).toMatchObject({ tx: { size: 16 }, rx: { size: 16 } });
  });

  it("start enabled for a driver that leaves the protocol's options out", async () => {
    await openDevice();
    using driver = new RawDriver(path);
    const send = (name: keyof typeof requestCodes, payload: Uint8Array, fds: number[] = []): void =>
      driver.connection.send(requestCodes[name], payload, 0, fds);
    send("SET_FEATURES", encodeU64(features.version1));
    send("SET_MEM_TABLE", encodeMemoryTable([driver.region]), [driver.memory.fd]);
    for (const vring of [0, 1]) {
      send("SET_VRING_NUM", encodeVringState({ vring, value: 16 }));
      driver.sendAddresses(vring);
      send("SET_VRING_KICK", encodeVringDescriptor({ vring, hasFd: false }));
    }
    expect((await port.ready(readyMs)).queues[0]).toMatchObject({
      tx: { headerBytes: 12 },
      rx: {},
      txKick: { kind: "none" },
    });
  });

  it("go when a worker finds that the driver broke a ring's rules", async () => {
    await openDevice();
    using driver = new RawDriver(path);
    await driver.greet();
    await driver.start();
    const log = new Log();
    await port.ready(readyMs);
    port.observe(log);
    port.breakConnection("descriptor.address: out of memory");
    expect(log.entries).toEqual(["quiesce", expect.stringContaining("gone: ")]);
    expect(log.entries[1]).toContain("descriptor.address: out of memory");
    expect(await driver.ended()).toBe(true);
  });
});

describe("a driver that breaks the rules", () => {
  const region = (driver: RawDriver, change: Partial<TableRegion>): Uint8Array =>
    encodeMemoryTable([{ ...driver.region, ...change }]);

  it.each<[string, (driver: RawDriver) => Promise<unknown>, string]>([
    [
      "asks for what was not offered",
      (driver) => driver.set("SET_FEATURES", encodeU64(1n << 29n)),
      "vhost-user SET_FEATURES: features: bit 29 was not offered",
    ],
    [
      "asks for a protocol option that was not offered",
      (driver) => driver.set("SET_PROTOCOL_FEATURES", encodeU64(0x10009n)),
      "vhost-user SET_PROTOCOL_FEATURES: features: bits 0x10000 were not offered",
    ],
    [
      "sends a message that nothing asks for",
      (driver) => driver.set("ADD_MEM_REG", new Uint8Array(40)),
      "vhost-user ADD_MEM_REG: request: nothing that was offered asks for this message",
    ],
    [
      "names a ring that is not there",
      (driver) => driver.setState("SET_VRING_NUM", 2, 16),
      "vhost-user SET_VRING_NUM: index: vring 2; this port has 1 queue pair, vrings 0 to 1",
    ],
    [
      "sends a descriptor where none belongs",
      (driver) => driver.set("SET_VRING_NUM", encodeVringState({ vring: 0, value: 16 }), [driver.memory.fd]),
      "vhost-user SET_VRING_NUM: descriptors: 1 came with it, at most 0 belong to it",
    ],
    [
      "leaves a descriptor out",
      (driver) => driver.set("SET_VRING_KICK", encodeVringDescriptor({ vring: 0, hasFd: true })),
      "vhost-user SET_VRING_KICK: descriptors: 0 came where 1 belong",
    ],
    [
      "sends a file for an eventfd",
      (driver) => driver.set("SET_VRING_CALL", encodeVringDescriptor({ vring: 0, hasFd: true }), [driver.memory.fd]),
      "vhost-user SET_VRING_CALL: descriptors: this is not an eventfd",
    ],
    [
      "sends fewer files than regions",
      (driver) => driver.set("SET_MEM_TABLE", encodeMemoryTable([driver.region, driver.region]), [driver.memory.fd]),
      "vhost-user SET_MEM_TABLE: descriptors: 1 came for 2 regions",
    ],
    [
      "says its memory is longer than it is",
      (driver) => driver.set("SET_MEM_TABLE", region(driver, { bytes: 1n << 21n }), [driver.memory.fd]),
      "vhost-user SET_MEM_TABLE: region 0: the peer's memory is shorter than it says: 1048576 < 2097152 bytes",
    ],
    [
      "says its memory is endless",
      (driver) =>
        driver.set("SET_MEM_TABLE", region(driver, { userAddress: 0n, guestAddress: 0n, bytes: 1n << 60n }), [
          driver.memory.fd,
        ]),
      "vhost-user SET_MEM_TABLE: region 0 memory_size: 1152921504606846976 bytes from its file's start; at most",
    ],
    [
      "wants a split ring of 1000",
      async (driver) => {
        await driver.setState("SET_VRING_NUM", 0, 1000);
        await driver.setAddresses(0);
        await driver.setEvent("SET_VRING_KICK", 0);
      },
      "vhost-user SET_VRING_NUM: num: 1000 descriptors in vring 0; accepted: powers of two up to 32768",
    ],
    [
      "starts a ring without size",
      async (driver) => {
        await driver.setAddresses(0);
        await driver.setEvent("SET_VRING_KICK", 0);
      },
      "vhost-user SET_VRING_NUM: num: 0 descriptors in vring 0; accepted: powers of two up to 32768",
    ],
    [
      "starts a ring without addresses",
      async (driver) => {
        await driver.setState("SET_VRING_NUM", 0, 16);
        await driver.setEvent("SET_VRING_KICK", 0);
      },
      "vhost-user SET_VRING_KICK: index: vring 0 has no addresses (SET_VRING_ADDR) yet",
    ],
    [
      "puts a ring over the end of its memory",
      async (driver) => {
        await driver.setState("SET_VRING_NUM", 0, 16);
        await driver.setAddresses(0, { deviceArea: driver.address(driver.memory.bytes - 133) });
        await driver.setEvent("SET_VRING_KICK", 0);
      },
      "vhost-user SET_VRING_ADDR: used address of vring 0: 0x",
    ],
    [
      "puts a ring nowhere",
      async (driver) => {
        await driver.setState("SET_VRING_NUM", 0, 16);
        await driver.setAddresses(0, { descriptors: 0n });
        await driver.setEvent("SET_VRING_KICK", 0);
      },
      "vhost-user SET_VRING_ADDR: descriptor address of vring 0: 0x0 + 256 bytes does not lie inside one region",
    ],
    [
      "puts a ring at an odd place",
      async (driver) => {
        await driver.setState("SET_VRING_NUM", 0, 16);
        await driver.setAddresses(0, { driverArea: driver.address(4097) });
        await driver.setEvent("SET_VRING_KICK", 0);
      },
      "is not aligned to 2",
    ],
    [
      "wants its writes logged",
      (driver) => driver.setAddresses(0, { flags: 1 }),
      "vhost-user SET_VRING_ADDR: flags: 0x1; dirty logging was not offered",
    ],
    [
      "half enables a ring",
      (driver) => driver.setState("SET_VRING_ENABLE", 0, 2),
      "vhost-user SET_VRING_ENABLE: num: 2; 0 or 1 is accepted",
    ],
  ])("is refused and left, by message and field: %s", async (_, misbehave, line) => {
    await openDevice();
    const before = openDescriptors();
    const driver = new RawDriver(path);
    await driver.greet();
    await misbehave(driver).catch(() => 0n); // an error that comes before the message is whole closes at once
    expect(await driver.ended()).toBe(true);
    driver[Symbol.dispose]();
    await expect(port.ready(1)).rejects.toThrow(line);
    expect(openDescriptors()).toEqual(before);
  });

  it("changes its mind about features while rings run", async () => {
    await openDevice();
    using driver = new RawDriver(path);
    await driver.greet();
    await driver.start();
    expect(await driver.set("SET_FEATURES", encodeU64(features.version1 | features.protocol | features.packed))).toBe(
      1n,
    );
    expect(await driver.ended()).toBe(true);
  });

  it("sends a descriptor that cannot be mapped", async () => {
    await openDevice();
    using driver = new RawDriver(path);
    const readOnly = openSync("/proc/self/exe", "r");
    await driver.greet();
    const small = { ...driver.region, bytes: 4096n };
    expect(await driver.set("SET_MEM_TABLE", encodeMemoryTable([small]), [readOnly])).toBe(1n);
    closeSync(readOnly);
    await expect(port.ready(1)).rejects.toThrow(/SET_MEM_TABLE: region 0: /);
  });

  it("does not keep the next one out", async () => {
    await openDevice();
    {
      using nonsense = connectUnix(path, "stream");
      nonsense.send(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: here\r\n\r\n"));
      expect(await waitReadable(nonsense.fd, 2000)).toBe(true);
      expect(nonsense.receive(new Uint8Array(10))).toEqual({ status: "closed" });
    }
    {
      using half = connectUnix(path, "stream");
      half.send(Uint8Array.of(2, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 1, 2, 3));
    }
    const late = await port.ready(30).catch((error: unknown) => error);
    expect(late).toMatchObject({
      message: `no driver connected to ${path} within 30 ms (first: vhost-user request 542393671: flags: 0x5448202f is not version 1 of vhost-user; the last one: vhost-user SET_FEATURES: the peer closed the connection in the middle of a message)`,
    });
    await using driver = await openPort(parsePortSpec(`virtio-user:${path},size=64`));
    const [device, rings] = await Promise.all([port.ready(readyMs), driver.ready(readyMs)]);
    expect(crossFrames(openTx(rings, 0), openRx(device, 0), 100, 60)).toBe(100);
  });
});
