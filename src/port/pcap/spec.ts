/** `pcap:FILE` as text: its option and its spec. */
import { type AnyPortSpec, portKind, wordOption } from "../kind.js";

export interface CapturePortSpec extends AnyPortSpec {
  readonly kind: "pcap";
  readonly path: string;
  /** auto: as the port is used. */
  readonly open: "auto" | "read" | "write";
}

export const pcapKind = portKind({
  name: "pcap",
  target: "FILE",
  targetMeaning: "the path of the capture",
  summary: "a capture file: what is sent is written to it (pcap, nanoseconds), or what it holds arrives, once",
  options: {
    open: wordOption(["auto", "read", "write"], "auto: write where the port only sends, read where it only receives"),
  },
  read: (text, path, { open }): CapturePortSpec => ({ text, kind: "pcap", path, open, queues: 1 }),
});
