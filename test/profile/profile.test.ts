/** Profiles: the shipped ones load, and mistakes are shown at their place in the file. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PktgenError } from "../../src/errors.js";
import { loadProfile, parseProfile } from "../../src/profile/index.js";
import { defaultPlainTraffic, isSigned, plainTraffic } from "../../src/stream/spec.js";
import { plain } from "../support/plain.js";

const folder = join(import.meta.dirname, "../../profiles");
const shipped = readdirSync(folder).filter((name) => name.endsWith(".yaml"));

const failure = (text: string): string => {
  try {
    parseProfile(text, "p.yaml");
  } catch (error) {
    if (error instanceof PktgenError) return `${error.exitCode} ${error.toLine()}`;
    throw error;
  }
  return "no error";
};

describe("shipped profiles", () => {
  it("are those that the recipe names", () => {
    const recipe = readFileSync(join(folder, "../docs/recipes/traffic.md"), "utf8");
    for (const name of shipped) expect(recipe).toContain(`\`${name.replace(".yaml", "")}\``);
  });

  it.each(shipped)("%s begins with a comment, has a description, and is signed at every size", (name) => {
    expect(readFileSync(join(folder, name), "utf8")).toMatch(/^# /);
    const { description, stream, traffic } = loadProfile(join(folder, name));
    expect(description).not.toBe("");
    const spec = traffic ?? plain(stream);
    expect(spec.sizes.filter((size) => !isSigned(spec, size))).toEqual([]);
  });
});

describe("parseProfile", () => {
  it("reads every key", () => {
    const { description, stream } = parseProfile(
      `description: all of it
sizes: [128, 256-512:128, { mix: two, parts: [{ size: 100, weight: 3 }, { size: 1000, weight: 1 }] }]
ethernet: { dst: 00:00:00:00:00:02, src: 02:00:00:00:00:09 }
vlan: { id: 7 }
ip: { version: 6, src: "2001:2::a", dst: "2001:2::b" }
udp: { src: 5000, dst: 6000 }
flows: 12
pinFlows: 3
`,
      "all.yaml",
    );
    expect(description).toBe("all of it");
    const mix = {
      kind: "mix",
      name: "two",
      parts: [
        { frameBytes: 100, weight: 3 },
        { frameBytes: 1000, weight: 1 },
      ],
    };
    expect(stream).toEqual({
      sizes: [...[128, 256, 384, 512].map((frameBytes) => ({ kind: "fixed", frameBytes })), mix],
      dstMac: "00:00:00:00:00:02",
      srcMac: "02:00:00:00:00:09",
      vlan: 7,
      ip: 6,
      srcAddress: "2001:2::a",
      dstAddress: "2001:2::b",
      srcPort: 5000,
      dstPort: 6000,
      flows: 12,
      pinQueues: 3,
    });
  });

  it("says nothing where the file says nothing", () => {
    expect(parseProfile("# only a comment\n", "empty.yaml").stream).toEqual({});
    expect(plainTraffic(parseProfile("", "empty.yaml").stream)).toEqual(defaultPlainTraffic);
  });
});

/** File → line:column, what is wrong there, what is accepted, and what was meant. */
const mistakes: readonly (readonly [text: string, sentence: string])[] = [
  [
    "sizes: 64\nflow: 5\n",
    '2 p.yaml:2:1: unknown key "flow"; accepted: description, sizes, ethernet, vlan, ip, udp, flows, pinFlows, thresholds, streams, parameters, include; did you mean flows?',
  ],
  ["ethernet:\n  dest: 00:11:22:33:44:10\n", '2 p.yaml:2:3: unknown key "dest"; accepted: dst, src; did you mean dst?'],
  ["sizes: [64, 9]\n", "2 p.yaml:1:13: frame size 9 is below 64"],
  ["sizes: []\n", "2 p.yaml:1:8: sizes is empty; accepted: at least one size"],
  ["sizes: [64, big]\n", '2 p.yaml:1:13: "big" is not a frame size'],
  [
    "sizes:\n  - mix: m\n    parts: [{ size: 64, weight: 0 }]\n",
    "2 p.yaml:3:33: parts.weight can't be 0; accepted: a whole number from 1",
  ],
  ["sizes:\n  - mix: m\n    parts: [{ size: 60, weight: 1 }]\n", "2 p.yaml:3:21: frame size 60 is below 64"],
  ["sizes:\n  - mix: m\n", "2 p.yaml:2:5: parts is missing; accepted: a list of { size, weight }"],
  ["flows: many\n", '2 p.yaml:1:8: flows can\'t be "many"; accepted: a whole number from 1'],
  ["flows: 0\n", "2 p.yaml:1:8: 0 flows cannot be made; accepted: 1 to 16777216"],
  ["vlan:\n  id: 4095\n", "2 p.yaml:2:7: VLAN id 4095 does not exist; accepted: 0 to 4094"],
  ["vlan: 5\n", "2 p.yaml:1:7: vlan can't be 5; accepted: key id"],
  ["ip:\n  version: 5\n", "2 p.yaml:2:12: ip.version can't be 5; accepted: 4 or 6"],
  ["ip:\n  src: 1.2.3\n", '2 p.yaml:2:8: "1.2.3" is not an IPv4 address'],
  ["ethernet:\n  src: 00:11:22\n", '2 p.yaml:2:8: "00:11:22" is not a MAC address'],
  ["udp:\n  dst: 70000\n", "2 p.yaml:2:8: "],
  ["udp:\n  src: 60000\nflows: 10000\n", "2 p.yaml:2:8: 10000 source ports from 60000 end above 65535"],
  ["sizes: 64\nip:\n  version: 6\n", "2 p.yaml:1:8: UDP over IPv6 does not fit into a frame of 64 bytes"],
  ["- 64\n", "2 p.yaml:1:1: the file can't be a list; accepted: keys and values"],
  ["sizes: 64\nsizes: 128\n", "2 p.yaml:2:1: Map keys must be unique"],
  ["sizes: [64\nflows: 5\n", "2 p.yaml:2:1: "],
  ["flows: 0\nsizzes: 64\n", "2 p.yaml:1:8: 0 flows cannot be made"],
];

describe("a mistake", () => {
  it.each(mistakes)("%j", (text, sentence) => {
    expect(failure(text).slice(0, sentence.length)).toBe(sentence);
  });

  it("of the first place in the text comes first", () => {
    expect(failure("vlan: 5\nflows: no\nfoo: 1\n")).toMatch(/^2 p\.yaml:1:7: vlan/);
    expect(failure("foo: 1\nvlan: 5\n")).toMatch(/^2 p\.yaml:1:1: unknown key "foo"/);
  });

  it("is never anything but a PktgenError, whatever the text", () => {
    const word = fc.constantFrom(
      "sizes",
      "flows",
      "vlan",
      "id",
      "ip",
      ":",
      "-",
      "[",
      "]",
      "{",
      "}",
      "\n",
      "  ",
      "64",
      "*a",
      "&a",
      "!!x",
      "|",
      "'",
      ",",
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(word, { maxLength: 20 }).map((words) => words.join(" ")),
    );
    fc.assert(
      fc.property(text, (yaml) => typeof failure(yaml) === "string"),
      { numRuns: 500 },
    );
  });
});
