/**
 * Writes the actual capture again as pcapng. Every frame that was found to be wrong gets a comment behind those that it
 * has. Missing frames stand where they were expected, on an additional interface.
 */
import {
  type CaptureInterface,
  CaptureReader,
  CaptureWriter,
  ethernetInterface,
  type FrameBatch,
} from "../../pcap/index.js";
import type { CompareResult, Finding } from "../../result/compare-result.js";
import type { ComparePlan } from "./plan.js";

const missingInterface = { ...ethernetInterface, name: "expected", description: "frames that are missing" };

/** The actual file's interfaces, each with a name, and one for frames that are missing. */
const interfacesOf = (actual: readonly CaptureInterface[]): CaptureInterface[] => [
  ...actual.map((iface) => ({ ...iface, name: iface.name ?? "actual" })),
  missingInterface,
];

/** `changed: expected frame 7; ipv4.ttl 64 expected, 63 actual` */
export function findingText(finding: Finding): string {
  const { kind, expected, changes, offByNs } = finding;
  const which = expected === null ? "" : `expected frame ${expected}`;
  const what = changes.map(({ field, expected: was, actual: is }) => `${field}: expected ${was}, actual ${is}`);
  const off = offByNs === null ? [] : [`${offByNs > 0 ? "late" : "early"} by ${Math.abs(offByNs)} ns`];
  return [`${kind}${which === "" ? "" : `: ${which}`}`, ...what, ...off].join("; ");
}

/** Frame after frame of a capture. */
class Cursor {
  readonly reader: CaptureReader;
  batch: FrameBatch | null = null;
  at = 0;
  #first: { readonly seconds: number; readonly nanoseconds: number } | null = null;

  constructor(reader: CaptureReader) {
    this.reader = reader;
  }

  async next(): Promise<boolean> {
    if (this.batch !== null && ++this.at < this.batch.count) return true;
    this.batch = await this.reader.next();
    this.at = 0;
    if (this.batch !== null) this.#first ??= { seconds: this.batch.seconds[0], nanoseconds: this.batch.nanoseconds[0] };
    return this.batch !== null;
  }

  get number(): number {
    return this.batch!.first + this.at + 1;
  }

  get iface(): number {
    return this.batch!.interfaces[this.at];
  }

  /** ns since its first frame. */
  get timeNs(): number {
    const { seconds, nanoseconds } = this.batch!;
    return (seconds[this.at] - this.#first!.seconds) * 1e9 + nanoseconds[this.at] - this.#first!.nanoseconds;
  }
}

function write(writer: CaptureWriter, { batch, at }: Cursor, iface: number, comments: readonly string[]): void {
  const encoder = writer.pcapng!;
  const { captured, original, seconds, nanoseconds } = batch!;
  const frame = {
    captured: captured[at],
    original: original[at],
    seconds: seconds[at],
    nanoseconds: nanoseconds[at],
    iface,
  };
  const all = [...(batch!.comments.get(at) ?? []), ...comments];
  encoder.bytes.set(batch!.frame(at), encoder.placeWith(frame, all, batch!.flags[at]));
}

/** `ofActual`: all interfaces of the actual file. @throws PktgenError: the file cannot be written. */
export async function annotate(
  path: string,
  plan: ComparePlan,
  ofActual: readonly CaptureInterface[],
  result: CompareResult,
): Promise<void> {
  const byActual = new Map<number, string[]>();
  const missing = new Map<number, string>();
  for (const finding of result.findings) {
    if (finding.actual === null) missing.set(finding.expected!, findingText(finding));
    else byActual.set(finding.actual, [...(byActual.get(finding.actual) ?? []), findingText(finding)]);
  }
  using actualReader = await CaptureReader.open(plan.actual);
  using expectedReader = await CaptureReader.open(plan.expected);
  const interfaces = interfacesOf(ofActual);
  using writer = await CaptureWriter.create(path, {
    format: "pcapng",
    pcapng: { byteOrder: "little", interfaces, application: `${result.tool.name} ${result.tool.version}` },
  });
  const actual = new Cursor(actualReader);
  const expected = new Cursor(expectedReader);
  let hasActual = await actual.next();
  let hasExpected = await expected.next();
  while (hasActual || hasExpected) {
    if (hasExpected && (!hasActual || expected.timeNs <= actual.timeNs)) {
      const comment = missing.get(expected.number);
      if (comment !== undefined) write(writer, expected, interfaces.length - 1, [comment]);
      hasExpected = await expected.next();
    } else {
      write(writer, actual, actual.iface, byActual.get(actual.number) ?? []);
      hasActual = await actual.next();
    }
  }
  writer.close();
}
