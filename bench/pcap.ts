/**
 * Captures: writing and reading against what Debian has for that, alternating. BENCH_FRAMES: frames of the files
 * (10,000,000). Each written file is removed before the next one is: the disk needs room for two, 76 bytes a frame.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pcapParser from "pcap-parser";
import { CaptureReader, CaptureWriter, defaultCaptureFormat } from "../src/pcap/index.js";
import { grouped } from "../src/stats/words.js";
import { alternate, type Contender, type Series } from "./harness.js";
import { compared, type Outcome } from "./outcome.js";

const frames = Number(process.env["BENCH_FRAMES"] ?? 10_000_000);
const frameBytes = 60;
/** scapy takes minutes for them all: it writes a share of the frames, and its rate is taken. */
const scapyFrames = Math.min(frames, 100_000);

const seconds = (start: number): number => (performance.now() - start) / 1000;
const has = (program: string): boolean => spawnSync("which", [program]).status === 0;

/** Our writer, as a generator uses it: frames are made in the writer's own buffer. */
async function write(path: string): Promise<number> {
  const start = performance.now();
  const format = { ...defaultCaptureFormat, resolution: "microseconds" as const };
  using writer = await CaptureWriter.create(path, { pcap: format });
  const frame = new Uint8Array(frameBytes).fill(7);
  for (let i = 0; i < frames; i++)
    writer.frame(frame, 0, frameBytes, frameBytes, 1_700_000_000, (i % 1_000_000) * 1000);
  writer.close();
  return frames / seconds(start) / 1e6;
}

async function read(path: string): Promise<number> {
  const start = performance.now();
  using reader = await CaptureReader.open(path);
  let bytes = 0;
  for await (const batch of reader.batches()) for (let i = 0; i < batch.count; i++) bytes += batch.captured[i];
  if (bytes !== frames * frameBytes) throw new Error(`read ${bytes} bytes`);
  return frames / seconds(start) / 1e6;
}

/** How fast a program wrote `count` frames; NaN: it failed. */
function program(name: string, args: readonly string[], count: number): number {
  const start = performance.now();
  const done = spawnSync(name, args, { stdio: "ignore" });
  if (done.status !== 0) return Number.NaN;
  return count / seconds(start) / 1e6;
}

/** Into a file of its own, which goes when its frames are counted: other programs may write fewer than they say. */
const writing = (name: string, path: string, count: number, run: () => number | Promise<number>): Contender => ({
  name,
  async run() {
    try {
      const rate = await run();
      const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      const wanted = fileHeaderBytes + count * (recordHeaderBytes + frameBytes);
      if (!Number.isNaN(rate) && bytes !== wanted) throw new Error(`${name} wrote ${bytes} bytes instead of ${wanted}`);
      return rate;
    } finally {
      rmSync(path, { force: true });
    }
  },
});

/** A classic capture's. */
const fileHeaderBytes = 24;
const recordHeaderBytes = 16;

const parse = (path: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const start = performance.now();
    const parser = pcapParser.parse(path);
    parser.on("packet", () => {});
    parser.on("error", reject);
    parser.on("end", () => resolve(frames / seconds(start) / 1e6));
  });

function writers(folder: string, source: string): Contender[] {
  const file = (name: string): string => join(folder, `${name}.pcap`);
  const contenders = [writing("pktgen-ts", file("ours"), frames, () => write(file("ours")))];
  if (has("editcap")) {
    const args = ["-F", "pcap", "-r", source, file("editcap"), `1-${frames}`];
    contenders.push(writing("editcap -r", file("editcap"), frames, () => program("editcap", args, frames)));
  }
  if (has("trafgen")) {
    const config = join(folder, "frame.cfg");
    writeFileSync(config, `{ fill(0x07, ${frameBytes}) }\n`);
    const args = ["-c", config, "-o", file("trafgen"), "-n", String(frames), "-P", "1"];
    contenders.push(writing("trafgen -o", file("trafgen"), frames, () => program("trafgen", args, frames)));
  }
  if (spawnSync("/usr/bin/python3", ["-c", "import scapy"]).status === 0) {
    const code = `from scapy.all import *\np=Ether(b"\\x07"*${frameBytes})\nw=PcapWriter("${file("scapy")}")\nfor i in range(${scapyFrames}): w.write(p)\nw.close()`;
    const run = (): number => program("/usr/bin/python3", ["-c", code], scapyFrames);
    contenders.push(writing(`scapy, ${grouped(scapyFrames)} frames`, file("scapy"), scapyFrames, run));
  }
  return contenders;
}

/** Beside millions a second: what one frame takes, which a file of fewer frames can be compared by. */
const perFrame = ({ name, median }: Series): string => `${name}: ${(1e3 / median).toFixed(1)} ns a frame`;

export async function pcapBench(rounds: number): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "pktgen-bench-pcap-"));
  try {
    const source = join(folder, "source.pcap");
    await write(source);
    const wrote = await alternate(writers(folder, source), rounds, "M frames/s");
    const reading = await alternate(
      [
        { name: "pktgen-ts", run: () => read(source) },
        { name: "pcap-parser", run: () => parse(source) },
      ],
      rounds,
      "M frames/s",
    );
    const mebibytes = Math.round(process.resourceUsage().maxRSS / 1024);
    const written = compared(wrote);
    const readBack = compared(reading);
    return {
      lines: [
        `writing ${grouped(frames)} frames of 64 bytes`,
        ...written.lines,
        ...wrote.map(perFrame),
        "reading them",
        ...readBack.lines,
        `resident at most ${mebibytes} MiB`,
      ],
      series: [...wrote, ...reading],
      ratios: { ...written.ratios, ...readBack.ratios },
      figures: { residentMiB: mebibytes },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
