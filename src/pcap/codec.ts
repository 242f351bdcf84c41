/**
 * Captures as bytes: pcap and pcapng, read and written in memory. It is `pktgen-ts/pcap`, and runs in a browser.
 *
 *     const { frames, fault } = decodeCapture(bytes);
 *     const file = encodeCapture([{ seconds: 0, nanoseconds: 0, originalBytes: 60, bytes: frame }], "pcapng");
 *
 * Larger files are read in windows by ClassicDecoder and PcapngDecoder, and written piece by piece by the encoders.
 */
export {
  type CaptureDecoder,
  type CaptureEncoder,
  type CaptureFault,
  type CaptureInterface,
  type CaptureSink,
  direction,
  ethernetInterface,
  FrameBatch,
} from "./capture.js";
export type { CapturedFrame } from "./classic.js";
export { type CaptureFormat, ClassicDecoder, ClassicEncoder, defaultCaptureFormat } from "./classic-codec.js";
export { linkTypeEthernet, linkTypeName } from "./link-types.js";
export { type ByteOrder, type Recognised, type Resolution, recogniseFormat } from "./magic.js";
export {
  BlockBuilder,
  type BlockOption,
  type CaptureBlock,
  type NameRecord,
  type WithOptions,
} from "./pcapng-blocks.js";
export { PcapngDecoder } from "./pcapng-decoder.js";
export { defaultPcapngFormat, PcapngEncoder, type PcapngFormat } from "./pcapng-encoder.js";
export { type DecodedCapture, type DecodedFrame, decodeCapture, encodeCapture } from "./whole.js";
