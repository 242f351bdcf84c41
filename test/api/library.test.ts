/** The library's functions on the built-in device and on captures: what the command line does, for programs. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import * as library from "../../src/index.js";
import { decodeCapture } from "../../src/pcap/codec.js";
import { runCli } from "../support/run-cli.js";

const { compare, latency, ndr, packet, replay, rfc2544, run, soak, stream, udp4 } = library;
const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-api-"));
afterAll(() => rmSync(folder, { recursive: true }));
const few = { rate: "10kpps", count: 500 } as const;

it("exports what the README names, and nothing by accident", () => {
  expect(Object.keys(library).sort()).toEqual(
    [
      ...["compare", "latency", "ndr", "replay", "rfc2544", "run", "soak"],
      ...["packet", "stream", "udp4", "reports", "loadProfile", "parseProfile", "PktgenError", "exitCodes"],
    ].sort(),
  );
});

describe("run", () => {
  it("counts as the command does, and says how it was called", async () => {
    const trials: number[] = [];
    const result = await run({ sizes: [64, 256], ...few, seed: 7 }, { onTrial: ({ sent }) => trials.push(sent) });
    expect(result.trials.map(({ frameBytes, sent, accepted }) => ({ frameBytes, sent, accepted }))).toEqual([
      { frameBytes: 64, sent: 500, accepted: 500 },
      { frameBytes: 256, sent: 500, accepted: 500 },
    ]);
    expect(trials).toEqual([500, 500]);
    expect(result.command).toBe('run({"sizes":[64,256],"rate":"10kpps","count":500,"seed":7})');
    const { stdout } = await runCli([..."--sizes 64,256 --rate 10kpps --count 500 --seed 7 --json -".split(" ")]);
    // Advice is there only where this machine was in the way.
    const keysOf = (document: object): string[] => Object.keys({ ...document, advice: [] }).sort();
    expect(keysOf(JSON.parse(stdout))).toEqual(keysOf(result));
  });

  it("judges thresholds", async () => {
    const result = await run({ sizes: 64, ...few, threshold: "rate@64>=1Gpps" });
    expect(result.thresholds).toMatchObject([{ what: expect.stringContaining("rate@64") }]);
    expect(result.thresholds![0]!.verdict).not.toBe("pass");
    expect(result.verdict).not.toBe("pass");
  });

  it("refuses hooks that do not exist, or are none", async () => {
    const refusals: readonly [object, object][] = [
      [{ onProgres: () => {} }, { where: "onProgres", hint: expect.stringContaining("onProgress") }],
      [{ onTrial: "print" }, { where: "onTrial", accepted: "a function" }],
      [{ signal: new AbortController() }, { where: "signal", accepted: "an AbortSignal" }],
      [[], { accepted: expect.stringContaining("an object") }],
    ];
    for (const [hooks, error] of refusals) {
      await expect(run({ sizes: 64, ...few }, hooks)).rejects.toMatchObject({ exitCode: 2, ...error });
      await expect(soak({ sizes: 64 }, hooks)).rejects.toMatchObject({ exitCode: 2, ...error });
    }
    await expect(replay("none.pcap", { tx: "null:" }, { onPiece: () => {} } as never)).rejects.toMatchObject({
      where: "onPiece",
    });
  });

  it("sends streams that a program made", async () => {
    const profile = stream({ name: "a", packet: udp4() }, { name: "b", packet: udp4({ ipv4: { ttl: 9 } }), weight: 3 });
    const { trials } = await run({ profile, sizes: 128, ...few });
    expect(trials[0]!.streams?.map(({ name, sent }) => [name, sent])).toEqual([
      ["a", 125],
      ["b", 375],
    ]);
  });

  it("sends a frame that a program gives", async () => {
    const { trials } = await run({ frame: new Uint8Array(100).fill(2), ...few });
    expect(trials).toMatchObject([{ frameBytes: 104, sent: 500, accepted: 500 }]);
    await expect(run({ frame: 7 as never, ...few })).rejects.toMatchObject({ exitCode: 2, where: "frame" });
  });

  it("refuses functions that another thread could not load", async () => {
    const profile = stream({ packet: udp4(), eachFrame: () => {} });
    await expect(run({ profile })).rejects.toMatchObject({ exitCode: 2, where: "profile" });
  });

  it.each([
    [{ rate: "fast" }, "rate"],
    [{ threshold: "speed>=1kpps" }, "threshold"],
    [{ profile: stream({ packet: udp4() }), set: { a: 1 } }, "set"],
    [{ profile: "no-such.yaml" }, "profile"],
    [{ profile: {} as never }, "profile"],
    [{ profile: 7 as never }, "profile"],
    [{ profile: null as never }, "profile"],
    [{ cores: [1023] }, "cores"],
    [{ count: 3, duration: "1s" }, "count"],
  ])("refuses %j before anything is opened", async (request, where) => {
    await expect(run(request)).rejects.toMatchObject({ name: "PktgenError", exitCode: 2, where });
  });

  it("is stopped by its signal, and resolves with what it has", async () => {
    const stop = new AbortController();
    const result = await run(
      { sizes: 64, rate: "10kpps", duration: "forever" },
      { signal: stop.signal, onInterval: () => stop.abort() },
    );
    expect(result.verdict).toBe("invalid");
    expect(result.trials[0]).toMatchObject({ causes: expect.arrayContaining(["interrupted"]) });
  });

  it("rejects where its signal was aborted before the first trial", async () => {
    const signal = AbortSignal.abort();
    const interrupted = { name: "PktgenError", exitCode: 130, message: expect.stringMatching(/^interrupted/) };
    await expect(run({ sizes: 64, ...few }, { signal })).rejects.toMatchObject(interrupted);
    await expect(replay("pcaps/golden/imix.pcap", { tx: "null:" }, { signal })).rejects.toMatchObject(interrupted);
  });
});

describe("methods", () => {
  const policed = { dut: "embedded,rate=50kpps", sizes: 64, warmup: "20ms" };

  it("ndr", async () => {
    const { method, results } = await ndr({ ...policed, quick: true, trial: "50ms", maxTrials: 2 });
    expect(method).toMatchObject({ name: "ndr", preset: "quick" });
    expect(results?.map(({ goal }) => goal)).toEqual(["NDR", "PDR 0.5 %"]);
  });

  it("latency", async () => {
    const result = await latency({ ...policed, reference: 10_000, loads: ["50%", "100%"], trialDuration: "50ms" });
    expect(result.method).toMatchObject({ name: "latency", settings: { loads: "0.5,1" } });
  });

  it("rfc2544", async () => {
    const request = { ...policed, quick: true, trial: "50ms", tests: ["loss"], lossStep: "50%" };
    expect((await rfc2544(request)).method).toMatchObject({ name: "rfc2544", conforming: false });
  });

  it("soak", async () => {
    const pieces: number[] = [];
    const request = { ...policed, load: "5kpps", for: "300ms", piece: "100ms" };
    const result = await soak(request, { onPiece: ({ pps }) => pieces.push(pps) });
    expect(result.soak).toMatchObject({ pps: 5000 });
    // A piece that a stall made short is made up for by another one.
    expect(pieces.length).toBeGreaterThanOrEqual(3);
    expect(new Set(pieces)).toEqual(new Set([5000]));
  });

  it("refuse what a method decides itself", async () => {
    await expect(ndr({ rate: "1kpps" } as object)).rejects.toMatchObject({ exitCode: 2, where: "rate" });
  });
});

describe("captures", () => {
  const imix = "pcaps/golden/imix.pcap";

  it("replays into a file, which is the same then", async () => {
    const out = join(folder, "sent.pcap");
    const result = await replay(imix, { tx: `pcap:${out}`, topSpeed: true, settle: "0ms" });
    const { frames } = decodeCapture(readFileSync(imix));
    expect(result.sent).toBe(frames.length);
    expect(await compare(imix, out)).toMatchObject({ verdict: "pass", same: frames.length });
  });

  it("says what differs", async () => {
    const out = join(folder, "shorter.pcap");
    await replay(imix, { tx: `pcap:${out}`, topSpeed: true, settle: "0ms", frames: "2-" });
    expect(await compare(imix, out)).toMatchObject({ verdict: "fail", missing: 1 });
  });

  it.each([
    [{ tx: "pcap:x.pcap", speed: "fast" }, "speed"],
    [{ tx: "pcap:x.pcap", mapIp: "a" }, "mapIp"],
    [{} as { tx: string }, "tx"],
  ])("refuses %j", async (request, where) => {
    await expect(replay(imix, request)).rejects.toMatchObject({ exitCode: 2, where });
  });
});

it("packet builds and takes apart", () => {
  const bytes = packet.buildFrame([packet.headerOf("ethernet", {}), packet.headerOf("ipv4", {})], 60);
  expect(packet.dissect(bytes).layers.map(({ header }) => header.protocol)).toEqual(["ethernet", "ipv4"]);
});
