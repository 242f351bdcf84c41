/** Capture files in memory are read back as they were written. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pcapParser from "pcap-parser";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type CapturedFrame,
  captureFaultError,
  defaultCaptureFormat,
  readCaptureFile,
  writeCapture,
  writeCaptureFile,
} from "../../src/pcap/index.js";
import { missing, skips } from "../support/probe.js";
import { tsharkFields } from "../support/tshark.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pktgen-pcap-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const frames: CapturedFrame[] = [60, 1514, 61].map((length, i) => ({
  seconds: 1_700_000_000 + i,
  nanoseconds: 123_456_000 + i * 1000,
  originalBytes: length,
  bytes: new Uint8Array(length).map((_, at) => (at * 7 + i) & 0xff),
}));

interface ParsedPacket {
  readonly header: Readonly<Record<string, number>>;
  readonly data: Uint8Array;
}

/** What the npm package pcap-parser (classic microsecond files only) reads. */
const parsed = (path: string): Promise<ParsedPacket[]> =>
  new Promise((resolve, reject) => {
    const packets: ParsedPacket[] = [];
    const parser = pcapParser.parse(path);
    parser.on("packet", (packet) => packets.push(packet));
    parser.on("error", reject);
    parser.on("end", () => resolve(packets));
  });

describe("a capture file", () => {
  it("is read back as it was written", () => {
    const path = join(folder, "same.pcap");
    writeCaptureFile(path, frames);
    const capture = readCaptureFile(path);
    expect(capture.fault).toBeNull();
    expect(capture.format).toEqual(defaultCaptureFormat);
    expect(capture.frames.map((frame) => ({ ...frame, bytes: Uint8Array.from(frame.bytes) }))).toEqual(frames);
  });

  it.each(["little", "big"] as const)(
    "in microseconds, %s-endian, is read the same by pcap-parser",
    async (byteOrder) => {
      const path = join(folder, `${byteOrder}.pcap`);
      writeCaptureFile(path, frames, { ...defaultCaptureFormat, resolution: "microseconds", byteOrder });
      const packets = await parsed(path);
      expect(packets.map(({ header }) => header)).toEqual(
        frames.map((frame) => ({
          timestampSeconds: frame.seconds,
          timestampMicroseconds: frame.nanoseconds / 1000,
          capturedLength: frame.bytes.length,
          originalLength: frame.originalBytes,
        })),
      );
      for (const [i, { data }] of packets.entries()) expect(Buffer.compare(data, frames[i].bytes)).toBe(0);
    },
  );

  const noTshark = missing("tshark");
  it.skipIf(skips(noTshark))(
    `is read the same by tshark, nanoseconds included${noTshark ? ` (${noTshark})` : ""}`,
    () => {
      const path = join(folder, "tshark.pcap");
      writeCaptureFile(
        path,
        frames.map((frame) => ({ ...frame, nanoseconds: frame.nanoseconds + 789 })),
      );
      expect(tsharkFields(path, ["frame.time_epoch", "frame.len", "frame.cap_len"])).toEqual(
        frames.map((frame, i) => [
          `${frame.seconds}.${frame.nanoseconds + 789}`,
          String(frames[i].originalBytes),
          String(frames[i].bytes.length),
        ]),
      );
    },
  );

  const noCapinfos = missing("capinfos");
  it.skipIf(skips(noCapinfos))(`is what capinfos takes it for${noCapinfos ? ` (${noCapinfos})` : ""}`, () => {
    const path = join(folder, "capinfos.pcap");
    writeCaptureFile(path, frames);
    const said = spawnSync("capinfos", ["-M", "-t", "-E", "-c", path], { encoding: "utf8" }).stdout;
    expect(said).toMatch(/File type:\s+nsecpcap/);
    expect(said).toMatch(/File encapsulation:\s+ether/);
    expect(said).toMatch(/Number of packets:\s+3/);
  });
});

describe("a file that cannot be used", () => {
  it("is a usage error that names it", () => {
    const path = join(folder, "none.pcap");
    expect(() => readCaptureFile(path)).toThrow(expect.objectContaining({ where: path, exitCode: 2 }));
    expect(() => readCaptureFile(path)).toThrow("cannot read the capture: ENOENT: no such file or directory");
    const nowhere = join(folder, "none", "x.pcap");
    expect(() => writeCaptureFile(nowhere, frames)).toThrow(expect.objectContaining({ where: nowhere, exitCode: 2 }));
  });

  it("when it was cut, gives what is whole, and the fault becomes a sentence", () => {
    const path = join(folder, "cut.pcap");
    const whole = writeCapture(frames);
    writeFileSync(path, whole.subarray(0, whole.length - 5));
    const { frames: found, fault } = readCaptureFile(path);
    expect(found).toHaveLength(2);
    const line = captureFaultError(path, fault!, found.length).toLine();
    expect(line).toContain(
      `${path}:byte ${whole.length - 5}: the file ends 5 bytes before the end of the record at byte `,
    );
    expect(line).toMatch(/\d; 2 whole frames come before it$/);
  });

  it.each(["cut", "length", "block", "compression", "version"] as const)(
    "that is damaged (%s) is not told which formats there are: it has one of them",
    (kind) => {
      const line = (frames: number) => captureFaultError("x.pcap", { kind, offset: 9, what: "wrong" }, frames).toLine();
      expect(line(0)).toBe("x.pcap:byte 9: wrong; no whole frames come before it");
      expect(line(1)).toBe("x.pcap:byte 9: wrong; 1 whole frame comes before it");
      expect(line(1234)).toBe("x.pcap:byte 9: wrong; 1234 whole frames come before it");
    },
  );

  it("when it is no capture, says so", () => {
    const path = join(folder, "text.pcap");
    writeFileSync(path, "this is no capture at all");
    const { fault } = readCaptureFile(path);
    expect(captureFaultError(path, fault!, 0).toLine()).toBe(
      `${path}:byte 0: 0x74686973 begins no capture file; accepted: pcap (microseconds or nanoseconds) or pcapng, either byte order; .gz or .zst where it is compressed`,
    );
  });
});
