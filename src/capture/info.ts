/** Reads a capture once and says what is in it. */
import { Outline, outline } from "../packet/outline.js";
import {
  type CaptureBlock,
  CaptureReader,
  captureFaultError,
  type FrameBatch,
  linkTypeEthernet,
  linkTypeName,
  optionCode,
} from "../pcap/index.js";
import type { Bin, CaptureInfo } from "../report/capture-info.js";

/** The sizes of RFC 2544 and RMON without the FCS. */
const sizeBounds = [0, 60, 61, 124, 252, 508, 1020, 1276, 1515, 9001];
/** Limits in half decades. */
const gapBounds = [
  0,
  ...Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 10 ** (1 + i / 2) : 3 * 10 ** (1 + (i - 1) / 2))),
];

const transports: Readonly<Record<number, string>> = {
  1: "ICMP",
  2: "IGMP",
  6: "TCP",
  17: "UDP",
  47: "GRE",
  50: "ESP",
  58: "ICMPv6",
  89: "OSPF",
  132: "SCTP",
};
const etherTypes: Readonly<Record<number, string>> = {
  2054: "ARP",
  35020: "LLDP",
  34887: "MPLS",
  34915: "PPPoE",
  34916: "PPPoE",
  34958: "802.1X",
  35063: "PTP",
};

function protocolOf({ etherType, ipVersion, ipProtocol, tags }: Outline): string {
  const vlan = tags > 0 ? "VLAN " : "";
  if (ipVersion !== 0) {
    const over = ipVersion === 4 ? "IPv4" : "IPv6";
    return `${vlan}${over} ${transports[ipProtocol] ?? `protocol ${ipProtocol}`}`;
  }
  if (etherType < 0) return "too short";
  if (etherType < 1536) return `${vlan}802.3`;
  return vlan + (etherTypes[etherType] ?? `EtherType 0x${etherType.toString(16).padStart(4, "0")}`);
}

/** Counts frames by the bin of a value. Empty bins at both ends are left out. */
class Bins {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length);
  }

  add(value: number): void {
    let i = this.#bounds.length - 1;
    while (i > 0 && value < this.#bounds[i]) i--;
    this.#counts[i]++;
  }

  list(): Bin[] {
    const bins = this.#bounds.map((from, i) => ({ from, frames: this.#counts[i] }));
    const first = bins.findIndex(({ frames }) => frames > 0);
    return first < 0 ? [] : bins.slice(first, bins.findLastIndex(({ frames }) => frames > 0) + 1);
  }
}

const timeText = (seconds: number, nanoseconds: number): string => {
  const date = new Date(seconds * 1000);
  const text = Number.isNaN(date.getTime()) ? `${seconds} s` : date.toISOString().replace("T", " ").replace(/\..*/, "");
  return `${text}.${String(nanoseconds).padStart(9, "0")}`;
};

class Survey {
  frames = 0;
  cut = 0;
  /** Frames with a time, and their bytes. Rates are taken over these only. */
  timed = 0;
  timedBytes = 0;
  comments = 0;
  wireBytes = 0;
  capturedBytes = 0;
  smallest = Number.POSITIVE_INFINITY;
  largest = 0;
  backwards = 0;
  readonly sizes = new Bins(sizeBounds);
  readonly gaps = new Bins(gapBounds);
  readonly protocols = new Map<string, number>();
  readonly byInterface: number[] = [];
  first: readonly [number, number] | null = null;
  last: readonly [number, number] | null = null;
  #seconds = 0;
  #nanoseconds = 0;
  readonly #outline = new Outline();

  add(batch: FrameBatch, reader: CaptureReader): void {
    const view = new DataView(batch.bytes.buffer);
    this.comments += batch.comments.size;
    for (let i = 0; i < batch.count; i++) {
      const wire = batch.original[i];
      this.wireBytes += wire;
      this.capturedBytes += batch.captured[i];
      if (batch.captured[i] < wire) this.cut++;
      if (wire < this.smallest) this.smallest = wire;
      if (wire > this.largest) this.largest = wire;
      this.sizes.add(wire);
      if (batch.untimed.size === 0 || !batch.untimed.has(i)) {
        this.timed++;
        this.timedBytes += wire;
        this.#time(batch.seconds[i], batch.nanoseconds[i]);
      }
      const iface = batch.interfaces[i];
      this.byInterface[iface] = (this.byInterface[iface] ?? 0) + 1;
      const { linkType } = reader.interfaces[iface];
      const isEthernet = linkType === linkTypeEthernet;
      if (isEthernet) outline(view, batch.bytes.byteOffset + batch.starts[i], batch.captured[i], this.#outline);
      const protocol = isEthernet ? protocolOf(this.#outline) : linkTypeName(linkType);
      this.protocols.set(protocol, (this.protocols.get(protocol) ?? 0) + 1);
      this.frames++;
    }
  }

  #time(seconds: number, nanoseconds: number): void {
    if (this.first === null) this.first = this.last = [seconds, nanoseconds];
    else {
      const gapNs = (seconds - this.#seconds) * 1e9 + nanoseconds - this.#nanoseconds;
      if (gapNs < 0) this.backwards++;
      else this.gaps.add(gapNs);
    }
    const [lastSeconds, lastNanoseconds] = this.last!;
    if (seconds > lastSeconds || (seconds === lastSeconds && nanoseconds > lastNanoseconds))
      this.last = [seconds, nanoseconds];
    const [firstSeconds, firstNanoseconds] = this.first;
    if (seconds < firstSeconds || (seconds === firstSeconds && nanoseconds < firstNanoseconds))
      this.first = [seconds, nanoseconds];
    this.#seconds = seconds;
    this.#nanoseconds = nanoseconds;
  }
}

/** @throws PktgenError (2): the file cannot be read, or is no capture. Damage further on is told in `fault`. */
export async function captureInfo(path: string): Promise<CaptureInfo> {
  const dropped = new Map<number, number>();
  let little = true;
  const onBlock = (block: CaptureBlock): void => {
    if (block.kind === "section") little = block.byteOrder === "little";
    if (block.kind !== "statistics") return;
    const found = block.options.find(({ code, value }) => code === optionCode.statistics.dropped && value.length === 8);
    if (found !== undefined) dropped.set(block.iface, Number(new DataView(found.value.buffer).getBigUint64(0, little)));
  };
  using reader = await CaptureReader.open(path, { onBlock });
  const survey = new Survey();
  for await (const batch of reader.batches()) survey.add(batch, reader);
  const { first, last, frames, wireBytes, timed, timedBytes } = survey;
  const durationNs = first === null || last === null ? 0 : (last[0] - first[0]) * 1e9 + last[1] - first[1];
  const isTimed = durationNs > 0 && timed > 1;
  return {
    file: path,
    format: reader.format,
    fileBytes: reader.fileBytes,
    interfaces: reader.interfaces.map(({ linkType, snapBytes, ticksPerSecond, name }, i) => ({
      linkType: linkTypeName(linkType),
      snapBytes,
      ticksPerSecond,
      name,
      frames: survey.byInterface[i] ?? 0,
      dropped: dropped.get(i) ?? null,
    })),
    frames,
    cut: survey.cut,
    untimed: reader.untimed,
    contradictory: reader.contradictory,
    comments: survey.comments,
    wireBytes,
    capturedBytes: survey.capturedBytes,
    smallest: frames === 0 ? 0 : survey.smallest,
    largest: survey.largest,
    first: first === null ? null : timeText(...first),
    last: last === null ? null : timeText(...last),
    durationNs,
    pps: isTimed ? (timed * 1e9) / durationNs : null,
    bps: isTimed ? (timedBytes * 8e9) / durationNs : null,
    backwards: survey.backwards,
    protocols: Object.fromEntries(survey.protocols),
    sizes: survey.sizes.list(),
    gapsNs: survey.gaps.list(),
    fault: reader.fault === null ? null : captureFaultError(path, reader.fault, reader.frames).toLine(),
  };
}
