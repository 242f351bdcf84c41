/**
 * pcap: capture files. The codecs are pure and on bytes: classic-codec.ts, pcapng-*.ts; only file*.ts know files.
 * May import only the leaves, and `sys` for zstd.
 *
 *     using reader = await CaptureReader.open("x.pcapng.gz");
 *     for await (const batch of reader.batches()) for (let i = 0; i < batch.count; i++) …
 *     if (reader.fault !== null) throw captureFaultError(reader.path, reader.fault, reader.frames);
 *
 *     using writer = await CaptureWriter.create("y.pcap");
 *     writer.frame(bytes, start, captured, original, seconds, nanoseconds);   // or, without a copy:
 *     const at = writer.encoder.place(captured, original, seconds, nanoseconds); // then fill writer.encoder.bytes
 *     writer.close();
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
export { type Capture, type CapturedFrame, readCapture, writeCapture } from "./classic.js";
export { type CaptureFormat, ClassicDecoder, ClassicEncoder, defaultCaptureFormat } from "./classic-codec.js";
export { captureFaultError, readCaptureFile, writeCaptureFile } from "./file.js";
export { CaptureReader, type CaptureReaderOptions } from "./file-reader.js";
export { CaptureWriter, type CaptureWriterOptions } from "./file-writer.js";
export { linkTypeEthernet, linkTypeName } from "./link-types.js";
export { type ByteOrder, type Recognised, type Resolution, recogniseFormat } from "./magic.js";
export {
  BlockBuilder,
  type BlockOption,
  type CaptureBlock,
  type NameRecord,
  optionCode,
  textOption,
} from "./pcapng-blocks.js";
export { PcapngDecoder } from "./pcapng-decoder.js";
export { defaultPcapngFormat, PcapngEncoder, type PcapngFormat } from "./pcapng-encoder.js";
export { encodeCapture } from "./whole.js";
