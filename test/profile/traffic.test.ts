/** Profiles of streams: what each key means, and mistakes at their place in the file. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { PktgenError } from "../../src/errors.js";
import { ethernet, ipv4, parseIpv4, parseMac, udp, vlan } from "../../src/packet/index.js";
import { encodeCapture } from "../../src/pcap/codec.js";
import { loadProfile, parseProfile, parseSettings } from "../../src/profile/index.js";

const scratch = mkdtempSync(join(tmpdir(), "pktgen-profile-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const failure = (text: string, settings: readonly string[] = []): string => {
  try {
    parseProfile(text, join(scratch, "p.yaml"), { settings: parseSettings(settings) });
  } catch (error) {
    if (error instanceof PktgenError) return `${error.exitCode} ${error.toLine().replace(`${scratch}/`, "")}`;
    throw error;
  }
  return "no error";
};

const streams = (text: string, settings: readonly string[] = []) =>
  parseProfile(text, join(scratch, "p.yaml"), { settings: parseSettings(settings) }).traffic!.streams;

const one = (keys: string): string =>
  `streams:\n  - packet: [ethernet, ipv4, udp]\n${keys.replaceAll(/^/gm, "    ")}\n`;

describe("a stream", () => {
  it("is a stack of headers, the plan's where nothing is said", () => {
    const [{ layers, name, payload, size, rate, weight, schedule }] = streams(
      "streams: [{ packet: [ethernet, vlan: { id: 5 }, ipv4: { ttl: 3 }, udp: { dstPort: 53 }] }]",
    );
    expect(layers).toEqual([
      ethernet({ dst: parseMac("00:11:22:33:44:10"), src: parseMac("02:00:00:00:00:01") }),
      vlan({ id: 5 }),
      ipv4({ src: parseIpv4("198.18.0.1"), dst: parseIpv4("198.19.0.1"), ttl: 3 }),
      udp({ srcPort: 1024, dstPort: 53 }),
    ]);
    expect({ name, payload, size, rate, weight, schedule }).toEqual({
      name: "stream 1",
      payload: { kind: "increment" },
      size: null,
      rate: null,
      weight: 1,
      schedule: { kind: "continuous", startNs: null },
    });
  });

  it.each([
    ["payload: zero", { kind: "zero" }],
    ["payload: random", { kind: "random", seed: 1 }],
    ["payload: { random: 7 }", { kind: "random", seed: 7 }],
    ["payload: { hex: de ad be ef }", { kind: "bytes", bytes: Uint8Array.of(0xde, 0xad, 0xbe, 0xef) }],
    ["payload: { text: ab }", { kind: "bytes", bytes: Uint8Array.of(0x61, 0x62) }],
    ["payload: { file: payload.bin }", { kind: "bytes", bytes: Uint8Array.of(1, 2, 3) }],
  ])("has a payload: %s", (keys, payload) => {
    writeFileSync(join(scratch, "payload.bin"), Uint8Array.of(1, 2, 3));
    expect(streams(one(keys))[0].payload).toEqual(payload);
  });

  it.each([
    ["size: 128", { kind: "fixed", frameBytes: 128 }],
    ["size: [64, 1518]", { kind: "list", frameBytes: [64, 1518] }],
    ["size: 64-128:64", { kind: "list", frameBytes: [64, 128] }],
    ["size: { min: 64, max: 70 }", { kind: "range", min: 64, max: 70, step: 1 }],
    ["size: { min: 64, max: 70, random: true }", { kind: "random", min: 64, max: 70 }],
    [
      "size: { mix: m, parts: [{ size: 64, weight: 1 }] }",
      { kind: "mix", name: "m", parts: [{ frameBytes: 64, weight: 1 }] },
    ],
  ])("has a size: %s", (keys, size) => expect(streams(one(keys))[0].size).toEqual(size));

  it("may be one frame as it is given: hex, or a file of a capture, of hex or of bytes", () => {
    const frame = Uint8Array.from({ length: 64 }, (_, i) => i);
    const other = Uint8Array.from({ length: 100 }, () => 0xee);
    const hex = Buffer.from(frame).toString("hex");
    const times = { seconds: 0, nanoseconds: 0 };
    const captured = [frame, other].map((bytes) => ({ ...times, bytes, originalBytes: bytes.length }));
    writeFileSync(join(scratch, "one.pcap"), encodeCapture(captured.slice(0, 1)));
    writeFileSync(join(scratch, "two.pcapng"), encodeCapture(captured, "pcapng"));
    writeFileSync(join(scratch, "frame.hex"), `${hex.replaceAll(/(..)/g, "$1 ")}\n`);
    writeFileSync(join(scratch, "frame.bin"), frame);
    const lengths = [
      hex,
      `hex:${hex}`,
      "{ file: one.pcap }",
      '{ file: "two.pcapng#2" }',
      "{ file: frame.hex }",
      "{ file: frame.bin }",
    ].map((text) => streams(`streams: [{ frame: ${text} }]`)[0]);
    expect(lengths.map(({ size }) => size)).toEqual(
      [68, 68, 68, 104, 68, 68].map((frameBytes) => ({ kind: "fixed", frameBytes })),
    );
    for (const { layers, payload } of [0, 1, 2, 4, 5].map((k) => lengths[k])) {
      expect({ layers, payload }).toEqual({ layers: lengths[0].layers, payload: lengths[0].payload });
    }
  });

  it("has fields that change", () => {
    const [{ fields }] = streams(
      one(`fields:
  - { field: ipv4.src, increment: { min: 198.18.0.1, max: 198.18.0.9 } }
  - { field: udp.srcPort, decrement: { min: 1, max: 9, step: 2 }, after: ipv4.src, period: 90 }
  - { field: udp.dstPort, list: [53, 80] }
  - { bits: { offset: 15, mask: 0xfc, bytes: 1 }, random: { min: 0, max: 63, limit: 8 } }`),
    );
    expect(fields).toEqual([
      {
        target: { field: "ipv4.src" },
        change: { kind: "increment", min: "198.18.0.1", max: "198.18.0.9", step: 1 },
        after: null,
        period: null,
        perQueue: null,
      },
      {
        target: { field: "udp.srcPort" },
        change: { kind: "decrement", min: 1, max: 9, step: 2 },
        after: 0,
        period: 90,
        perQueue: null,
      },
      {
        target: { field: "udp.dstPort" },
        change: { kind: "list", values: [53, 80] },
        after: null,
        period: null,
        perQueue: null,
      },
      {
        target: { offset: 15, mask: 0xfc, bytes: 1 },
        change: { kind: "random", min: 0, max: 63, seed: null, limit: 8 },
        after: null,
        period: null,
        perQueue: null,
      },
    ]);
  });

  it.each([
    ["schedule: { start: 1ms, frames: 9 }", { kind: "continuous", startNs: 1_000_000, frames: 9 }],
    [
      "schedule: { bursts: { frames: 10, gap: 1ms, count: 3 } }",
      { kind: "bursts", startNs: 0, frames: 10, bursts: 3, gapNs: 1_000_000 },
    ],
    [
      "schedule: { ramp: { from: 10%, to: 100%, within: 1s } }",
      { kind: "ramp", startNs: 0, fromShare: 0.1, toShare: 1, rampNs: 1e9 },
    ],
    ["schedule: { poisson: true }", { kind: "poisson", startNs: 0, seed: null }],
    ["schedule: { poisson: { seed: 4 }, start: 1us }", { kind: "poisson", startNs: 1000, seed: 4 }],
  ])("has a schedule: %s", (keys, schedule) =>
    expect(streams(one(`rate: 10kpps\n${keys}`))[0].schedule).toEqual(schedule),
  );

  it("comes after another", () => {
    const both = streams(`streams:
  - { name: a, packet: [ethernet, ipv4, udp], rate: 1kpps, schedule: { frames: 5 } }
  - { name: b, packet: [ethernet, ipv4, udp], rate: 2kpps, schedule: { after: a, start: 1ms } }
`);
    expect(both[1].schedule).toEqual({
      kind: "after",
      stream: "a",
      schedule: { kind: "continuous", startNs: 1_000_000, frames: null },
    });
    expect(both.map(({ rate }) => rate)).toEqual([
      { kind: "pps", pps: 1000 },
      { kind: "pps", pps: 2000 },
    ]);
  });
});

describe("parameters", () => {
  const text = `parameters: { vlan: 5, host: 1, dst: 198.19.0.1 }
streams: [{ name: "to \${dst}", packet: [ethernet, vlan: { id: "\${vlan}" }, ipv4: { src: "198.18.0.\${host}", dst: "\${dst}" }, udp] }]
`;

  it("have defaults, and --set over them", () => {
    expect(streams(text)[0]).toMatchObject({ name: "to 198.19.0.1" });
    const [{ name, layers }] = streams(text, ["vlan=7", "host=2", "dst=198.19.0.9"]);
    expect(name).toBe("to 198.19.0.9");
    expect(layers.slice(1, 3)).toEqual([
      vlan({ id: 7 }),
      ipv4({ src: parseIpv4("198.18.0.2"), dst: parseIpv4("198.19.0.9") }),
    ]);
  });

  it("are refused by name, and their values at the place of use", () => {
    expect(failure(text, ["vlna=7"])).toBe(
      '2 --set: the profile has no parameter "vlna"; accepted: vlan, host, dst; did you mean vlan?',
    );
    expect(failure(text, ["vlan=4096"])).toMatch(/^2 p.yaml:2:\d+: 4096 is not accepted; accepted: 0 to 4095$/);
    expect(failure(text.replace("{host}", "{hots}"))).toMatch(
      /^2 p.yaml:2:\d+: there is no parameter "hots"; .* did you mean host\?$/,
    );
    expect(failure("sizes: 64", ["a=1"])).toMatch(/the profile has no parameter "a"/);
    expect(() => parseSettings(["=1"])).toThrow(/sets nothing/);
    expect(failure(text, ["vlan=7", "host=1", "vlan=8"])).toBe(
      '2 --set: the parameter "vlan" is set twice; accepted: each parameter once',
    );
  });
});

describe("includes", () => {
  it("put the other file's streams first, with its parameters and its own places in errors", () => {
    writeFileSync(
      join(scratch, "base.yaml"),
      `parameters: { id: 3 }\nstreams: [{ name: base, packet: [ethernet, vlan: { id: "\${id}" }, ipv4, udp] }]\n`,
    );
    writeFileSync(join(scratch, "top.yaml"), `include: base.yaml\nsizes: 128\n${one("name: top")}`);
    const { traffic } = loadProfile(join(scratch, "top.yaml"), { settings: new Map([["id", 9]]) });
    expect(traffic?.streams.map(({ name }) => name)).toEqual(["base", "top"]);
    expect(traffic?.streams[0].layers[1]).toEqual(vlan({ id: 9 }));
    expect(traffic?.sizes).toEqual([{ kind: "fixed", frameBytes: 128 }]);
    expect(() => loadProfile(join(scratch, "top.yaml"), { settings: new Map([["id", 9999]]) })).toThrow(
      expect.objectContaining({ where: expect.stringMatching(/base\.yaml:2:\d+$/) }),
    );
  });

  it("are refused where they are missing or go in a circle", () => {
    writeFileSync(join(scratch, "p.yaml"), "include: p.yaml\n");
    expect(failure("include: p.yaml\n")).toMatch(/^2 p.yaml:1:10: p.yaml includes itself/);
    expect(failure("include: [none.yaml]\n")).toMatch(/^2 p.yaml:1:11: the profile none.yaml does not exist/);
    expect(failure("parameters: {}\n")).toMatch(/^2 p.yaml: the profile has no stream; accepted: streams: a list/);
  });
});

describe("mistakes", () => {
  it.each([
    [
      "streams: [{ packet: [ethernet, ipv5] }]",
      '1:32: there is no protocol "ipv5"; accepted: ethernet, .*; did you mean ipv4\\?',
    ],
    ["streams: [{ packet: [ethernet, arp, udp] }]", "1:37: arp cannot carry udp"],
    ["streams: [{ packet: [ethernet, ipv4: { ttl: 256 }, udp] }]", "1:45: 256 is not accepted; accepted: 0 to 255"],
    [
      "streams: [{ packet: [ethernet, ipv4: { tll: 6 }, udp] }]",
      '1:45: ipv4 has no field "tll"; accepted: src, .*; did you mean ttl\\?',
    ],
    ["streams: [{ packet: [ethernet, { ipv4: {}, udp: {} }] }]", "1:32: a header with 2 names; accepted: one name"],
    ["streams: [{ packet: [ethernet, vlan] }]", "1:32: vlan needs id; accepted: 0 to 4095"],
    [one("pakcet: 1"), '3:5: unknown key "pakcet"; accepted: name, .*; did you mean packet\\?'],
    ["streams: [{ name: a }]", "1:11: a stream without packet; accepted: packet: .*; or frame"],
    [one("frame: '00'"), "2:13: packet beside frame: a given frame has all of its bytes"],
    ["streams: [{ frame: 'zz' }]", "1:20: this is no frame in hex"],
    ["streams: [{ frame: '0011' }]", "1:20: 2 bytes are no Ethernet frame"],
    ["streams: [{ frame: 'hex:' }]", "1:20: this is no frame in hex"],
    ["streams: [{ frame: { file: none.pcap } }]", "1:20: none.pcap does not exist"],
    ["streams: [{ frame: { file: /etc/passwd } }]", "lies outside of the profile's folder"],
    [one("payload: zeros"), '3:14: "zeros" is no payload'],
    [one("payload: { hex: 9 }"), "3:21: payload.* can't be 9|3:21: hex can't be 9"],
    [one("payload: { file: none.bin }"), "3:22: none.bin does not exist"],
    [one("size: 63"), "3:11: .*63"],
    [one("rate: 10kp"), '3:11: "10kp" is not a rate'],
    [one("fields: [{ field: ipv4.tll, list: [1] }]"), '3:23: ipv4 has no field "tll"; .*; did you mean ttl\\?'],
    [one("fields: [{ field: ipv4.ttl }]"), "3:14: a change without a kind"],
    [one("fields: [{ field: ipv4.ttl, list: [1], random: { min: 0, max: 1 } }]"), "3:14: list and random at once"],
    [one("fields: [{ list: [1] }]"), "3:14: a change needs one place"],
    [
      one("fields: [{ field: udp.srcPort, list: [1], after: udp.dstPort }]"),
      '3:54: no change is of "udp.dstPort"; .*did you mean udp.srcPort',
    ],
    [one("fields: [{ field: ipv4.ttl, list: [300] }]"), "2:5: 300 does not fit|300 does not fit"],
    [one("schedule: { frames: 1, poisson: true }"), "3:15: poisson and frames at once"],
    [one("schedule: { after: b }"), '2:5: there is no stream "b" to come after; accepted: stream 1'],
    [
      "sizes: 64\nstreams: [{ packet: [ethernet, ipv4, udp: { srcPort: 1 }, vxlan: { vni: 1 }, ethernet, ipv4, udp] }]",
      "needs 96 bytes with FCS, more than a frame of 64",
    ],
    [
      "streams:\n  - { name: a, packet: [ethernet], schedule: { after: b } }\n  - { name: b, packet: [ethernet], schedule: { after: a } }",
      "2:5: streams come after each other in a circle: a, b, a",
    ],
    [
      "streams:\n  - { name: a, packet: [ethernet] }\n  - { name: a, packet: [ethernet] }",
      '3:5: there are two streams "a"',
    ],
    [
      "streams:\n  - { name: a, packet: [ethernet] }\n  - { name: b, packet: [ethernet], schedule: { after: a } }",
      '3:5: "a" never ends, so that nothing comes after it',
    ],
  ])("are shown where they are: %#", (text, line) => expect(failure(text)).toMatch(new RegExp(line)));
});

describe("a shipped profile, spoilt", () => {
  const folder = join(import.meta.dirname, "../../profiles");
  const texts = readdirSync(folder)
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => readFileSync(join(folder, name), "utf8").replaceAll(/^#.*\n/gm, ""));
  const words = [
    "",
    "-1",
    "99999999999",
    "{}",
    "[]",
    "null",
    "true",
    "1.5",
    "x",
    "0x",
    '"',
    "ipv6",
    "raw",
    "$" + "{a}",
    "\n",
  ];

  it("is read, or refused in a sentence, whatever became of its text", () => {
    const word = fc.constantFrom(...words);
    fc.assert(
      fc.property(
        fc.constantFrom(...texts),
        fc.array(fc.tuple(fc.nat(400), fc.nat(8), word), { maxLength: 3 }),
        (text, spots) => {
          const spoilt = spots.reduce(
            (all, [at, length, put]) => all.slice(0, at) + put + all.slice(at + length),
            text,
          );
          expect(failure(spoilt)).toMatch(/^(no error|2 )/);
        },
      ),
      { numRuns: 400 },
    );
  });
});
