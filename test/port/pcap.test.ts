/** The pcap port writes what is sent. */

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TrialSpec } from "../../src/engine/loop/trial-spec.js";
import { startGenerator } from "../../src/engine/trial/start-generator.js";
import type { PktgenError } from "../../src/errors.js";
import {
  type CapturedFrame,
  defaultCaptureFormat,
  readCaptureFile,
  writeCapture,
  writeCaptureFile,
} from "../../src/pcap/index.js";
import { openPort, type Port, parsePortSpec } from "../../src/port/index.js";
import { moverOf } from "../../src/port/movers.js";
import { openRxRing, openTxRing, type RxRing, type TxRing } from "../../src/ring/index.js";
import { arena } from "../../src/sys/arena.js";
import { fixedSize } from "../../src/units.js";
import { defaultTraffic } from "../support/plain.js";
import { skips } from "../support/probe.js";
import { openDescriptors, temporaryFolder } from "../support/rings-cross.js";
import { runCli } from "../support/run-cli.js";
import { noSmallDisk, smallDisk } from "../support/small-disk.js";

const folder = temporaryFolder();
const place = (name: string): string => join(folder.path, name);
afterAll(() => {
  folder[Symbol.dispose]();
});

const frameOf = (bytes: Uint8Array): CapturedFrame => ({
  seconds: 1,
  nanoseconds: 2,
  originalBytes: bytes.length,
  bytes,
});
const frames = Array.from({ length: 300 }, (_, i) => frameOf(new Uint8Array(60 + (i % 1455)).fill(i)));

const txOf = (port: Port): TxRing => openTxRing(arena().memory(), port.rings()!.queues[0]!.tx!, moverOf);
const rxOf = (port: Port): RxRing => openRxRing(arena().memory(), port.rings()!.queues[0]!.rx!, moverOf);

function readAll(rx: RxRing): Uint8Array[] {
  const { u8 } = arena().memory();
  const all: Uint8Array[] = [];
  for (let n = rx.poll(256); n > 0; n = rx.poll(256)) {
    for (let k = 0; k < n; k++) all.push(u8.slice(rx.offsets[k], rx.offsets[k]! + rx.lengths[k]!));
    rx.release(n);
  }
  return all;
}

/** Sends frames in bursts of `burst`, each filled with its number; returns those that the ring says are taken. */
function send(tx: TxRing, count: number, bytes: number, burst = 32): number {
  const { u8 } = arena().memory();
  let sent = 0;
  while (sent < count) {
    const n = Math.min(burst, tx.reclaim(), count - sent);
    if (n === 0) break;
    for (let k = 0; k < n; k++) {
      const at = tx.place(k, bytes);
      u8.fill(sent + k, at, at + bytes);
    }
    tx.publish(n);
    sent += n;
    if (tx.outstanding() > 0) break;
  }
  return sent - tx.outstanding();
}

const order: TrialSpec = {
  trial: 1,
  stream: defaultTraffic,
  size: fixedSize(64),
  queues: 1,
  startSequence: 0,
  load: { kind: "paced", pps: 20_000 },
  count: 2_000,
  durationNs: Number.POSITIVE_INFINITY,
  settleNs: 1e6,
  integrity: false,
  cooperative: true,
};

const disk = smallDisk(2);

describe("a capture that is written", () => {
  it("holds every frame that counts as sent, whole, stamped with its departure", async () => {
    const path = place("out.pcap");
    const began = Date.now();
    await using tx = await openPort(parsePortSpec(`pcap:${path}`), { sends: true, receives: false });
    expect(readCaptureFile(path)).toMatchObject({ frames: [], fault: null });
    expect(send(txOf(tx), 1_000, 60)).toBe(1_000);
    // Another user of the ring goes on where this one was.
    expect(send(txOf(tx), 100, 1514, 1)).toBe(100);
    const { frames: written, fault, format } = readCaptureFile(path);
    expect(fault).toBeNull();
    expect(format).toMatchObject({ resolution: "nanoseconds", linkType: 1 });
    expect(written.length).toBe(1_100);
    expect(written.map(({ bytes }) => bytes.length)).toEqual([...Array(1_000).fill(60), ...Array(100).fill(1514)]);
    expect(written[999]!.bytes.every((byte) => byte === (999 & 0xff))).toBe(true);
    const ms = written.map(({ seconds, nanoseconds }) => seconds * 1_000 + nanoseconds / 1e6);
    expect(ms.toSorted((a, b) => a - b)).toEqual(ms);
    expect(ms[0]).toBeGreaterThan(began - 1_000);
    expect(ms.at(-1)).toBeLessThan(Date.now() + 1_000);
  });

  it("is what a generator's run sent, to the frame", async () => {
    const path = place("run.pcap");
    await using tx = await openPort(parsePortSpec(`pcap:${path}`), { sends: true, receives: false });
    await using generator = await startGenerator({ tx, rx: null, cpu: null, busy: false });
    const { transmit } = await generator.runTrial(order, new AbortController().signal);
    expect(transmit.queues[0]).toMatchObject({ published: 2_000, outstanding: 0 });
    expect(readCaptureFile(path).frames.length).toBe(2_000);
  });

  it("holds nothing but what was asked for: no warming up", async () => {
    const path = place("count.pcap");
    const ports = ["--tx", `pcap:${path}`, "--rx", "null:", "--sizes", "64,128"];
    const { stdout } = await runCli(["--dut", "external", ...ports, "--count", "500", "--json", "-"]);
    expect(JSON.parse(stdout).trials.map(({ sent }: { readonly sent: number }) => sent)).toEqual([500, 500]);
    const lengths = readCaptureFile(path).frames.map(({ bytes }) => bytes.length);
    expect(lengths).toEqual([...Array(500).fill(60), ...Array(500).fill(124)]);
  });

  it.skipIf(skips(noSmallDisk(disk)))("ends after its last whole frame where the disk is full", async () => {
    const path = join(disk!, "full.pcap");
    await using port = await openPort(parsePortSpec(`pcap:${path}`), { sends: true, receives: false });
    const tx = txOf(port);
    const sent = send(tx, 10_000, 1514);
    expect(sent).toBeGreaterThan(100);
    expect(sent).toBeLessThan(10_000);
    expect(() => tx.reclaim()).toThrow(/full\.pcap: the capture could not be written: ENOSPC: no space left on device/);
    const { frames: written, fault } = readCaptureFile(path);
    expect(fault).toBeNull();
    expect(written.length).toBe(sent);
    port.breakConnection("because");
    expect(port.whyLost(1)).toBe("because");
    await expect(port.ready(0)).rejects.toThrow("because");
  });
});

describe("a capture that is read", () => {
  it("brings all its frames, in order, once", async () => {
    const path = place("in.pcap");
    writeCaptureFile(path, frames);
    await using port = await openPort(parsePortSpec(`pcap:${path}`), { sends: false, receives: true });
    const rx = rxOf(port);
    expect(readAll(rx)).toEqual(frames.map(({ bytes }) => new Uint8Array(bytes)));
    expect(rx.poll(256)).toBe(0);
    expect(readAll(rxOf(port)).length).toBe(300);
    expect(port.facts()).toMatchObject({ kind: "pcap", queues: 1, features: ["reads pcap"] });
  });

  it("leaves no descriptor, however far it was read", async () => {
    const before = openDescriptors();
    const path = place("part.pcap");
    writeCaptureFile(path, frames);
    for (const open of ["read", "write"]) {
      const port = await openPort(parsePortSpec(`pcap:${path},open=${open}`));
      if (open === "read") rxOf(port).poll(3);
      else send(txOf(port), 3, 60);
      await port[Symbol.asyncDispose]();
      await port[Symbol.asyncDispose]();
      expect(openDescriptors()).toEqual(before);
    }
  });

  it("brings frames of any lengths, whatever the bursts", async () => {
    const lengths = fc.array(fc.oneof(fc.integer({ min: 1, max: 2_000 }), fc.constant(65_550)), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(lengths, fc.integer({ min: 1, max: 70 }), async (all, burst) => {
        const path = place("any.pcap");
        writeCaptureFile(
          path,
          all.map((bytes, i) => frameOf(new Uint8Array(bytes).fill(i))),
        );
        await using port = await openPort(parsePortSpec(`pcap:${path},open=read`));
        const rx = rxOf(port);
        const got: number[] = [];
        for (let n = rx.poll(burst); n > 0; n = rx.poll(burst)) got.push(...rx.lengths.subarray(0, n));
        expect(got).toEqual(all);
      }),
      { numRuns: 20 },
    );
  });

  it("that is cut brings its whole frames, then says where it ends", async () => {
    const path = place("cut.pcap");
    const whole = writeCapture(frames.slice(0, 10));
    writeFileSync(path, whole.subarray(0, whole.length - 5));
    await using port = await openPort(parsePortSpec(`pcap:${path},open=read`));
    const rx = rxOf(port);
    let got = 0;
    expect(() => {
      for (;;) got += rx.poll(4);
    }).toThrow(/cut\.pcap:byte \d+: the file ends 5 bytes before the end of the record at byte \d+; .*9 whole frames/);
    expect(got).toBe(9);
  });

  it("with a frame longer than any ring's says which", async () => {
    const path = place("long.pcap");
    writeCaptureFile(path, [frames[0]!, frameOf(new Uint8Array(70_000))]);
    await using port = await openPort(parsePortSpec(`pcap:${path},open=read`));
    const rx = rxOf(port);
    expect(rx.poll(256)).toBe(1);
    expect(() => rx.poll(256)).toThrow("frame 2 has 70000 bytes, and at most 65550 fit");
  });
});

describe("a capture that cannot be a port", () => {
  beforeAll(() => {
    writeFileSync(place("empty.pcap"), "");
    writeFileSync(place("text.pcap"), "x".repeat(100));
    writeFileSync(place("raw.pcap"), writeCapture(frames, { ...defaultCaptureFormat, linkType: 101 }));
    mkdirSync(place("folder"));
    execFileSync("mkfifo", [place("fifo")]);
  });

  it.each([
    ["none.pcap,open=read", /none\.pcap: cannot read the capture: ENOENT/],
    ["folder,open=read", /folder: cannot read the capture: this is a directory/],
    ["empty.pcap,open=read", /empty\.pcap:byte 0: the file is empty/],
    ["text.pcap,open=read", /text\.pcap:byte 0: /],
    ["raw.pcap,open=read", /raw\.pcap: the capture holds .*; accepted: /],
    ["x.pcap.gz,open=read", /x\.pcap\.gz: a capture under gzip cannot be read here; .*; gunzip -k/],
    ["x.pcapng,open=write", /x\.pcapng: a port writes classic captures, not compressed; accepted: a name like x\.pcap/],
    ["fifo,open=write", /fifo: a port does not write to a pipe; accepted: a file/],
    ["no/folder/x.pcap,open=write", /x\.pcap: cannot write the capture: ENOENT/],
    ["in.pcap", /a capture is written or read, not both at once; accepted: open=write, open=read/],
  ])("%s", async (text, line) => {
    const before = openDescriptors();
    try {
      await using _port = await openPort(parsePortSpec(`pcap:${folder.path}/${text}`));
      throw new Error("accepted");
    } catch (error) {
      expect((error as PktgenError).exitCode).toBe(2);
      expect((error as PktgenError).toLine()).toMatch(line);
    }
    expect(openDescriptors()).toEqual(before);
  });

  it("two queues of it, on the command line", async () => {
    const ports = ["--tx", `pcap:${place("two.pcap")}`, "--rx", "null:"];
    const { code, stderr } = await runCli(["--dut", "external", ...ports, "--sizes", "64", "--queues", "2"]);
    expect(`${code}: ${stderr}`).toMatch(/^2: .*2 queues of one capture/);
  });
});

describe("captures with the built-in device between them", () => {
  it("are copied from one to the other", async () => {
    const [from, to] = [place("from.pcap"), place("to.pcap")];
    writeCaptureFile(from, frames);
    const ports = ["--port", `pcap:${from},open=read`, "--port", `pcap:${to},open=write`];
    const { code } = await runCli(["dut", "embedded", "--part", "host", ...ports, "--duration", "2s"]);
    expect(code).toBe(0);
    const copied = readCaptureFile(to);
    expect(copied.fault).toBeNull();
    expect(copied.frames.map(({ bytes }) => Buffer.from(bytes).toString("hex"))).toEqual(
      frames.map(({ bytes }) => Buffer.from(bytes).toString("hex")),
    );
  });
});
