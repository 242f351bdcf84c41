/**
 * A stream that repeats one frame as it was given. Headers that rebuild to the very same bytes are headers of the stream,
 * so that their fields have names. Any other frame is raw bytes.
 */
import { usageError } from "../../errors.js";
import { buildFrame, type Dissection, dissect, type Header, headersBytes, raw } from "../../packet/index.js";
import { fcsBytes, maxFrameBytes, minFrameBytes } from "../../units.js";
import { plainStream, type TrafficStream } from "../spec/traffic.js";
import { referenceSignature } from "./interpret.js";
import { signatureBytes } from "./signature.js";

const leastBytes = minFrameBytes - fcsBytes;
const mostBytes = maxFrameBytes - fcsBytes;
const ethernetBytes = 14;

export interface GivenFrame {
  readonly stream: TrafficStream;
  /** What is not as one might expect, in sentences. */
  readonly notes: readonly string[];
}

/**
 * `given`: a frame without FCS. One below 60 bytes is padded with zeros, as every network card does.
 * @throws PktgenError (2) for bytes that are no Ethernet frame.
 */
export function givenFrame(name: string, given: Uint8Array, where: string): GivenFrame {
  if (given.length < ethernetBytes || given.length > mostBytes) {
    throw usageError(`${given.length} bytes are no Ethernet frame`, {
      where,
      accepted: `${ethernetBytes} to ${mostBytes} bytes: a frame without its FCS`,
    });
  }
  const bytes = new Uint8Array(Math.max(given.length, leastBytes));
  bytes.set(given);
  const padding = bytes.length - given.length;
  const dissection = dissect(bytes);
  const layers = dissection.layers.map(({ header }) => header);
  const room = bytes.length - dissection.payload.start;
  const rebuilds = isRebuilt(layers, bytes);
  const signed = rebuilds ? room >= signatureBytes : room >= signatureBytes && mayBeSigned(bytes, dissection);
  const headers = signed ? bytes.slice(0, dissection.payload.start) : bytes;
  const stack = rebuilds ? layers : [raw(headers)];
  const rest = bytes.slice(headersBytes(stack));
  const notes = [
    ...(padding === 0 ? [] : [`the given frame has ${given.length} bytes and is padded to ${leastBytes}`]),
    ...(signed ? [] : [`the given frame has no room for a signature: ${unsignedMeans}`]),
  ];
  const stream = plainStream(name, stack);
  return {
    stream: {
      ...stream,
      ...(rest.length === 0 ? {} : { payload: { kind: "bytes", bytes: rest } }),
      size: { kind: "fixed", frameBytes: bytes.length + fcsBytes },
    },
    notes,
  };
}

const unsignedMeans = "frames that come back are recognised by their bytes and counted, without latency and order";

function isRebuilt(layers: readonly Header[], bytes: Uint8Array): boolean {
  try {
    const built = buildFrame(layers, bytes.length, bytes.slice(headersBytes(layers)));
    return layers[0]?.protocol === "ethernet" && built.every((byte, i) => byte === bytes[i]);
  } catch {
    return false; // a header that was read need not be one that can be built
  }
}

/** A signature in the last bytes makes nothing wrong that was right: no checksum. */
function mayBeSigned(bytes: Uint8Array, { faults }: Dissection): boolean {
  return [0, 1].every((sequence) => {
    const copy = bytes.slice();
    const stamp = { trial: 0x123456, stream: 0x789abc, sequence: 0xdef01 * sequence, timeNs: 0x1234_5678_9abc };
    copy.set(referenceSignature(stamp), copy.length - signatureBytes);
    return dissect(copy).faults.length <= faults.length;
  });
}
