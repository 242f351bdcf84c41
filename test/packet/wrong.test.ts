/** Headers that are wrong on purpose in their lengths: the one field, nothing else; found by ours and by tshark. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, describe, expect, it } from "vitest";
import { buildFrame, dissect, type Header, headerOf, headersBytes } from "../../src/packet/index.js";
import { writeCapture } from "../../src/pcap/index.js";
import { missing, skips } from "../support/probe.js";
import { tsharkFields } from "../support/tshark.js";

const noTshark = missing("tshark");
const scratch = mkdtempSync(`${tmpdir()}/pktgen-wrong-`);
afterAll(() => rmSync(scratch, { recursive: true }));

const eth = headerOf("ethernet", {});
const ip = headerOf("ipv4", {});
const udp = headerOf("udp", {});
const geneve = (values: object): Header[] => [eth, ip, udp, headerOf("geneve", { vni: 1, ...values }), eth, ip, udp];

interface Wrong {
  readonly name: string;
  readonly right: readonly Header[];
  readonly wrong: readonly Header[];
  /** The byte that differs, and by which value. */
  readonly at: number;
  readonly byte: number;
  /** By our dissector. */
  readonly fault: string;
  readonly tshark: RegExp;
}

const cases: readonly Wrong[] = [
  {
    name: "an IPv4 header length below five words",
    right: [eth, ip, udp],
    wrong: [eth, headerOf("ipv4", { wrong: { headerLength: 4 } }), udp],
    at: 14,
    byte: 0x44,
    fault: "ipv4.headerLength",
    tshark: /[Bb]ogus IP header length/,
  },
  {
    name: "a TCP data offset below five words",
    right: [eth, ip, headerOf("tcp", {})],
    wrong: [eth, ip, headerOf("tcp", { wrong: { dataOffset: 4 } })],
    at: 46,
    byte: 0x40,
    fault: "tcp.dataOffset",
    tshark: /[Bb]ogus TCP header length/,
  },
  {
    name: "Geneve options longer than the frame",
    right: geneve({}),
    wrong: geneve({ wrong: { optionsLength: 63 } }),
    at: 42,
    byte: 0x3f,
    fault: "geneve.header",
    tshark: /[Mm]alformed/,
  },
];

const frameOf = (layers: readonly Header[]): Uint8Array => buildFrame(layers, headersBytes(layers) + 40);

describe("a length that is wrong on purpose", () => {
  it.each(cases)("$name: only that byte differs, but for the checksums that cover it", ({ right, wrong, at, byte }) => {
    const [good, bad] = [frameOf(right), frameOf(wrong)];
    const differing = [...bad.keys()].filter((i) => bad[i] !== good[i]);
    expect(bad[at]).toBe(byte);
    expect(differing).toContain(at);
    const outside = differing.filter((i) => i !== at && !dissectSums(right, good).includes(i));
    expect(outside).toEqual([]);
  });

  it.each(cases)("$name: is found where it is", ({ wrong, fault }) => {
    const { faults } = dissect(frameOf(wrong));
    expect(faults.map(({ protocol, field }) => `${protocol}.${field}`)).toContain(fault);
  });

  const path = `${scratch}/wrong.pcap`;
  const frames = cases.map(({ wrong }, i) => {
    const bytes = frameOf(wrong);
    return { seconds: i, nanoseconds: 0, originalBytes: bytes.length, bytes };
  });
  writeFileSync(path, writeCapture(frames));
  const rows = noTshark === null ? tsharkFields(path, ["_ws.expert.message", "_ws.malformed", "_ws.col.Info"]) : [];

  it.skipIf(skips(noTshark)).each(cases.map((each, i) => ({ ...each, i })))(
    `$name: tshark says so${noTshark === null ? "" : ` (skipped: ${noTshark})`}`,
    ({ i, tshark }) => expect(rows[i].join(" ")).toMatch(tshark),
  );
});

/** Bytes of the Internet checksums of a frame. */
function dissectSums(layers: readonly Header[], frame: Uint8Array): number[] {
  const found = dissect(frame);
  expect(found.layers.length).toBe(layers.length);
  const sums = { ipv4: 10, udp: 6, tcp: 16 } as const;
  return found.layers.flatMap(({ header, start }) => {
    const at = sums[header.protocol as keyof typeof sums];
    return at === undefined ? [] : [start + at, start + at + 1];
  });
}

describe("SCTP chunks", () => {
  const packet = (padding: Readonly<Record<string, unknown>>): Uint8Array =>
    frameOf([eth, ip, headerOf("sctp", { chunks: [{ type: "heartbeat", value: "01 02 03", ...padding }] })]);

  it("are padded with zeros to four bytes, or with what is asked for", () => {
    expect(packet({})[53]).toBe(0);
    expect(packet({ padding: "a5" })[53]).toBe(0xa5);
    expect(packet({ padding: "" }).length).toBe(packet({}).length - 1);
    expect(dissect(packet({ padding: "a5" })).layers.at(-1)!.header).toMatchObject({
      chunks: [{ value: Uint8Array.of(1, 2, 3), padding: Uint8Array.of(0xa5) }],
    });
  });
});

describe("802.3", () => {
  it("has the payload's length where an EtherType would be, a wrong one if asked, and none above 1535", () => {
    const stack = (values: Readonly<Record<string, unknown>>): Header[] => [
      headerOf("ethernet", values),
      headerOf("llc", {}),
      headerOf("snap", {}),
      ip,
      udp,
    ];
    const good = frameOf(stack({}));
    expect((good[12] << 8) | good[13]).toBe(good.length - 14);
    expect(dissect(good).faults).toEqual([]);
    const bad = frameOf(stack({ etherType: 500 }));
    expect(dissect(bad).faults).toMatchObject([{ protocol: "ethernet", field: "etherType" }]);
    const trailer = Uint8Array.from([...good, 9, 9]);
    expect(dissect(trailer)).toMatchObject({ trailerBytes: 2, faults: [] });
    expect(() => buildFrame(stack({}), 1600)).toThrow(/1586 bytes has no 802\.3 length/);
  });
});

describe("PPP's compressed protocol", () => {
  it("is an odd number of one byte; without a known layer behind it, that of padding", () => {
    expect(headerOf("ppp", { pppProtocol: 0xfd, compressed: true })).toMatchObject({ pppProtocol: 0xfd });
    for (const pppProtocol of [0x22, 0x0121, 0xc021]) {
      expect(() => headerOf("ppp", { pppProtocol, compressed: true })).toThrow(/cannot be compressed to one byte/);
    }
    const bytes = buildFrame([headerOf("ppp", { compressed: true })], 5);
    expect(bytes[0]).toBe(1);
    expect(dissect(bytes, "ppp")).toMatchObject({
      layers: [{ header: { protocol: "ppp", pppProtocol: 1, compressed: true }, headerBytes: 1 }],
      payload: { start: 1, end: 5 },
      faults: [],
    });
  });

  it("that is cut is said to be: nothing, or the first byte of a whole one", () => {
    expect(dissect(new Uint8Array(0), "ppp").faults).toMatchObject([{ protocol: "ppp", what: "0 bytes left of 2" }]);
    expect(dissect(Uint8Array.of(0xc0), "ppp").faults).toMatchObject([{ protocol: "ppp", what: "1 bytes left of 2" }]);
    expect(dissect(Uint8Array.of(0x21), "ppp").layers).toMatchObject([{ header: { protocol: "ppp" } }]);
  });
});
