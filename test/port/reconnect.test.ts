/** Ports connect again after their peer has gone. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openPort, type Port, type PortObserver, type PortRings, parsePortSpec } from "../../src/port/index.js";
import { Connection } from "../../src/port/vhost-user/connection.js";
import { features } from "../../src/port/vhost-user/features.js";
import { Frontend } from "../../src/port/vhost-user/frontend.js";
import { connectUnix } from "../../src/sys/socket.js";
import { goodDevice, RawDriver, ScriptedDevice } from "../support/peers.js";
import {
  crossFrames,
  openDescriptors,
  openPair,
  openRx,
  openTx,
  readyMs,
  temporaryFolder,
} from "../support/rings-cross.js";

let folder: ReturnType<typeof temporaryFolder>;
let path: string;
beforeEach(() => {
  folder = temporaryFolder();
  path = `${folder.path}/s`;
});
afterEach(() => folder[Symbol.dispose]());

const open = (spec: string): Promise<Port> => openPort(parsePortSpec(spec));

/** Waits for the peer to go, and to come back. */
class Watcher implements PortObserver {
  readonly log: string[] = [];
  #wake: () => void = () => {};

  quiesce(): void {
    this.log.push("quiesce");
  }

  resume(rings: PortRings | null, why = ""): void {
    this.log.push(rings === null ? `gone: ${why}` : "rings");
    this.#wake();
  }

  async until(entry: RegExp): Promise<void> {
    while (!this.log.some((line) => entry.test(line))) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

const crossesBothWays = (driver: Port, device: Port): void => {
  const [a, b] = [driver.rings()!, device.rings()!];
  expect(crossFrames(openTx(a, 0), openRx(b, 0), 200, 60)).toBe(200);
  expect(crossFrames(openTx(b, 0), openRx(a, 0), 200, 60)).toBe(200);
};

describe.each(["split", "packed"])("%s rings are new for each connection", (ring) => {
  it("of a device that listens", async () => {
    await using device = await open(`vhost:${path}`);
    const watcher = new Watcher();
    device.observe(watcher);
    const first = await open(`virtio-user:${path},size=64,ring=${ring}`);
    await Promise.all([first.ready(readyMs), device.ready(readyMs)]);
    crossesBothWays(first, device);
    await first[Symbol.asyncDispose]();
    await watcher.until(/^gone: /);
    expect(device.rings()).toBeNull();

    await using second = await open(`virtio-user:${path},size=128,ring=${ring}`);
    await Promise.all([second.ready(readyMs), device.ready(readyMs)]);
    expect(device.facts().ringSize).toBe(128);
    crossesBothWays(second, device);
  });

  it("of a driver that listens", async () => {
    await using driver = await open(`virtio-user:${path},server=on,size=64,ring=${ring}`);
    const watcher = new Watcher();
    driver.observe(watcher);
    const first = await open(`vhost:${path},server=off`);
    await Promise.all([first.ready(readyMs), driver.ready(readyMs)]);
    crossesBothWays(driver, first);
    await first[Symbol.asyncDispose]();
    await watcher.until(/^gone: .*the device closed the connection/);
    expect(watcher.log).toEqual(["rings", "quiesce", expect.stringContaining("gone")]);

    await using second = await open(`vhost:${path},server=off`);
    await Promise.all([second.ready(readyMs), driver.ready(readyMs)]);
    crossesBothWays(driver, second);
  });

  it("of a driver that connects and comes back by itself", async () => {
    const first = await open(`vhost:${path}`);
    await using driver = await open(`virtio-user:${path},size=64,ring=${ring}`);
    const watcher = new Watcher();
    driver.observe(watcher);
    await Promise.all([first.ready(readyMs), driver.ready(readyMs)]);
    await first[Symbol.asyncDispose]();
    await watcher.until(/^gone: /);

    await using second = await open(`vhost:${path}`);
    await Promise.all([second.ready(readyMs), driver.ready(readyMs)]);
    crossesBothWays(driver, second);
  });

  it("of a device that connects and comes back by itself", async () => {
    const first = await open(`virtio-user:${path},server=on,size=64,ring=${ring}`);
    await using device = await open(`vhost:${path},server=off`);
    const watcher = new Watcher();
    device.observe(watcher);
    await Promise.all([first.ready(readyMs), device.ready(readyMs)]);
    await first[Symbol.asyncDispose]();
    await watcher.until(/^gone: /);

    await using second = await open(`virtio-user:${path},server=on,size=64,ring=${ring}`);
    await Promise.all([second.ready(readyMs), device.ready(readyMs)]);
    crossesBothWays(second, device);
  });
});

describe("a peer that dies", () => {
  it("leaves a driver's frames published and not taken", async () => {
    const device = new ScriptedDevice(path, goodDevice);
    await using driver = await open(`virtio-user:${path},size=64`);
    const rings = await driver.ready(readyMs);
    const watcher = new Watcher();
    driver.observe(watcher);
    const tx = openTx(rings, 0);
    tx.reclaim();
    for (let k = 0; k < 10; k++) tx.place(k, 60);
    tx.publish(10);
    device[Symbol.dispose]();
    await watcher.until(/^gone: /);
    tx.reclaim();
    expect(tx.outstanding()).toBe(10);
  });

  it("leaves no descriptor and no socket behind", async () => {
    const warm = await openPair({ path, driverListens: false });
    await warm[Symbol.asyncDispose]();
    const before = openDescriptors();
    for (const driverListens of [true, false]) {
      const pair = await openPair({ path, driverListens, both: ",queues=2" });
      await pair.device[Symbol.asyncDispose]();
      await pair.driver[Symbol.asyncDispose]();
      expect(openDescriptors()).toEqual(before);
      await expect(open(`virtio-user:${path}`)).rejects.toMatchObject({ message: "there is no such socket" });
    }
  });
});

describe("a second client on the same socket", () => {
  it("is turned away, and the first is not disturbed: another generator", async () => {
    await using pair = await openPair({ path, driverListens: false, both: ",size=64" });
    const watcher = new Watcher();
    pair.device.observe(watcher);
    await using second = await open(`virtio-user:${path}`);
    const error = await second.ready(readyMs).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      exitCode: 3,
      message: "the peer closed the connection instead of answering",
      hint: expect.stringContaining("another client"),
    });
    expect(watcher.log).toEqual([]);
    crossesBothWays(pair.driver, pair.device);
  });

  it("is turned away, and the first is not disturbed: another device", async () => {
    await using pair = await openPair({ path, driverListens: true, both: ",size=64" });
    await using second = await open(`vhost:${path},server=off`);
    await expect(second.ready(readyMs)).rejects.toMatchObject({
      exitCode: 3,
      message: "the driver closed the connection",
      hint: expect.stringContaining("another device"),
    });
    crossesBothWays(pair.driver, pair.device);
  });

  it("is let in at once when the first has just gone unnoticed", async () => {
    await using device = await open(`vhost:${path}`);
    const first = new RawDriver(path);
    await first.greet();
    await first.start();
    await device.ready(readyMs);
    first[Symbol.dispose]();
    await using second = await open(`virtio-user:${path},size=64`);
    await second.ready(readyMs);
  });
});

describe("stopping one ring", () => {
  it("with GET_VRING_BASE returns its position and leaves the other running", async () => {
    await using device = await open(`vhost:${path}`);
    const watcher = new Watcher();
    device.observe(watcher);
    using driver = new RawDriver(path);
    await driver.greet();
    await driver.start();
    await device.ready(readyMs);
    const frontend = new Frontend(
      driver.connection,
      { queues: 1, ring: "auto", mergeable: false, inOrder: false },
      2000,
    );
    const agreed = {
      features: features.protocol,
      format: "split",
      headerBytes: 12,
      mergeable: false,
      inOrder: false,
    } as const;
    expect(await frontend.stop(agreed, [{ vring: 1 }])).toEqual([0]);
    expect(device.rings()!.queues[0]).toMatchObject({ tx: { vring: 0 }, rx: null });
  });
});

describe("nobody there", () => {
  it("is an error of ready that says where, for who listens", async () => {
    await using device = await open(`vhost:${path}`);
    await expect(device.ready(5)).rejects.toMatchObject({
      exitCode: 3,
      message: `no driver connected to ${path} within 5 ms`,
      hint: expect.any(String),
    });
    await using driver = await open(`virtio-user:${path}2,server=on`);
    await expect(driver.ready(5)).rejects.toMatchObject({ message: `nobody connected to ${path}2 within 5 ms` });
  });

  it("is an immediate error with a hint, for who connects", async () => {
    await expect(open(`virtio-user:${path}`)).rejects.toMatchObject({
      exitCode: 3,
      message: "there is no such socket",
    });
    await expect(open(`vhost:${path},server=off`)).rejects.toMatchObject({ exitCode: 3, hint: expect.any(String) });
    await expect(open(`vhost:/tmp/${"x".repeat(120)}`)).rejects.toMatchObject({ exitCode: 2 });
  });

  it("for a driver that connects to a device which never starts its part: ready says so", async () => {
    await using device = await open(`vhost:${path}`);
    using idle = new Connection(connectUnix(path, "stream"), "replies");
    await expect(device.ready(50)).rejects.toMatchObject({
      message: `the driver connected to ${path} but did not start its rings within 50 ms`,
    });
    expect(idle.closed).toBe(false);
  });
});

describe("memory", () => {
  it("that cannot be had is an error of the environment, and leaves nothing behind", async () => {
    const before = openDescriptors();
    const opening = openPort(parsePortSpec(`virtio-user:${path},server=on,queues=8,size=32768`), {
      maxFrameBytes: 9018,
    });
    await expect(opening).rejects.toMatchObject({ exitCode: 3, message: expect.stringContaining("no memory") });
    expect(openDescriptors()).toEqual(before);
  });

  it("takes frames of 9,018 bytes when asked to", async () => {
    const options = { maxFrameBytes: 9018 };
    await using device = await openPort(parsePortSpec(`vhost:${path}`), options);
    await using driver = await openPort(parsePortSpec(`virtio-user:${path},size=16`), options);
    const [a, b] = await Promise.all([driver.ready(readyMs), device.ready(readyMs)]);
    expect(driver.facts().maxFrameBytes).toBe(9014);
    expect(crossFrames(openTx(a, 0), openRx(b, 0), 50, 9014)).toBe(50);
    expect(crossFrames(openTx(b, 0), openRx(a, 0), 50, 9014)).toBe(50);
    expect(openTx(a, 0).place(0, 9015)).toBe(-1);
  });
});

describe("closing a port", () => {
  it("ends whoever waits for it, and may be done twice", async () => {
    const device = await open(`vhost:${path}`);
    const waiting = device.ready(60_000).catch((error: unknown) => error);
    await device[Symbol.asyncDispose]();
    await device[Symbol.asyncDispose]();
    expect(await waiting).toMatchObject({ message: "the port was closed" });
    await expect(device.ready(10)).rejects.toThrow("the port was closed");
  });

  it("in the middle of the handshake leaves nothing behind", async () => {
    const before = openDescriptors();
    const device = await open(`vhost:${path}`);
    const driver = await open(`virtio-user:${path}`);
    const waiting = driver.ready(60_000).catch((error: unknown) => error);
    await driver[Symbol.asyncDispose]();
    await device[Symbol.asyncDispose]();
    expect(await waiting).toMatchObject({ message: "the port was closed" });
    await new Promise((resolve) => setTimeout(resolve, 20)); // whatever was still under way
    expect(openDescriptors()).toEqual(before);
  });

  it("of a driver does not wait for a device that hangs", async () => {
    using hung = new ScriptedDevice(path, {
      ...goodDevice,
      instead: { of: "GET_VRING_BASE", bytes: new Uint8Array(0) },
    });
    const driver = await open(`virtio-user:${path}`);
    await driver.ready(readyMs);
    await driver[Symbol.asyncDispose]();
    expect(hung.log.at(-1)).toBe("GET_VRING_BASE");
  });
});
