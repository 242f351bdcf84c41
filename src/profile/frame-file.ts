/** The one frame of `--frame` and of a stream's `frame`: hex digits, or a file with a capture, hex digits or bytes. */
import { usageError } from "../errors.js";
import { readBytes } from "../packet/index.js";
import { decodeCapture, linkTypeEthernet } from "../pcap/codec.js";
import { isReadError, readInputFile, unreadableBecause } from "../sys/input-file.js";

const acceptedHex = "pairs of hex digits: a frame without its FCS";
const acceptedFile = "a capture, hex digits, or the frame's bytes";
const mostFileBytes = 64 * 1024 * 1024;

const hexPrefix = "hex:";

/** `hex:02 00 00 …`; the prefix is free, and so are colons, dashes and 0x. @throws PktgenError (2) */
export function frameOfHex(text: string, where: string): Uint8Array {
  const bytes = readBytes(text.startsWith(hexPrefix) ? text.slice(hexPrefix.length) : text);
  if (bytes === null || bytes.length === 0)
    throw usageError("this is no frame in hex", { where, accepted: acceptedHex });
  return bytes;
}

/** `FILE` or `FILE#N`; number null: no frame is named. */
export function frameName(text: string): { readonly file: string; readonly number: number | null } {
  const [, file = text, number] = /^(.*)#(\d+)$/.exec(text) ?? [];
  return { file, number: number === undefined ? null : Number(number) };
}

/** `number`: which frame of a capture, from 1; null: the only one. @throws PktgenError (2) */
export function frameOfFile(content: Uint8Array, number: number | null, where: string): Uint8Array {
  const accepted = acceptedFile;
  if (content.length === 0) throw usageError("the file is empty", { where, accepted });
  const capture = decodeCapture(content);
  if (capture.format === null) {
    if (number !== null) throw usageError(`this is no capture, and has no frame ${number}`, { where, accepted });
    const text = textOf(content);
    return text === null ? content : frameOfHex(text, where);
  }
  const { frames, interfaces, fault } = capture;
  if (frames.length === 0) {
    throw usageError(`the capture has no frame${fault === null ? "" : `: ${fault.what}`}`, { where, accepted });
  }
  if (number === null && frames.length > 1) {
    throw usageError(`the capture has ${frames.length} frames`, {
      where,
      accepted: `FILE#N, the Nth frame of it: 1 to ${frames.length}`,
      hint: "pktgen-ts replay sends all of them",
    });
  }
  const frame = frames[(number ?? 1) - 1];
  if (frame === undefined) {
    throw usageError(`the capture has ${frames.length} frames, and no frame ${number}`, {
      where,
      accepted: `1 to ${frames.length}`,
    });
  }
  const { linkType, fcsBytes } = interfaces[frame.interface]!;
  if (linkType !== linkTypeEthernet) {
    throw usageError("the capture is not of Ethernet frames", { where, accepted: "a capture of link type Ethernet" });
  }
  if (frame.bytes.length < frame.originalBytes) {
    const what = `the frame was cut: ${frame.bytes.length} of its ${frame.originalBytes} bytes are in the capture`;
    throw usageError(what, { where, accepted: "a whole frame" });
  }
  return frame.bytes.slice(0, frame.bytes.length - (fcsBytes ?? 0));
}

/** null: it has control characters, or is no UTF-8. */
function textOf(content: Uint8Array): string | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(content).trim();
    return /[^\P{Cc}\s]/u.test(text) ? null : text;
  } catch {
    return null;
  }
}

/**
 * `hex:…`, `FILE`, or `FILE#N` for the Nth frame of a capture, as `--frame` has it.
 * @throws PktgenError (2)
 */
export function readFrame(text: string, where: string): Uint8Array {
  if (text.startsWith(hexPrefix)) return frameOfHex(text, where);
  const { file, number } = frameName(text);
  try {
    const content = readInputFile(file, { mostBytes: mostFileBytes });
    return frameOfFile(content, number, where);
  } catch (cause) {
    if (!isReadError(cause)) throw cause;
    throw usageError(`${file} ${unreadableBecause(cause)}`, {
      where,
      accepted: `hex:… or a file with ${acceptedFile}`,
      cause,
    });
  }
}
