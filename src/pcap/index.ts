/**
 * pcap: capture files. classic.ts is the codec, pure and on bytes; file.ts alone knows files.
 * May import only the leaves.
 */
export {
  type Capture,
  type CapturedFrame,
  type CaptureFault,
  type CaptureFormat,
  captureHeader,
  captureRecord,
  defaultCaptureFormat,
  type Resolution,
  readCapture,
  writeCapture,
} from "./classic.js";
export { captureFaultError, readCaptureFile, writeCaptureFile } from "./file.js";
