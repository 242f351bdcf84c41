/**
 * `pcap:FILE`, a capture in the place of an interface: as the sending port it is written, as the receiving one it is
 * read. Its rings are slots that the loop worker moves to or from the file itself.
 */

import { closeSync, openSync, statSync } from "node:fs";
import { type PktgenError, usageError } from "../../errors.js";
import { CaptureReader, CaptureWriter, captureFaultError, linkTypeEthernet, linkTypeName } from "../../pcap/index.js";
import { bufferStrideFor, burstFrames, longestFrameBytes, type SlotRingLayout } from "../../ring/index.js";
import { arena } from "../../sys/arena.js";
import { kernelStampClock } from "../../sys/net/stamp-clock.js";
import { fcsBytes } from "../../units.js";
import type { OpenPortOptions } from "../options.js";
import { noKick, type Port, type PortFacts } from "../port.js";
import { RingPort } from "../ring-port.js";
import type { CaptureReaderOrder, CaptureWriterOrder } from "./mover.js";
import type { CapturePortSpec } from "./spec.js";

/** Buffers to read into are as long as frames can be: the file says what comes. */
const readFrames = 64;

type Way = "read" | "write";

function wayOf({ open, text }: CapturePortSpec, { sends, receives }: OpenPortOptions): Way {
  if (open !== "auto") return open;
  if (sends && !receives) return "write";
  if (receives && !sends) return "read";
  throw usageError("a capture is written or read, not both at once", {
    where: text,
    accepted: "open=write, open=read",
  });
}

interface OpenedCapture {
  readonly layout: SlotRingLayout;
  readonly features: readonly string[];
  readonly close: () => void;
}

const geometry = { format: "slots" } as const;

/** An empty capture, open for appending. */
async function openToWrite({ path }: CapturePortSpec, { maxFrameBytes }: OpenPortOptions): Promise<OpenedCapture> {
  if (/\.(pcapng|ntar)$|\.(gz|zst)$/i.test(path)) {
    throw usageError("a port writes classic captures, not compressed", { where: path, accepted: "a name like x.pcap" });
  }
  if (statSync(path, { throwIfNoEntry: false })?.isFIFO() === true) {
    throw usageError("a port does not write to a pipe", { where: path, accepted: "a file" });
  }
  (await CaptureWriter.create(path, { format: "pcap" })).close();
  const fd = openSync(path, "a");
  const ahead = kernelStampClock().compare(null);
  const mover: CaptureWriterOrder = {
    kind: "capture writer",
    path,
    fd,
    aheadSeconds: ahead.seconds,
    aheadNs: ahead.ns,
  };
  const bufferBytes = maxFrameBytes - fcsBytes;
  const bufferStride = bufferStrideFor(bufferBytes);
  const buffers = arena().mapAnonymous(burstFrames * bufferStride).offset;
  return {
    layout: {
      ...geometry,
      direction: "tx",
      vring: 1,
      size: burstFrames,
      buffers,
      bufferStride,
      bufferBytes,
      mover,
    },
    features: ["writes pcap, nanoseconds"],
    close: () => {
      closeSync(fd);
      arena().release(buffers);
    },
  };
}

/** Its first bytes are looked at here, so that a file that is no capture of Ethernet frames is refused at once. */
async function openToRead({ path }: CapturePortSpec): Promise<OpenedCapture> {
  let format: string;
  {
    using reader = CaptureReader.openNow(path);
    reader.nextNow();
    const { fault, interfaces } = reader;
    if (fault !== null && reader.frames === 0) throw captureFaultError(path, fault, 0);
    const other = interfaces.find(({ linkType }) => linkType !== linkTypeEthernet);
    if (other !== undefined) {
      throw usageError(`the capture holds ${linkTypeName(other.linkType)}`, {
        where: path,
        accepted: linkTypeName(linkTypeEthernet),
      });
    }
    format = reader.format;
  }
  const fd = openSync(path, "r");
  const mover: CaptureReaderOrder = { kind: "capture reader", path, fd };
  const bufferStride = bufferStrideFor(longestFrameBytes);
  const buffers = arena().mapAnonymous(readFrames * bufferStride).offset;
  return {
    layout: {
      ...geometry,
      direction: "rx",
      vring: 0,
      size: readFrames,
      buffers,
      bufferStride,
      bufferBytes: longestFrameBytes,
      mover,
    },
    features: [`reads ${format}`],
    close: () => {
      closeSync(fd);
      arena().release(buffers);
    },
  };
}

class CapturePort extends RingPort<CapturePortSpec> {
  readonly #capture: OpenedCapture;

  constructor(spec: CapturePortSpec, capture: OpenedCapture) {
    super(spec);
    this.#capture = capture;
    const { layout } = capture;
    const [tx, rx] = layout.direction === "tx" ? [layout, null] : [null, layout];
    this.state.publish([{ queue: 0, tx, rx, txKick: noKick, rxKick: noKick }]);
  }

  facts(): PortFacts {
    const { text, kind } = this.spec;
    const { features, layout } = this.#capture;
    const { size: ringSize, bufferBytes: maxFrameBytes } = layout;
    return { spec: text, kind, queues: 1, ringFormat: "none", ringSize, features, maxFrameBytes };
  }

  /** The disk is full, or the capture is damaged. */
  breakConnection(why: string): void {
    this.end(why);
  }

  protected override error(what: string): PktgenError {
    return usageError(what, { where: this.spec.text });
  }

  protected close(): void {
    this.end("the port was closed");
    this.#capture.close();
  }
}

/**
 * @throws PktgenError (2): no such file, no capture, not Ethernet, compressed; cannot be written; both ways at once.
 *   (3): the disk is full.
 */
export async function openCapturePort(spec: CapturePortSpec, options: OpenPortOptions): Promise<Port> {
  if (spec.queues > 1) throw usageError(`${spec.queues} queues of one capture`, { where: spec.text, accepted: "1" });
  const way = wayOf(spec, options);
  return new CapturePort(spec, way === "write" ? await openToWrite(spec, options) : await openToRead(spec));
}
