/**
 * Latency and delay variation of many streams' frames. Those of all streams together are as exact as of one stream, and
 * are recorded at the end of a burst. Those of each stream lie in rows and small histograms, which take several samples
 * at a time (stats/lane-rows.ts).
 */
import { burstFrames } from "../../ring/ring.js";
import { Histogram } from "../../stats/histogram.js";
import type { LaneRows } from "../../stats/lane-rows.js";
import { SignedHistogram } from "../../stats/signed-histogram.js";
import {
  type SmallData,
  SmallHistograms,
  smallBucketOf,
  smallBuckets,
  smallSummary,
} from "../../stats/small-histograms.js";
import { streamHistogramsKept } from "../../stats/trial-report.js";
import type { KeyedLags, ReceiveReport, StreamReceive } from "../loop/index.js";

const mostSamples = 16;
/** A sample has the bucket of a frame's latency, and above it the bucket of its variation; or this: it has none. */
const noVariation = 0x3ff;

type StreamDelays = Pick<StreamReceive, "latencyNs" | "ipdvNs" | "latencyBuckets" | "samples">;

export interface StreamTimesStart {
  readonly streams: number;
  readonly rows: LaneRows;
  /** null: nothing is scheduled. */
  readonly lags: KeyedLags | null;
  /** The last stream is a probe. */
  readonly hasProbe: boolean;
  /** Reports have the samples themselves, too. */
  readonly forMerging: boolean;
  /** Where the latency of all is recorded, of `histogramSlots`; absent: in memory of its own. */
  readonly latency?: Float64Array | undefined;
}

export class StreamTimes {
  readonly #rows: LaneRows;
  readonly #lags: KeyedLags | null;
  readonly #probe: number;
  readonly #forMerging: boolean;
  readonly #count: number;
  /** Stream s has its latency in 2·s, and its variation from frame to frame in 2·s + 1. */
  readonly #small: SmallHistograms;
  readonly #latency: Histogram;
  readonly #latencyIntended = new Histogram();
  readonly #ipdv = new SignedHistogram();
  readonly #probeLatency = new Histogram();
  readonly #samples = new Int32Array(mostSamples);
  /** The frames of the burst, and how they differ from the frames before. */
  readonly #streams = new Int32Array(burstFrames);
  readonly #indices = new Float64Array(burstFrames);
  readonly #latencies = new Float64Array(burstFrames);
  readonly #differences = new Float64Array(burstFrames);
  #frames = 0;
  #differing = 0;

  constructor({ streams, rows, lags, hasProbe, forMerging, latency }: StreamTimesStart) {
    this.#latency = new Histogram(latency);
    this.#latency.reset();
    this.#rows = rows;
    this.#lags = lags;
    this.#probe = hasProbe ? streams - 1 : -1;
    this.#forMerging = forMerging;
    this.#count = streams;
    this.#small = new SmallHistograms(2 * streams);
  }

  /**
   * An accepted frame; at most a burst of them between two calls of `record`. `index` is counted as in KeyedLags.
   * `isNext`: it follows the frame before (RFC 5481 §4.1 takes differences of consecutive frames). `isLast`: no greater
   * number came before it. A latency below 0 (two hosts' clocks) counts as 0; differences need no common time.
   */
  note(stream: number, lane: number, index: number, latencyNs: number, isNext: boolean, isLast: boolean): void {
    const rows = this.#rows;
    const frame = this.#frames++;
    this.#streams[frame] = stream;
    this.#indices[frame] = index;
    const countedNs = latencyNs < 0 ? 0 : latencyNs;
    this.#latencies[frame] = countedNs;
    let variation = noVariation;
    const last = rows.lastLatency(lane);
    if (isNext && !Number.isNaN(last)) {
      const difference = latencyNs - last;
      const magnitude = Math.abs(difference);
      this.#differences[this.#differing++] = difference;
      rows.noteVariation(lane, magnitude);
      variation = smallBucketOf(magnitude);
    }
    rows.noteLatency(lane, latencyNs, isLast);
    if (rows.keepSample(lane, smallBucketOf(countedNs) | (variation << 10))) this.#countSamples(stream, lane);
  }

  /** The end of a burst. */
  record(): void {
    const frames = this.#frames;
    const differing = this.#differing;
    const latencies = this.#latencies;
    for (let k = 0; k < frames; k++) this.#latency.record(latencies[k]);
    for (let k = 0; k < differing; k++) this.#ipdv.record(this.#differences[k]);
    if (this.#lags !== null) this.#recordIntended(this.#lags);
    if (this.#probe >= 0) this.#recordProbe();
    this.#frames = 0;
    this.#differing = 0;
  }

  /** `lanes`: the stream's. Both are null where nothing was measured. */
  ofStream(stream: number, lanes: readonly number[]): StreamDelays {
    for (const lane of lanes) this.#countSamples(stream, lane);
    const latency = this.#small.data(2 * stream, this.#rows.latency(lanes));
    const ipdv = this.#small.data(2 * stream + 1, this.#rows.variation(lanes));
    return {
      latencyNs: smallSummary(latency),
      ipdvNs: smallSummary(ipdv),
      ...(this.#forMerging ? { samples: { latency, ipdv } } : this.#bucketsOf(latency)),
    };
  }

  #bucketsOf(latency: SmallData | null): Pick<StreamReceive, "latencyBuckets"> {
    return latency === null || this.#count > streamHistogramsKept ? {} : { latencyBuckets: smallBuckets(latency) };
  }

  report(): Pick<ReceiveReport, "latency" | "latencyIntended" | "ipdv" | "probeLatency"> {
    const measured = this.#latency.count > 0;
    return {
      latency: measured ? this.#latency.toData() : null,
      latencyIntended: measured && this.#lags !== null ? this.#latencyIntended.toData() : null,
      ipdv: measured && this.#ipdv.count > 0 ? this.#ipdv.toData() : null,
      ...(this.#probe < 0 ? {} : { probeLatency: this.#probeLatency.toData() }),
    };
  }

  #countSamples(stream: number, lane: number): void {
    const samples = this.#samples;
    const kept = this.#rows.takeSamples(lane, samples);
    for (let k = 0; k < kept; k++) {
      const variation = samples[k] >>> 10;
      this.#small.count(2 * stream, samples[k] & 0x3ff);
      if (variation !== noVariation) this.#small.count(2 * stream + 1, variation);
    }
  }

  #recordIntended(lags: KeyedLags): void {
    for (let k = 0; k < this.#frames; k++) {
      const lagNs = lags.of(this.#streams[k], this.#indices[k]);
      if (lagNs >= 0 || lagNs < 0) this.#latencyIntended.record(this.#latencies[k] + lagNs);
    }
  }

  #recordProbe(): void {
    for (let k = 0; k < this.#frames; k++) {
      if (this.#streams[k] === this.#probe) this.#probeLatency.record(this.#latencies[k]);
    }
  }
}
