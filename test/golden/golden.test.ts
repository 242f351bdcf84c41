/** The golden captures of plain traffic are what the compiled programs and the reference make. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { dissect } from "../../src/packet/index.js";
import { readCapture } from "../../src/pcap/index.js";
import { compileStream, fixedTrial, frameAt, referenceFrame } from "../../src/stream/index.js";
import { fixedSize } from "../../src/units.js";
import { goldenCapture } from "../support/golden-capture.js";
import { goldenSpecs } from "../support/golden-specs.js";
import { plain } from "../support/plain.js";
import { missing, skips } from "../support/probe.js";
import { tsharkCount, tsharkFields } from "../support/tshark.js";

const folder = fileURLToPath(new URL("../../pcaps/golden/", import.meta.url));

describe("the plan's 64-byte frame", () => {
  // Written by hand before the code. IPv4: 4500 + 002e + 4011 + c612 + 0001 + c613 + 0001 = 0x21166 → 0x1168 → ~ 0xee97.
  // UDP: c612 + 0001 + c613 + 0001 + 0011 + 001a + 0400 + 0009 + 001a + ffff (the signature) = 0x29074 → 0x9076 → ~ 0x6f89.
  // Signature words: 7470 0201 0000 0003 0000 0201 0403 0605 = 0x827d; balance 0x7d82, little-endian.
  const golden = [
    "001122334410 020000000001 0800",
    "4500 002e 0000 0000 40 11 ee97 c6120001 c6130001",
    "0400 0009 001a 6f89",
    "7074 01 020000 03000000 010203040506 827d",
  ];
  const bytes = golden.join("").replaceAll(" ", "");
  const stamp = { trial: fixedTrial(1), stream: 2, sequence: 3, timeNs: 0x0605_0403_0201 };

  it("is what the compiled program makes", () => {
    const program = compileStream(plain(), fixedSize(64));
    expect(Buffer.from(frameAt(program, 3, stamp)).toString("hex")).toBe(bytes);
  });

  it("is what the reference makes", () => {
    expect(Buffer.from(referenceFrame(plain(), fixedSize(64), 3, stamp)).toString("hex")).toBe(bytes);
  });
});

it("there is a golden capture for each spec, and no other", () => {
  expect(readdirSync(folder).sort()).toEqual(goldenSpecs.map(({ name }) => `${name}.pcap`).sort());
});

it("every capture is described, with the number of its frames", () => {
  const text = readFileSync(`${folder}../README.md`, "utf8");
  const files = ["golden", "profiles"].flatMap((name) =>
    readdirSync(`${folder}../${name}`).map((file) => {
      const { frames } = readCapture(readFileSync(`${folder}../${name}/${file}`));
      return `| \`${name}/${file}\` | ${frames.length} |`;
    }),
  );
  expect(text.match(/^\| `[^|]*\| \d+ \|/gm)?.toSorted()).toEqual(files.toSorted());
});

const noTshark = missing("tshark");
const skipName = noTshark === null ? "" : ` (skipped: ${noTshark})`;

describe.each(goldenSpecs)("$name.pcap", (golden) => {
  const path = `${folder}${golden.name}.pcap`;
  const count = golden.framesPerSize * golden.spec.sizes.length;

  it("is byte for byte what the compiled program and the reference give", () => {
    const file = readFileSync(path);
    const compiled = goldenCapture(golden, (spec, size, index, stamp) =>
      frameAt(compileStream(spec, size), index, stamp),
    );
    expect(Buffer.compare(file, compiled)).toBe(0);
    expect(Buffer.compare(file, goldenCapture(golden, referenceFrame))).toBe(0);
  });

  it("has nothing wrong by our own dissector", () => {
    const { frames, fault } = readCapture(readFileSync(path));
    expect([frames.length, fault]).toEqual([count, null]);
    for (const { bytes } of frames) expect(dissect(bytes).faults).toEqual([]);
  });

  it.skipIf(skips(noTshark))(`has nothing malformed and no bad checksum by tshark${skipName}`, () => {
    expect(tsharkCount(path, "_ws.malformed || _ws.expert.severity >= warning")).toBe(0);
    // 1 is "good", so that an unchecked checksum does not pass for a right one.
    const rows = tsharkFields(path, ["udp.checksum.status", "ip.checksum.status", "eth.dst", "udp.dstport"]);
    const row = ["1", golden.spec.ip === 4 ? "1" : "", "00:11:22:33:44:10", "9"];
    expect(rows).toEqual(new Array(count).fill(row));
  });
});

it.skipIf(skips(noTshark))(`tshark does find a wrong checksum where there is one${skipName}`, () => {
  const scratch = mkdtempSync(`${tmpdir()}/pktgen-golden-`);
  try {
    const bytes = readFileSync(`${folder}odd-sizes.pcap`);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(`${scratch}/broken.pcap`, bytes);
    expect(tsharkCount(`${scratch}/broken.pcap`, "udp.checksum.status == 0")).toBe(1);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});
