/**
 * A peer shares the descriptors by which it is woken: it can make them block and fill their counters. Real threads,
 * which end only if no system call holds them.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startGenerator } from "../../../src/engine/trial/start-generator.js";
import { openPort, parsePortSpec } from "../../../src/port/index.js";
import { arena } from "../../../src/sys/arena.js";
import { libc } from "../../../src/sys/libc.js";
import { fixedSize } from "../../../src/units.js";
import { goodDevice, RawDriver, ScriptedDevice } from "../../support/peers.js";
import { defaultTraffic } from "../../support/plain.js";
import { startEcho } from "./echo-part.js";

const F_SETFL = 4;
const O_RDWR = 2;

/** What the other side does to an eventfd of both. */
function makeItBlock(fd: number): void {
  libc.read(fd, new Uint8Array(8), 8);
  libc.write(fd, new Uint8Array(new BigUint64Array([0xffff_ffff_ffff_fffen]).buffer), 8);
  expect(libc.fcntl(fd, F_SETFL, O_RDWR)).toBe(0);
}

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "pktgen-test-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const aMoment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** A frame more in the ring that the driver sends on. Ring addresses are those of RawDriver. */
function offerFrame(driver: RawDriver, frames: number): void {
  const view = new DataView(arena().memory().u8.buffer, driver.memory.offset, driver.memory.bytes);
  const base = 65_536;
  view.setBigUint64(base, driver.address(0x80000), true);
  view.setUint32(base + 8, 12 + 60, true);
  view.setUint32(base + 12, 0, true);
  view.setUint16(base + 4096 + 2, frames, true);
}

const takenFrames = (driver: RawDriver): number =>
  new DataView(arena().memory().u8.buffer, driver.memory.offset).getUint16(65_536 + 8192 + 2, true);

it("a device goes on, and ends", { timeout: 60_000 }, async () => {
  const part = await startEcho(`${directory}/echo.sock`);
  using driver = new RawDriver(`${directory}/echo.sock`);
  await driver.greet();
  await driver.start();
  await part.ready(5_000);
  makeItBlock(driver.event.fd);
  for (let frames = 1; frames <= 3; frames++) {
    offerFrame(driver, frames);
    while (takenFrames(driver) < frames) await aMoment();
  }
  await part[Symbol.asyncDispose]();
});

it("a generator's trial can be stopped, and its thread ends", { timeout: 60_000 }, async () => {
  using _device = new ScriptedDevice(`${directory}/device.sock`, goodDevice);
  await using port = await openPort(parsePortSpec(`virtio-user:${directory}/device.sock`), { maxFrameBytes: 1518 });
  const rings = await port.ready(5_000);
  await using generator = await startGenerator({ tx: port, rx: null, cpu: null, busy: false });
  for (const { txKick, rxKick } of rings.queues) {
    for (const kick of [txKick, rxKick]) if (kick.kind === "eventfd") makeItBlock(kick.fd);
  }
  const stop = new AbortController();
  const running = generator.runTrial(
    {
      trial: 1,
      stream: defaultTraffic,
      size: fixedSize(64),
      queues: 1,
      startSequence: 0,
      load: { kind: "paced", pps: 1_000 },
      count: null,
      durationNs: Number.POSITIVE_INFINITY,
      settleNs: 1e6,
      integrity: false,
      cooperative: true,
    },
    stop.signal,
  );
  while ((generator.progress()?.published ?? 0) < 3) await aMoment();
  stop.abort();
  expect((await running).transmit.cutShort).toBe("stopped");
});
