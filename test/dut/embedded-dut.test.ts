/** The embedded device forwards, does what its faults say, and lets go of everything when it is closed. */
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Dut, parseEmbeddedOptions, startEmbeddedDut, startEmbeddedPart } from "../../src/dut/index.js";
import { kicker } from "../../src/engine/loop/kick.js";
import { PktgenError } from "../../src/errors.js";
import { openPort, parsePortSpec } from "../../src/port/index.js";
import type { Port, PortRings } from "../../src/port/port.js";
import { openRxRing, openTxRing, type RxRing, type TxRing } from "../../src/ring/index.js";
import { arena } from "../../src/sys/arena.js";

const bufferBytes = 60;

/** A generator as small as can be: both rings of each queue in this thread, frames that carry their number. */
class TinyGenerator implements AsyncDisposable {
  readonly received: number[][];
  damaged = 0;
  private readonly port: Port;
  private readonly tx: readonly TxRing[];
  private readonly rx: readonly RxRing[];
  private readonly kicks: readonly (() => void)[];
  private readonly memory = arena().memory();

  private constructor(port: Port, rings: PortRings) {
    this.port = port;
    this.tx = rings.queues.map(({ tx }) => openTxRing(this.memory, tx!));
    this.rx = rings.queues.map(({ rx }) => openRxRing(this.memory, rx!));
    this.kicks = rings.queues.map(({ txKick }) => kicker(txKick));
    this.received = rings.queues.map(() => []);
  }

  static async connect(spec: string): Promise<TinyGenerator> {
    const port = await openPort(parsePortSpec(spec), { maxFrameBytes: 1518 });
    try {
      return new TinyGenerator(port, await port.ready(5000));
    } catch (error) {
      await port[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Sends `count` frames, frame i on queue i mod queues, with at most 256 under way. Ends when nothing comes for a while,
   * which is short once as many frames as were sent are back.
   */
  async exchange(count: number, missingMs = 1_000): Promise<void> {
    const { view, u8 } = this.memory;
    let sent = 0;
    let quietSince = performance.now();
    const quietMs = (): number => (this.total() + this.damaged >= count ? 150 : missingMs);
    while (performance.now() - quietSince < quietMs()) {
      const due = Math.min(count, this.total() + this.damaged + 256);
      for (; sent < due; sent++) {
        const tx = this.tx[sent % this.tx.length]!;
        if (tx.reclaim() === 0) break;
        const at = tx.place(0, bufferBytes);
        u8.fill(sent & 0xff, at, at + bufferBytes);
        view.setUint32(at + bufferBytes - 4, sent);
        tx.publish(1);
        this.kicks[sent % this.tx.length]!();
        quietSince = performance.now();
      }
      if (this.poll() > 0) quietSince = performance.now();
      else await new Promise((resolve) => setImmediate(resolve));
    }
  }

  total(): number {
    return this.received.reduce((sum, numbers) => sum + numbers.length, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.port[Symbol.asyncDispose]();
  }

  private poll(): number {
    const { view, u8 } = this.memory;
    let frames = 0;
    this.rx.forEach((rx, queue) => {
      const n = rx.poll(256);
      for (let k = 0; k < n; k++) {
        const at = rx.offsets[k]!;
        const number = view.getUint32(at + bufferBytes - 4);
        const good = rx.lengths[k] === bufferBytes && u8[at] === (number & 0xff) && u8[at + 55] === (number & 0xff);
        if (good) this.received[queue]!.push(number);
        else this.damaged++;
      }
      rx.release(n);
      frames += n;
    });
    return frames;
  }
}

const openDescriptors = (): number => readdirSync("/proc/self/fd").length;

/** Threads end a moment after they are said to. */
async function settledDescriptors(expected: number): Promise<number> {
  for (let i = 0; i < 50 && openDescriptors() > expected; i++) await new Promise((resolve) => setTimeout(resolve, 20));
  return openDescriptors();
}

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "dut-test-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const start = (options = "", queues = 1): Promise<Dut> =>
  startEmbeddedDut(parseEmbeddedOptions(options), { queues, maxFrameBytes: 1518, busy: false, directory });

describe("the embedded device", () => {
  it.each([
    ["auto", 1, 1],
    ["auto", 1, 2],
    ["auto", 2, 2],
    ["split", 2, 1],
    ["packed", 2, 1],
    ["packed", 2, 2],
  ])(
    "ring=%s, %i queues, %i threads: 10,000 frames come back intact, in order, and every hop counts them",
    async (ring, queues, threads) => {
      await using dut = await start(`ring=${ring},threads=${threads}`, queues);
      expect(dut.pollers).toBe(threads);
      await using generator = await TinyGenerator.connect(dut.generatorPorts[0]!);
      const before = (await dut.readHops())!;
      await generator.exchange(10_000);
      const after = (await dut.readHops())!;

      for (let queue = 0; queue < queues; queue++) {
        const own = Array.from({ length: 10_000 / queues }, (_, i) => i * queues + queue);
        expect(generator.received[queue]).toEqual(own);
      }
      expect(generator.damaged).toBe(0);
      expect(after.map(({ name }) => name)).toEqual(["host>", "container", "host<"]);
      for (const [hop, { queues: counters }] of after.entries()) {
        expect(counters).toHaveLength(queues);
        for (const [queue, counter] of counters.entries()) {
          const start = before[hop]!.queues[queue]!;
          const packets = 10_000 / queues;
          expect(counter.rxPackets - start.rxPackets).toBe(packets);
          expect(counter.txPackets - start.txPackets).toBe(packets);
          expect(counter.rxBytes - start.rxBytes).toBe(packets * bufferBytes);
          expect(counter.txBytes - start.txBytes).toBe(packets * bufferBytes);
          expect([counter.dropped, counter.duplicated, counter.inside, counter.waiting]).toEqual([0, 0, 0, 0]);
        }
      }
      expect(dut.alive()).toBeNull();
    },
  );

  it.each([1, 2])("does what faults say, and reports it to the frame, in %i threads", async (threads) => {
    await using dut = await start(`loss=100,duplicate=50,corrupt=10,delay=100us,threads=${threads}`);
    await using generator = await TinyGenerator.connect(dut.generatorPorts[0]!);
    await dut.resetForTrial(5);
    await generator.exchange(5000);
    const did = (await dut.injected())!;
    expect(did).toMatchObject({ lost: 100, duplicated: 50, corrupted: 10, policed: 0, reordered: 0 });
    expect(generator.total() + generator.damaged).toBe(5000 - 100 + 50);
    const [forth, container, back] = (await dut.readHops())!;
    const { rxPackets, txPackets, dropped, duplicated, inside } = container!.queues[0]!;
    expect([rxPackets, dropped, duplicated, inside]).toEqual([5000, 100, 50, 0]);
    expect(txPackets).toBe(4950);
    expect([forth!.queues[0]!.txPackets, back!.queues[0]!.rxPackets]).toEqual([5000, 4950]);
  });

  it("has no frame of the trial before when the next one begins", async () => {
    await using dut = await start("delay=300ms");
    await using generator = await TinyGenerator.connect(dut.generatorPorts[0]!);
    await generator.exchange(50, 5);
    await dut.resetForTrial(1);
    const hops = (await dut.readHops())!;
    expect(hops.map(({ queues: [queue] }) => [queue!.inside, queue!.waiting])).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
    expect(hops[2]!.queues[0]!.txPackets).toBe(50);
  });

  it("takes each next generator after the last one has gone, and counts on", async () => {
    await using dut = await start();
    // Ten rounds: a loop that began to run before it had its new rings failed in about every third.
    for (let round = 1; round <= 10; round++) {
      await using generator = await TinyGenerator.connect(dut.generatorPorts[0]!);
      await generator.exchange(500, 2_000);
      expect(generator.total(), `round ${round}`).toBe(500);
      const [first] = (await dut.readHops())!;
      expect(first!.queues[0]!.rxPackets).toBe(500 * round);
    }
  });

  it("its directory is for its user alone, and nothing is left behind", async () => {
    await (await start())[Symbol.asyncDispose](); // what stays open for good is open now
    const before = openDescriptors();
    const dut = await start("delay=1ms", 2);
    const [name] = readdirSync(directory);
    expect(statSync(join(directory, name!)).mode & 0o777).toBe(0o700);
    const generator = await TinyGenerator.connect(dut.generatorPorts[0]!);
    await generator.exchange(100, 100);
    await generator[Symbol.asyncDispose]();
    await dut[Symbol.asyncDispose]();
    expect(readdirSync(directory)).toEqual([]);
    expect(await settledDescriptors(before)).toBe(before);
    expect(process.listenerCount("SIGTERM")).toBe(0);
  });

  it("can be disposed while frames are in flight", async () => {
    const dut = await start();
    const generator = await TinyGenerator.connect(dut.generatorPorts[0]!);
    const exchange = generator.exchange(1e9, 100);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await dut[Symbol.asyncDispose]();
    await exchange;
    await generator[Symbol.asyncDispose]();
    expect(readdirSync(directory)).toEqual([]);
  });

  it("says where a directory cannot be made, and leaves nothing", async () => {
    const missing = join(directory, "missing");
    const failed = startEmbeddedDut(parseEmbeddedOptions(""), {
      queues: 1,
      maxFrameBytes: 1518,
      busy: false,
      directory: missing,
    });
    await expect(failed).rejects.toThrow(`no directory for the sockets could be made in ${missing}: ENOENT`);
  });

  it("says when the path of its sockets is too long, and removes its directory", async () => {
    const long = mkdtempSync(join(directory, "x".repeat(90)));
    const failed = startEmbeddedDut(parseEmbeddedOptions(""), {
      queues: 1,
      maxFrameBytes: 1518,
      busy: false,
      directory: long,
    });
    await expect(failed).rejects.toThrow(PktgenError);
    expect(readdirSync(long)).toEqual([]);
  });

  it("describes itself", async () => {
    await using dut = await start("loss=1%,mode=mac", 2);
    expect(dut.describe()).toMatchObject({ kind: "embedded", queues: 2, options: ["loss=1%", "mode=mac"] });
    expect(existsSync(dirname(dut.generatorPorts[0]!.replace(/^virtio-user:|,.*/g, "")))).toBe(true);
  });

  it("waits longer for frames where faults hold them", async () => {
    await using plain = await start();
    await using slow = await start("delay=50ms,freeze=100ms,rate=1kpps,queue=500,reorder=1%,pad=4");
    expect(slow.settleNs - plain.settleNs).toBe(50e6 + 100e6 + 500e6 + 100e6);
    expect([plain.growthBytes, slow.growthBytes]).toEqual([0, 4]);
  });
});

describe("a part alone", () => {
  it("host, as a client of other devices' sockets would be, needs two ports", async () => {
    const options = { mode: "io", faults: null, maxFrameBytes: 1518, seed: 1, cpu: null, busy: false } as const;
    const one = startEmbeddedPart({ ...options, part: "host", ports: [`vhost:${directory}/a`] });
    await expect(one).rejects.toThrow("the host part has 1 ports");
    const uneven = [`vhost:${directory}/a,queues=2`, `vhost:${directory}/b`];
    await expect(startEmbeddedPart({ ...options, part: "host", ports: uneven })).rejects.toThrow("differ in queues");
    expect(readdirSync(directory)).toEqual([]);
  });

  it("container as the server: serves a device that connects, in any mode", async () => {
    const socket = join(directory, "c.sock");
    await using container = await startEmbeddedPart({
      part: "container",
      ports: [`virtio-user:${socket},server=on`],
      mode: "io",
      faults: null,
      maxFrameBytes: 1518,
      seed: 1,
      cpu: null,
      busy: false,
    });
    expect(container.whyLost(0)).toBe("nobody connected");
    await using generator = await TinyGenerator.connect(`vhost:${socket},server=off`);
    await container.ready(5000);
    await generator.exchange(300, 1_000);
    expect(generator.received[0]).toEqual(Array.from({ length: 300 }, (_, i) => i));
    await container.setMode("rxonly");
    await generator.exchange(200, 1_000);
    expect(generator.total()).toBe(300);
    expect(container.counters()).toMatchObject([{ port: 0, queue: 0, rxPackets: 500, txPackets: 300, dropped: 200 }]);
    expect(container.facts()[0]).toMatchObject({ kind: "virtio-user", queues: 1 });
    expect(container.failure()).toBeNull();
  });
});
