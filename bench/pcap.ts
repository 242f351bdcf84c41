/**
 * Captures: writing and reading against what Debian has for that, alternating. BENCH_FRAMES: frames of the files (10,000,000).
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pcapParser from "pcap-parser";
import { CaptureReader, CaptureWriter, defaultCaptureFormat } from "../src/pcap/index.js";
import { alternate, type Contender } from "./harness.js";
import { compared, type Outcome } from "./outcome.js";

const frames = Number(process.env["BENCH_FRAMES"] ?? 10_000_000);
const frameBytes = 60;
/** scapy is slow: it writes a share of the frames, and its rate is taken. */
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

function program(name: string, args: readonly string[], count: number): number {
  const start = performance.now();
  const done = spawnSync(name, args, { stdio: "ignore" });
  if (done.status !== 0) return Number.NaN;
  return count / seconds(start) / 1e6;
}

const parse = (path: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const start = performance.now();
    const parser = pcapParser.parse(path);
    parser.on("packet", () => {});
    parser.on("error", reject);
    parser.on("end", () => resolve(frames / seconds(start) / 1e6));
  });

function writers(folder: string, source: string): Contender[] {
  const contenders: Contender[] = [{ name: "pktgen-ts", run: () => write(join(folder, "ours.pcap")) }];
  if (has("editcap")) {
    const args = ["-F", "pcap", "-r", source, join(folder, "editcap.pcap"), `1-${frames}`];
    contenders.push({ name: "editcap -r", run: async () => program("editcap", args, frames) });
  }
  if (has("trafgen")) {
    const config = join(folder, "frame.cfg");
    writeFileSync(config, `{ fill(0x07, ${frameBytes}) }\n`);
    const args = ["-c", config, "-o", join(folder, "trafgen.pcap"), "-n", String(frames), "-P", "1"];
    contenders.push({ name: "trafgen -o", run: async () => program("trafgen", args, frames) });
  }
  if (spawnSync("/usr/bin/python3", ["-c", "import scapy"]).status === 0) {
    const code = `from scapy.all import *\np=Ether(b"\\x07"*${frameBytes})\nw=PcapWriter("${join(folder, "scapy.pcap")}")\nfor i in range(${scapyFrames}): w.write(p)\nw.close()`;
    contenders.push({ name: "scapy", run: async () => program("/usr/bin/python3", ["-c", code], scapyFrames) });
  }
  return contenders;
}

export async function pcapBench(rounds: number): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "pktgen-bench-pcap-"));
  try {
    const source = join(folder, "source.pcap");
    await write(source);
    const writing = await alternate(writers(folder, source), rounds, "M frames/s");
    const reading = await alternate(
      [
        { name: "pktgen-ts", run: () => read(source) },
        { name: "pcap-parser", run: () => parse(source) },
      ],
      rounds,
      "M frames/s",
    );
    const mebibytes = Math.round(process.resourceUsage().maxRSS / 1024);
    const written = compared(writing);
    const readBack = compared(reading);
    return {
      lines: [
        `writing ${frames} frames of 64 bytes`,
        ...written.lines,
        "reading them",
        ...readBack.lines,
        `resident at most ${mebibytes} MiB`,
      ],
      series: [...writing, ...reading],
      ratios: { ...written.ratios, ...readBack.ratios },
      figures: { residentMiB: mebibytes },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
