/** A capture → streams of one frame each, at the times of the capture, as TRex's `load_pcap` chains them. */
import { usageError } from "../../errors.js";
import { decodeCapture, linkTypeEthernet } from "../../pcap/codec.js";
import { formatRate } from "../../units.js";
import { headerStack, hexOf, payloadOfBytes } from "./headers.js";
import { durationText } from "./timing.js";

const mostFrames = 1_000;
const [leastBytes, mostBytes] = [60, 9014];
const hint = "pktgen-ts replay sends a whole capture, with its times or as fast as it can";

export const isCapture = (content: Uint8Array): boolean => decodeCapture(content.subarray(0, 64)).format !== null;

/** @throws PktgenError (2) */
export function captureStreams(content: Uint8Array, file: string, unsigned: boolean): readonly object[] {
  const { frames, interfaces, fault } = decodeCapture(content);
  const accepted = `a capture of 1 to ${mostFrames} Ethernet frames`;
  const refuse = (what: string) => usageError(what, { where: file, accepted, hint });
  if (fault !== null) throw refuse(`the capture is damaged: ${fault.what}`);
  if (frames.length === 0) throw refuse("the capture has no frame");
  if (frames.length > mostFrames) throw refuse(`the capture has ${frames.length} frames`);
  const timeNs = ({ seconds, nanoseconds }: (typeof frames)[number]): number =>
    (seconds - frames[0]!.seconds) * 1e9 + nanoseconds - frames[0]!.nanoseconds;
  const wholeNs = Math.max(1000, timeNs(frames.at(-1)!));
  return frames.map((frame, i) => {
    const { linkType, fcsBytes } = interfaces[frame.interface]!;
    if (linkType !== linkTypeEthernet) throw refuse(`frame ${i + 1} is not of Ethernet`);
    if (frame.bytes.length < frame.originalBytes) throw refuse(`frame ${i + 1} was cut`);
    const bytes = frame.bytes.slice(0, frame.bytes.length - (fcsBytes ?? 0));
    if (bytes.length < 14 || bytes.length > mostBytes) throw refuse(`frame ${i + 1} has ${bytes.length} bytes`);
    return {
      name: `frame ${i + 1}`,
      ...contentOf(bytes, unsigned),
      rate: formatRate({ kind: "pps", pps: Math.max(1e-6, 1e9 / wholeNs) }),
      schedule: { start: durationText(Math.max(0, timeNs(frame))), frames: 1 },
    };
  });
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
