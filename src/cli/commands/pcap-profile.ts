/** `pcap PROFILE`: what a profile would send, as a capture with the scheduled times. */

import { usageError } from "../../errors.js";
import { type OptionsOf, readOptions } from "../../options/option.js";
import { type PcapOptions, pcapOptions } from "../../options/pcap-options.js";
import { readProfile } from "../../options/profile-option.js";
import { CaptureWriter } from "../../pcap/file-writer.js";
import { LoadedPrograms, programUrls } from "../../program/load-program.js";
import { departingFrames } from "../../stream/departing.js";
import type { StreamLoad } from "../../stream/departures/loads.js";
import type { TrafficSpec } from "../../stream/spec/traffic.js";
import { checkStreams, plainTraffic, trafficOf } from "../../stream/spec.js";
import { formatCount, meanFrameBytes, ratePps } from "../../units.js";
import type { CommandContext } from "../command.js";

type Given = OptionsOf<typeof pcapOptions>;

const defaultCount = 1_000;
const defaultPps = 1_000_000;
/** 2023-11-14 22:13:20 UTC: any fixed moment, so that a capture is the same whenever it is made. */
const startSeconds = 1_700_000_000;

async function trafficIn(file: string, given: Given): Promise<TrafficSpec> {
  const { seed = 1, sizes: asked } = given;
  const profile = await readProfile(file, given, asked);
  const sizes = asked === undefined ? {} : { sizes: asked };
  if (profile.traffic === null) return trafficOf(plainTraffic({ ...profile.stream, ...sizes, seed }));
  const spec = { ...profile.traffic, ...sizes, seed };
  checkStreams(spec);
  return spec;
}

/** At a rate for all, or each stream at its own; plain traffic at 1 Mpps. */
function loadOf(traffic: TrafficSpec, { rate }: Given): StreamLoad {
  const [size] = traffic.sizes;
  if (rate !== undefined) {
    const pps = ratePps(rate, meanFrameBytes(size!), null);
    if (Number.isFinite(pps)) return { kind: "paced", pps };
    throw usageError("a capture needs times, and max has none", { where: "--rate", accepted: "a rate, e.g. 10kpps" });
  }
  if (traffic.streams.every(({ rate }) => rate !== null)) return { kind: "own", lineRateBps: null };
  return { kind: "paced", pps: defaultPps };
}

/** Writes exactly what would be sent of the first size, until a count or a time. */
export async function pcapProfile(file: string, options: PcapOptions, { output }: CommandContext): Promise<void> {
  const given = readOptions(pcapOptions, options);
  const { output: path, duration: untilNs = Number.POSITIVE_INFINITY } = given;
  if (path === undefined) {
    throw usageError("the capture needs a file", { where: "pcap", accepted: "-o FILE, e.g. -o x.pcap" });
  }
  if (given.count !== undefined && given.duration !== undefined) {
    throw usageError("--count and --duration contradict each other", { where: "--count", accepted: "one of them" });
  }
  const traffic = await trafficIn(file, given);
  const programs = new LoadedPrograms();
  await programs.load(programUrls(traffic));
  const count = given.duration === undefined ? (given.count ?? defaultCount) : Number.POSITIVE_INFINITY;
  using writer = await CaptureWriter.create(path);
  let frames = 0;
  let bytes = 0;
  for (const frame of departingFrames(traffic, traffic.sizes[0]!, loadOf(traffic, given), programs.of(traffic))) {
    if (frames >= count || frame.timeNs >= untilNs) break;
    const { length } = frame.bytes;
    const seconds = startSeconds + Math.floor(frame.timeNs / 1e9);
    writer.frame(frame.bytes, 0, length, length, seconds, frame.timeNs % 1e9);
    bytes += length;
    frames++;
  }
  writer.close();
  output.message(`${path}: ${formatCount(frames)} frames, ${formatCount(bytes)} bytes\n`);
}
