/** Capture files are read and written as streams, whatever their size. */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PktgenError } from "../../src/errors.js";
import { CaptureReader, CaptureWriter, defaultCaptureFormat, writeCapture } from "../../src/pcap/index.js";
import { missing, skips } from "../support/probe.js";
import { noSmallDisk, smallDisk } from "../support/small-disk.js";
import { tsharkFields } from "../support/tshark.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pktgen-pcap-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Frame i: length and bytes follow from i. */
const lengthOf = (i: number) => 60 + ((i * 37) % 1455);
const nanosecondsOf = (i: number) => (i * 1_234_567) % 1_000_000_000;

async function write(path: string, frames: number): Promise<void> {
  using writer = await CaptureWriter.create(path);
  const bytes = new Uint8Array(2048);
  for (let i = 0; i < frames; i++) {
    const length = lengthOf(i);
    for (let k = 0; k < length; k++) bytes[k + 3] = (i + k) & 0xff;
    writer.frame(bytes, 3, length, length + (i % 5), 1_700_000_000 + i, nanosecondsOf(i));
  }
  writer.close();
  expect(writer.framesWritten).toBe(frames);
}

/** Checks every frame; returns how many there were, and the fault. */
async function check(path: string) {
  using reader = await CaptureReader.open(path);
  let i = 0;
  for await (const batch of reader.batches()) {
    expect(batch.first).toBe(i);
    for (let k = 0; k < batch.count; k++, i++) {
      const frame = batch.frame(k);
      if (frame.length !== lengthOf(i) || frame[0] !== (i & 0xff) || frame.at(-1) !== ((i + frame.length - 1) & 0xff)) {
        throw new Error(`frame ${i} is another`);
      }
      const time = [batch.seconds[k], batch.nanoseconds[k], batch.original[k]];
      if (`${time}` !== `${[1_700_000_000 + i, nanosecondsOf(i), lengthOf(i) + (i % 5)]}`) {
        throw new Error(`frame ${i}: ${time}`);
      }
    }
  }
  expect(reader.frames).toBe(i);
  return { frames: i, fault: reader.fault };
}

it("frames of every short length are whole, at any alignment, also where their bytes are NaNs", async () => {
  const path = join(folder, "lengths.pcap");
  const bytes = new Uint8Array(512);
  const whole: number[] = [];
  using writer = await CaptureWriter.create(path);
  for (let round = 0; round < 12_000; round++) {
    // Signalling and quiet NaNs of both signs, at any place of a frame.
    for (let i = 0; i < bytes.length; i++)
      bytes[i] = [round, 0x34, 0x12, 0x80 >> (round % 3), 0xf0, 0x7f, 0xff][(i + round) % 7];
    const [start, length] = [round % 11, round % 260];
    writer.frame(bytes, start, length, length, 1, 2);
    whole.push(bytes.subarray(start, start + length).reduce((sum, byte) => (sum * 31 + byte) >>> 0, length));
  }
  writer.close();
  using reader = await CaptureReader.open(path);
  let wrong = 0;
  for await (const batch of reader.batches()) {
    for (let k = 0; k < batch.count; k++) {
      const frame = batch.frame(k);
      if (frame.reduce((sum, byte) => (sum * 31 + byte) >>> 0, frame.length) !== whole[batch.first + k]) wrong++;
    }
  }
  expect([reader.frames, wrong]).toEqual([12_000, 0]);
});

const names = ["x.pcap", "x.pcapng", "x.pcap.gz", "x.pcapng.gz", "x.pcap.zst", "x.pcapng.zst"];

const noZstd = missing("zstd");

describe("a file many times the buffer", () => {
  it.each(names)("%s is read as it was written", async (name) => {
    const path = join(folder, name);
    await write(path, 5000);
    expect(await check(path)).toEqual({ frames: 5000, fault: null });
  });

  it.each(["x.pcap", "x.pcapng", "x.pcap.gz", "x.pcapng.gz"])(
    "%s is the same for tshark and capinfos",
    async (name) => {
      const why = missing("tshark") ?? missing("capinfos");
      if (why !== null) return;
      const path = join(folder, `t-${name}`);
      await write(path, 700);
      const rows = tsharkFields(path, ["frame.time_epoch", "frame.len", "frame.cap_len"]);
      expect(rows).toEqual(
        Array.from({ length: 700 }, (_, i) => [
          `${1_700_000_000 + i}.${String(nanosecondsOf(i)).padStart(9, "0")}`,
          String(lengthOf(i) + (i % 5)),
          String(lengthOf(i)),
        ]),
      );
      const said = spawnSync("capinfos", ["-M", "-t", "-E", "-c", path], { encoding: "utf8" }).stdout;
      expect(said).toMatch(/Number of packets:\s+700/);
      expect(said).toMatch(name.includes("pcapng") ? /File type:\s+pcapng/ : /File type:\s+nsecpcap/);
    },
  );

  it.skipIf(skips(noZstd))(
    `of one zstd frame, as the zstd program makes them${noZstd === null ? "" : ` (skipped: ${noZstd})`}`,
    async () => {
      const path = join(folder, "program.pcap");
      await write(path, 5000);
      expect(spawnSync("zstd", ["-qf", path]).status).toBe(0);
      expect(await check(`${path}.zst`)).toEqual({ frames: 5000, fault: null });
      expect(spawnSync("zstd", ["-dcq", join(folder, "x.pcap.zst")], { maxBuffer: 1e8 }).stdout.length).toBe(
        statSync(join(folder, "x.pcap")).size,
      );
    },
  );
});

const refused = async (path: string): Promise<string> => {
  try {
    using reader = await CaptureReader.open(path);
    return `opened ${reader.format}`;
  } catch (error) {
    if (!(error instanceof PktgenError)) throw error;
    expect(error.exitCode).toBe(2);
    return error.toLine();
  }
};

describe("bad input", () => {
  const place = (name: string, bytes: Uint8Array | string): string => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  const frames = [{ seconds: 1, nanoseconds: 2, originalBytes: 60, bytes: new Uint8Array(60) }];
  const erfRecord = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0x65, 2, 4, 0, 80, 0, 0, 0, 64, ...new Uint8Array(64));

  it.each<[string, Uint8Array | string, string]>([
    ["empty.pcap", "", "the file is empty"],
    ["three.pcap", "abc", "the file has 3 bytes, a capture at least 24"],
    ["text.pcap", "hello, world: this is text", "0x68656c6c begins no capture file"],
    ["packed.pcap", gzipSync("x"), "this is gzip"],
    ["packed2.pcap", Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0), "this is zstd"],
    ["packed3.pcap", "BZh91AY&SY", "this is bzip2"],
    ["snoop.pcap", "snoop\0\0\0\0\0\0\x02", "this is a snoop capture"],
    ["endace.erf", Uint8Array.of(...erfRecord, ...erfRecord), "this is an ERF file"],
    ["kuznetzov.pcap", Uint8Array.of(0x34, 0xcd, 0xb2, 0xa1, 2, 0, 4, 0), "this is a modified pcap file"],
    ["ixia.pcap", Uint8Array.of(0x1c, 0, 1, 0xac, 0, 0, 0, 0), "this is a pcap file of an IXIA device"],
    ["plain.pcap.gz", writeCapture(frames), "the gzip data is damaged"],
    ["plain.pcap.zst", writeCapture(frames), "the zstd data is damaged"],
  ])("%s is named", async (name, bytes, what) => {
    expect(await refused(place(name, bytes))).toContain(what);
  });

  it("a directory, a file that there is not, one that may not be read", async () => {
    mkdirSync(join(folder, "d.pcap"));
    expect(await refused(join(folder, "d.pcap"))).toContain("this is a directory");
    expect(await refused(join(folder, "none.pcap"))).toContain("ENOENT");
  });

  it.each(["cut.pcap", "cut.pcapng", "cut.pcap.gz", "cut.pcap.zst"])("%s: what is whole is read", async (name) => {
    const path = join(folder, name);
    await write(path, 2000);
    writeFileSync(path, readFileSync(path).subarray(0, -300));
    const { frames: found, fault } = await check(path);
    expect(fault?.kind).toBe("cut");
    expect(found).toBeGreaterThan(500);
    expect(found).toBeLessThan(2000);
  });

  describe("gzip data", () => {
    const five = () => writeCapture(Array.from({ length: 5 }, () => frames[0]!));
    const header = (flags: number, ...more: number[]) => Uint8Array.of(0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3, ...more);
    const withHeader = (start: Uint8Array) => Uint8Array.of(...start, ...gzipSync(five()).subarray(10));
    const read = async (name: string, bytes: Uint8Array) => {
      using reader = await CaptureReader.open(place(name, bytes));
      let count = 0;
      for await (const batch of reader.batches()) count += batch.count;
      return { count, fault: reader.fault };
    };

    it.each([
      ["a word", "garbage"],
      ["one byte of a magic", "\x1f"],
      ["zeros and a word", "\0\0\0garbage"],
    ])("%s behind its end is named, and all frames are kept", async (_, text) => {
      const whole = gzipSync(five());
      const { count, fault } = await read("trail.pcap.gz", Uint8Array.of(...whole, ...Buffer.from(text)));
      expect(count).toBe(5);
      const start = whole.length + text.lastIndexOf("\0") + 1;
      const what = `bytes that are no gzip data follow the end of it, from byte ${start} of the compressed file on`;
      expect(fault).toEqual({ kind: "compression", offset: five().length, what });
    });

    it.each(["trail-long.pcap.gz", "trail-long.pcapng.gz"])("of many members: %s, and bytes behind", async (name) => {
      const path = join(folder, name);
      await write(path, 5000);
      writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from("no gzip data")]));
      const { frames: found, fault } = await check(path);
      expect(found).toBe(5000);
      expect(fault).toMatchObject({ kind: "compression", what: expect.stringContaining("follow the end of it") });
    });

    it("of several members, empty ones and zeros among them, is one file", async () => {
      const bytes = five();
      const parts = [gzipSync(bytes.subarray(0, 31)), gzipSync(""), new Uint8Array(700), gzipSync(bytes.subarray(31))];
      expect(await read("members.pcap.gz", Buffer.concat([...parts, new Uint8Array(512)]))).toEqual({
        count: 5,
        fault: null,
      });
    });

    it("with every part that a header can have is read; cut in one, it is a cut file", async () => {
      const full = header(0x1e, 3, 0, 1, 2, 3, ...Buffer.from("name\0comment\0"), 0xaa, 0xbb);
      expect(await read("full.pcap.gz", withHeader(full))).toEqual({ count: 5, fault: null });
      for (let bytes = 2; bytes < full.length; bytes++) {
        const cut = Buffer.concat([gzipSync(five()), full.subarray(0, bytes)]);
        expect(await read("cut-header.pcap.gz", cut)).toMatchObject({ count: 5, fault: { kind: "cut" } });
      }
      for (const wrong of [Uint8Array.of(0x1f, 0x8b, 7, 0, ...new Uint8Array(6)), header(0x20)]) {
        const { count, fault } = await read("wrong.pcap.gz", Buffer.concat([gzipSync(five()), wrong]));
        expect(count).toBe(5);
        expect(fault?.what).toContain("the gzip data is damaged");
      }
    });

    it("whose checksum or length is wrong, or whose end is missing, keeps its frames and has a fault", async () => {
      for (const fromEnd of [8, 4]) {
        const bytes = gzipSync(five());
        bytes[bytes.length - fromEnd]! ^= 1;
        const { count, fault } = await read("check.pcap.gz", bytes);
        expect(count).toBe(5);
        expect(fault?.what).toMatch(/^the gzip data is damaged \(incorrect (data|length) check\)$/);
      }
      for (let missingBytes = 1; missingBytes <= 8; missingBytes++) {
        const cut = gzipSync(five()).subarray(0, -missingBytes);
        expect(await read("no-end.pcap.gz", cut)).toMatchObject({ count: 5, fault: { kind: "cut" } });
      }
    });
  });

  it("a header cut short is a fault, not a crash", async () => {
    using reader = await CaptureReader.open(place("short.pcap", writeCapture(frames).subarray(0, 20)));
    expect(await reader.next()).toBeNull();
    expect(reader.fault?.kind).toBe("cut");
  });

  it("a length that lies ends the reading there", async () => {
    const file = writeCapture([...frames, ...frames], defaultCaptureFormat);
    new DataView(file.buffer).setUint32(24 + 76 + 8, 0x7fff_ffff, true);
    using reader = await CaptureReader.open(place("lie.pcap", file));
    expect((await reader.next())?.count).toBe(1);
    expect(await reader.next()).toBeNull();
    expect(reader.fault).toMatchObject({ kind: "length", offset: 108 });
    expect(reader.frames).toBe(1);
  });
});

describe("a named pipe", () => {
  const pipe = (name: string): string => {
    const path = join(folder, name);
    expect(spawnSync("mkfifo", [path]).status).toBe(0);
    return path;
  };

  it("that nobody reads is refused where a capture is to be written", async () => {
    await expect(CaptureWriter.create(pipe("unread.pcap"))).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining("nobody reads this pipe"),
    });
  });

  it.each(["pipe.pcap", "pipe.pcapng.gz"])("%s is read as a file is, once somebody writes to it", async (name) => {
    const file = join(folder, `of-${name}`);
    await write(file, 3000);
    const path = pipe(name);
    const reading = check(path);
    const writer = spawn("sh", ["-c", 'cat "$0" > "$1"', file, path], { stdio: "ignore" });
    expect(await reading).toEqual({ frames: 3000, fault: null });
    writer.kill();
  });

  it("to which nobody writes is waited for without blocking, and no longer than is wanted", async () => {
    let isStopped = false;
    const reading = CaptureReader.open(pipe("silent.pcap"), { isStopped: () => isStopped });
    // Only a thread that is not blocked comes here.
    await new Promise((resolve) => setImmediate(resolve));
    isStopped = true;
    await expect(reading).rejects.toThrow("the file is empty");
    expect(() => CaptureReader.openNow(join(folder, "silent.pcap"))).toThrow("a pipe cannot be read here");
  });
});

describe("a disk that is full", () => {
  const disk = smallDisk(3);

  it.skipIf(skips(noSmallDisk(disk))).each(["full.pcap", "full.pcapng", "full.pcap.gz"])(
    "%s ends after its last whole frame, and says how many there are",
    async (name) => {
      const path = join(disk!, name);
      using writer = await CaptureWriter.create(path);
      const bytes = new Uint8Array(1514);
      for (let k = 0; k < bytes.length; k++) bytes[k] = (k * k * 31) >> 3;
      const fill = () => {
        for (let i = 0; i < 60_000; i++) {
          bytes[i % 1514] = i * 7;
          bytes[(i * 5) % 1514] = i >> 3;
          writer.frame(bytes, 0, 1514, 1514, i, 0);
        }
        writer.close();
      };
      expect(fill).toThrow(expect.objectContaining({ exitCode: 3, message: expect.stringContaining("ENOSPC") }));
      expect(writer.failure).not.toBeNull();
      using reader = await CaptureReader.open(path);
      let read = 0;
      for await (const batch of reader.batches()) read += batch.count;
      expect(reader.fault).toBeNull();
      expect(read).toBe(writer.framesWritten);
      expect(read).toBeGreaterThan(500);
      rmSync(path);
    },
  );
});
