/** Profiles of strangers: what they read, how much of it, and what of it is shown, is bounded. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { PktgenError } from "../../src/errors.js";
import { loadTestPlan } from "../../src/labplan/file/index.js";
import { loadProfile, mistakesOf, type ProfileOptions } from "../../src/profile/index.js";
import { renderProfile } from "../../src/report/profile-text.js";

const scratch = mkdtempSync(join(tmpdir(), "pktgen-hostile-"));
afterAll(() => rmSync(scratch, { recursive: true }));
const folder = join(scratch, "profiles");
const beside = join(scratch, "beside");
for (const path of [folder, beside, join(folder, "parts")]) mkdirSync(path);

const put = (name: string, text: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

function mistake(make: () => unknown): PktgenError {
  try {
    make();
  } catch (error) {
    if (error instanceof PktgenError) return error;
    throw error;
  }
  throw new Error("nothing was wrong");
}

const failure = (text: string, options: ProfileOptions = {}): string => {
  const error = mistake(() => loadProfile(put("p.yaml", text), options));
  return `${error.exitCode} ${error.toLine().replaceAll(`${folder}/`, "")}`;
};

const udp = "packet: [ethernet, ipv4, udp]";
const payload = (file: string): string => `streams: [{ ${udp}, payload: { file: ${file} } }]\n`;
const namesOf = (file: string, options: ProfileOptions = {}): string[] =>
  loadProfile(file, options).traffic!.streams.map(({ name }) => name);

describe("aliases and nesting", () => {
  it.each([
    ["in a list", "sizes: &a [64, *a]\n", "1:16"],
    ["in a stream", `streams: &s [{ ${udp}, fields: *s }]\n`, "1:55"],
    ["in a header", "streams:\n  - &s { packet: [ethernet, ipv4: *s, udp] }\n", "2:35"],
  ])("an alias for what it is in, %s", (_, text, place) => {
    expect(failure(text)).toBe(
      `2 p.yaml:${place}: this alias stands for something that it is in; accepted: *name of a value that ends before the alias`,
    );
  });

  it("a value that is used twice is no circle", () => {
    const text = `streams:\n  - { name: a, packet: &p [ethernet, ipv4, udp] }\n  - { name: b, packet: *p }\n`;
    expect(namesOf(put("twice.yaml", text))).toEqual(["a", "b"]);
  });

  it.each([51, 2_000, 100_000])("%d levels", (levels) => {
    expect(failure(`sizes: ${"[".repeat(levels)}${"]".repeat(levels)}\n`)).toMatch(
      /^2 p\.yaml(:1:\d+)?: values are nested too deeply; accepted: up to 50 levels/,
    );
  });

  it("several documents", () => {
    expect(failure("sizes: 64\n---\nsizes: 128\n")).toMatch(
      /^2 p\.yaml:\d:1: there are several documents, with --- between them; accepted: one document$/,
    );
  });
});

describe("files that a profile names", () => {
  it("lie in its folder or below, links followed", () => {
    writeFileSync(join(beside, "secret.bin"), "secret");
    symlinkSync(join(beside, "secret.bin"), join(folder, "link.bin"));
    symlinkSync("/dev/zero", join(folder, "zero"));
    const outside =
      /^2 p\.yaml:1:\d+: \S+ lies outside of the profile's folder; accepted: files in that folder and below; --profile-root FOLDER/;
    for (const name of ["../beside/secret.bin", join(beside, "secret.bin"), "link.bin", "/dev/zero", "zero", ".."]) {
      expect(failure(payload(name))).toMatch(outside);
    }
    for (const name of ["/etc/passwd", "../../../../../../etc/passwd", "../nothing.yaml", "/dev/zero"]) {
      expect(failure(`include: ${name}\n`)).toMatch(outside);
    }
    put("parts/payload.bin", Uint8Array.of(7));
    expect(loadProfile(put("below.yaml", payload("parts/payload.bin"))).traffic?.streams[0].payload).toEqual({
      kind: "bytes",
      bytes: Uint8Array.of(7),
    });
  });

  it("may lie elsewhere where that was asked for, from included files, too", () => {
    writeFileSync(join(beside, "p.bin"), "x");
    writeFileSync(join(beside, "base.yaml"), `streams: [{ name: base, ${udp}, payload: { file: p.bin } }]\n`);
    const top = put("top.yaml", `include: ../beside/base.yaml\nstreams: [{ name: top, ${udp} }]\n`);
    expect(mistake(() => namesOf(top)).message).toMatch(/lies outside/);
    expect(namesOf(top, { root: beside })).toEqual(["base", "top"]);
  });

  it("are read up to a bound", () => {
    put("large.bin", new Uint8Array(65_537));
    expect(failure(payload("large.bin"))).toMatch(
      /: large\.bin is longer than 65,536 bytes; accepted: a file of up to/,
    );
    const root = { root: "/dev" };
    expect(failure(payload("/dev/zero"), root)).toMatch(/: \/dev\/zero is longer than 65,536 bytes/);
    expect(failure("include: /dev/zero\n", root)).toMatch(/: the profile \/dev\/zero is longer than 1,000,000 bytes/);
    expect(mistake(() => loadProfile("/dev/zero")).message).toMatch(/is longer than 1,000,000 bytes/);
    expect(mistake(() => loadTestPlan("/dev/zero")).message).toMatch(/is longer than 1,000,000 bytes/);
  });

  it("are read once, however many streams take their payload from one", () => {
    put("once.bin", new Uint8Array(60_000).fill(1));
    const streams = Array.from({ length: 100 }, (_, i) => `  - { name: s${i}, ${udp}, payload: { file: once.bin } }\n`);
    expect(namesOf(put("many.yaml", `sizes: 128\nstreams:\n${streams.join("")}`))).toHaveLength(100);
  });
});

describe("includes", () => {
  it("a file that several include is there once, before all of them", () => {
    put("base.yaml", `streams: [{ name: base, ${udp} }]\n`);
    put("left.yaml", `include: base.yaml\nstreams: [{ name: left, ${udp} }]\n`);
    put("right.yaml", `include: base.yaml\nstreams: [{ name: right, ${udp} }]\n`);
    const top = put("diamond.yaml", `include: [left.yaml, right.yaml]\nstreams: [{ name: top, ${udp} }]\n`);
    expect(namesOf(top)).toEqual(["base", "left", "right", "top"]);
  });

  it("of files that each include the next by many ways stay as many as there are", () => {
    const last = 14;
    for (let i = 0; i < last; i++) {
      const next = `f${i + 1}.yaml`;
      put(`f${i}.yaml`, `include: [${next}, ./${next}, parts/../${next}]\n`);
    }
    put(`f${last}.yaml`, `streams: [{ name: last, ${udp} }]\n`);
    expect(namesOf(join(folder, "f0.yaml"))).toEqual(["last"]);
  });

  it("have bounds: files, levels, bytes", () => {
    expect(failure("include: [a.yaml, a.yaml]\n")).toMatch(/a\.yaml does not exist/);
    put("a.yaml", `streams: [{ ${udp} }]\n`);
    expect(failure("include: [a.yaml, a.yaml]\n")).toMatch(/1:19: a\.yaml is included twice; accepted: each file once/);
    for (let i = 0; i < 20; i++) put(`deep${i}.yaml`, `include: deep${i + 1}.yaml\n`);
    expect(failure("include: deep0.yaml\n")).toMatch(
      /deep\d+\.yaml:1:10: files are included too deeply; accepted: up to 16/,
    );
    for (let i = 0; i < 70; i++) put(`wide${i}.yaml`, `streams: [{ name: w${i}, ${udp} }]\n`);
    const wide = Array.from({ length: 70 }, (_, i) => `wide${i}.yaml`).join(", ");
    expect(failure(`include: [${wide}]\n`)).toMatch(/the profile includes too many files; accepted: up to 64 files/);
    for (let i = 0; i < 5; i++) put(`big${i}.yaml`, `#${"x".repeat(900_000)}\nstreams: [{ name: b${i}, ${udp} }]\n`);
    const big = Array.from({ length: 5 }, (_, i) => `big${i}.yaml`).join(", ");
    expect(failure(`include: [${big}]\n`)).toMatch(
      /the profile and what it includes are too long; accepted: up to 4000000/,
    );
  });
});

describe("what is shown of a file", () => {
  it("is short, whatever the file is", () => {
    put("long.txt", `${"no profile at all ".repeat(3_000)}\n`);
    for (const text of ["include: long.txt\n", `${"abc ".repeat(50_000)}\n`, `"${"\\0".repeat(4_000)}"\n`]) {
      expect(failure(text).length).toBeLessThan(400);
    }
    expect(failure("include: long.txt\n")).toContain("can't be \"no profile at all no profile");
  });

  it("cannot steer a terminal: names are refused, descriptions written out", () => {
    expect(failure(`streams: [{ name: "a\\e[31mPASS", ${udp} }]\n`)).toBe(
      '2 p.yaml:1:19: the name "a\\u001b[31mPASS" has control characters; accepted: a name of letters, digits, spaces and signs',
    );
    expect(failure('sizes: { mix: "a\\nb", parts: [{ size: 64, weight: 1 }] }\n')).toMatch(
      /1:15: the name "a\\nb" has/,
    );
    const profile = loadProfile(put("esc.yaml", `description: "\\e]0;title\\aone\\ntwo"\nstreams: [{ ${udp} }]\n`));
    const shown = renderProfile(profile.traffic!, profile.description);
    expect(shown).toContain("\\x1b]0;title\\x07one\n    two\n");
    expect(shown).not.toContain("\x1b");
  });
});

describe("all mistakes of a file", () => {
  it("are there, in the order of the text, with the first as the error", () => {
    const text = [
      "sizes: [63, 128]",
      "streams:",
      "  - packet: [ethernet, ipv5, { udp: { dstPrt: 1 } }]",
      "    rate: 10000",
      "    sise: 64",
      "  - { name: b, packet: [ethernet, ipv4, udp], rate: 10kpsp, payload: nothing, fields: [{ field: udp.x, list: [1] }] }",
      'thresholds: ["loss<1"]',
      "stream: 1",
    ].join("\n");
    const rest = mistake(() => loadProfile(put("p.yaml", text)));
    const found = mistakesOf(rest).map((each) =>
      each
        .toLine()
        .replaceAll(`${folder}/`, "")
        .replace(/; accepted.*/, ""),
    );
    expect(found).toEqual([
      "p.yaml:1:9: frame size 63 is below 64",
      'p.yaml:3:24: there is no protocol "ipv5"',
      'p.yaml:3:47: udp has no field "dstPrt"',
      "p.yaml:4:11: rate can't be 10000",
      'p.yaml:5:5: unknown key "sise"',
      'p.yaml:6:53: "10kpsp" is not a rate',
      'p.yaml:6:70: "nothing" is no payload',
      'p.yaml:7:14: "loss<1" is no threshold',
      'p.yaml:8:1: unknown key "stream"',
    ]);
    expect(rest.message).toBe("frame size 63 is below 64");
  });

  it("streams that fit no size are named each", () => {
    const text =
      "sizes: 64\nstreams:\n  - packet: [ethernet, ipv6, tcp]\n    size: 64\n  - packet: [ethernet, ipv6, tcp]\n    size: 70\n";
    const places = mistakesOf(mistake(() => loadProfile(put("p.yaml", text)))).map(({ where }) => where);
    expect(places).toEqual([`${folder}/p.yaml:4:11`, `${folder}/p.yaml:6:11`]);
  });
});

describe("what was meant", () => {
  it.each([
    [
      "stream: []\n",
      'unknown key "stream"; accepted: description, sizes, .*, streams, parameters, include; did you mean streams\\?$',
    ],
    ["rate: 10kpps\n", 'unknown key "rate"; .*; give --rate, or rate in a stream$'],
    [
      `streams: [{ ${udp} }]\nudp: { dst: 53 }\n`,
      'unknown key "udp"; .*; udp is of plain traffic; beside streams each packet says its own$',
    ],
    [
      `streams: [{ ${udp}, rate: 10000 }]\n`,
      "rate can't be 10000; accepted: a rate, e.g. 10kpps; 10000 what\\? Frames per second are 10000pps$",
    ],
    [
      "title: a\ncases: []\ndevices: {}\n",
      "is a test plan, no profile; accepted: a profile: .*; pktgen-ts plan \\S+ runs it$",
    ],
    [
      "sizes: { min: 64, max: 128, step: 1e-9 }\n",
      "no size can be .*; accepted: a size, a range 64-1518:64, imix, rfc2544, plan, or a mix",
    ],
    [
      `streams: [{ ${udp}, fields: [{ bits: { offset: 40, mask: 1, bytes: 1 }, list: [1], after: A1 }] }]\n`,
      'no change is of "A1"; accepted: the field of another change; here only bits change$',
    ],
  ])("%j", (text, sentence) => {
    expect(failure(text)).toMatch(new RegExp(sentence));
  });

  it("a profile that was taken for a plan", () => {
    const error = mistake(() => loadTestPlan(put("imix.yaml", "sizes: imix\n")));
    expect(error.toLine()).toMatch(
      /is a traffic profile, no test plan; accepted: .*; pktgen-ts --profile \S+ sends it$/,
    );
  });

  it("an empty profile says so", () => {
    expect(loadProfile(put("empty.yaml", "# nothing\n")).notes).toEqual([
      `${folder}/empty.yaml is empty: traffic is as without a profile`,
    ]);
  });
});

describe("60,000 keys that nobody knows", () => {
  const keys = Array.from({ length: 60_000 }, (_, k) => `sizex${k}: 1\n`);

  it("the first 50 of the text are named, each at its place", () => {
    const mistakes = mistakesOf(mistake(() => loadProfile(put("keys.yaml", keys.join("")))));
    expect(mistakes.map(({ where }) => where)).toEqual(
      Array.from({ length: 50 }, (_, k) => `${folder}/keys.yaml:${k + 1}:1`),
    );
    expect(mistakes[0]!.toLine()).toMatch(/unknown key "sizex0"; .*; did you mean sizes\?$/);
  });

  it("the last of which is there twice", () => {
    const text = `${keys.join("")}sizex59999: 2\n`;
    expect(failure(text)).toBe("2 p.yaml:60001:1: Map keys must be unique; accepted: YAML 1.2");
  });
});
