/** A capture → streams of one frame each, at the times of the capture, as TRex's `load_pcap` chains them. */
import { usageError } from "../../errors.js";
import { type DecodedFrame, decodeCapture, linkTypeEthernet } from "../../pcap/codec.js";
import { formatRate } from "../../units.js";
import { headerStack, hexOf, payloadOfBytes } from "./headers.js";
import type { Notes } from "./item.js";
import { durationText } from "./timing.js";

const mostFrames = 1_000;
const [leastBytes, mostBytes] = [60, 9014];
const hint = "pktgen-ts replay sends a whole capture, with its times or as fast as it can";

export const isCapture = (content: Uint8Array): boolean => decodeCapture(content.subarray(0, 64)).format !== null;

/** @throws PktgenError (2) */
export function captureStreams(content: Uint8Array, file: string, unsigned: boolean, notes: Notes): readonly object[] {
  const { frames, interfaces, fault } = decodeCapture(content);
  const accepted = `a capture of 1 to ${mostFrames} Ethernet frames`;
  const refuse = (what: string) => usageError(what, { where: file, accepted, hint });
  if (fault !== null) throw refuse(`the capture is damaged: ${fault.what}`);
  if (frames.length === 0) throw refuse("the capture has no frame");
  if (frames.length > mostFrames) throw refuse(`the capture has ${frames.length} frames`);
  const times = timesOf(frames, file, notes);
  const wholeNs = Math.max(1000, ...times);
  const given = frames.map((frame, i) => {
    const { linkType, fcsBytes } = interfaces[frame.interface]!;
    if (linkType !== linkTypeEthernet) throw refuse(`frame ${i + 1} is not of Ethernet`);
    if (frame.bytes.length < frame.originalBytes) throw refuse(`frame ${i + 1} was cut`);
    const bytes = frame.bytes.slice(0, frame.bytes.length - (fcsBytes ?? 0));
    if (bytes.length < 14 || bytes.length > mostBytes) throw refuse(`frame ${i + 1} has ${bytes.length} bytes`);
    return bytes;
  });
  noteShort(given, file, notes);
  return given.map((bytes, i) => ({
    name: `frame ${i + 1}`,
    ...contentOf(bytes, unsigned),
    rate: formatRate({ kind: "pps", pps: Math.max(1e-6, 1e9 / wholeNs) }),
    schedule: { start: durationText(times[i]!), frames: 1 },
  }));
}

/** Nanoseconds from the earliest frame, which need not be the first one. */
function timesOf(frames: readonly DecodedFrame[], file: string, notes: Notes): readonly number[] {
  const [first] = frames;
  const times = frames.map(
    ({ seconds, nanoseconds }) => (seconds - first!.seconds) * 1e9 + nanoseconds - first!.nanoseconds,
  );
  const earliestNs = Math.min(...times);
  if (earliestNs < 0) {
    const number = times.indexOf(earliestNs) + 1;
    const what = `frame ${number} is earlier than frame 1`;
    notes.addAt(file, `${what}: times count from frame ${number}, and frames leave in order of time`);
  }
  return times.map((ns) => ns - earliestNs);
}

function noteShort(given: readonly Uint8Array[], file: string, notes: Notes): void {
  const short = given.filter(({ length }) => length < leastBytes);
  const [first] = short;
  if (first === undefined) return;
  const others = short.length === 1 ? "" : `; so are ${short.length - 1} more`;
  const what = `frame ${given.indexOf(first) + 1} has ${first.length} bytes and is sent with ${leastBytes}, zeros at its end`;
  notes.addAt(file, `${what}${others}`);
}

function contentOf(given: Uint8Array, unsigned: boolean): object {
  const bytes = new Uint8Array(Math.max(leastBytes, given.length));
  bytes.set(given);
  const stack = headerStack(bytes);
  if (stack === null) return { frame: hexOf(bytes), ...(unsigned ? { signed: false } : {}) };
  const payload = bytes.slice(stack.headerBytes);
  return {
    packet: stack.words.map(({ protocol, values }) =>
      Object.keys(values).length === 0 ? protocol : { [protocol]: values },
    ),
    ...(payload.length === 0 ? {} : { payload: payloadOfBytes(payload) }),
    size: bytes.length + 4,
    ...(unsigned ? { signed: false } : {}),
  };
}
