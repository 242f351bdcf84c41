/** A driver port and a device port over one real socket in one process, and frames from one to the other. */
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPort, type Port, type PortRings, parsePortSpec } from "../../src/port/index.js";
import { openRxRing, openTxRing, type RxRing, type TxRing } from "../../src/ring/index.js";
import { arena } from "../../src/sys/arena.js";

export const readyMs = 5000;

/** A folder of the test's own, gone with it. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "pktgen-port-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export interface Pair extends AsyncDisposable {
  readonly driver: Port;
  readonly device: Port;
}

export interface PairOptions {
  readonly path: string;
  readonly driverListens: boolean;
  /** `,option=value…` for both, and for each. */
  readonly both?: string;
  readonly driver?: string;
  readonly device?: string;
}

/** Opens whoever listens first; both are ready. */
export async function openPair(options: PairOptions): Promise<Pair> {
  const { path, driverListens, both = "" } = options;
  const driverSpec = `virtio-user:${path},server=${driverListens ? "on" : "off"}${both}${options.driver ?? ""}`;
  const deviceSpec = `vhost:${path},server=${driverListens ? "off" : "on"}${both}${options.device ?? ""}`;
  const openAll = async (specs: string[]): Promise<Port[]> => {
    const ports: Port[] = [];
    for (const spec of specs) ports.push(await openPort(parsePortSpec(spec)));
    return ports;
  };
  const ports = await openAll(driverListens ? [driverSpec, deviceSpec] : [deviceSpec, driverSpec]);
  const [driver, device] = driverListens ? [ports[0]!, ports[1]!] : [ports[1]!, ports[0]!];
  await Promise.all([driver.ready(readyMs), device.ready(readyMs)]);
  return {
    driver,
    device,
    async [Symbol.asyncDispose]() {
      await driver[Symbol.asyncDispose]();
      await device[Symbol.asyncDispose]();
    },
  };
}

export const openTx = (rings: PortRings, queue: number): TxRing =>
  openTxRing(arena().memory(), rings.queues[queue]!.tx!);
export const openRx = (rings: PortRings, queue: number): RxRing =>
  openRxRing(arena().memory(), rings.queues[queue]!.rx!);

/**
 * Sends frames with running numbers from `tx` to `rx` until `count` have arrived; returns how many arrived in order
 * and whole.
 */
export function crossFrames(tx: TxRing, rx: RxRing, count: number, bufferBytes: number): number {
  const { u8, view } = arena().memory();
  let sent = 0;
  let good = 0;
  for (let idle = 0; good < count && idle < 1000; idle++) {
    const n = Math.min(tx.reclaim(), count - sent, 32);
    let placed = 0;
    for (; placed < n; placed++) {
      const at = tx.place(placed, bufferBytes);
      if (at <= 0) break;
      u8.fill((sent + placed) & 0xff, at, at + bufferBytes);
      view.setUint32(at, sent + placed, true);
    }
    if (placed > 0) tx.publish(placed);
    sent += placed;
    const polled = rx.poll(256);
    for (let k = 0; k < polled; k++) {
      const at = rx.offsets[k]!;
      const whole = rx.lengths[k] === bufferBytes && u8[at + bufferBytes - 1] === (good & 0xff);
      if (!whole || view.getUint32(at, true) !== good) return good;
      good++;
    }
    rx.release(polled);
    if (polled > 0 || placed > 0) idle = 0;
  }
  return good;
}

/** What descriptors this process holds, by what they lead to. */
export function openDescriptors(): string[] {
  return readdirSync("/proc/self/fd")
    .map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return null; // the descriptor of the listing itself
      }
    })
    .filter((target): target is string => target !== null)
    .sort();
}
