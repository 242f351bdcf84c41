/** What a profile of TRex cannot have here: said at its line and column, or noted; and files that are none. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PktgenError } from "../../../src/errors.js";
import { importTrex, importTrexFile } from "../../../src/import/trex/index.js";
import { encodeCapture } from "../../../src/pcap/codec.js";
import { mistakesOf } from "../../../src/profile/index.js";
import { burst, flowVar, framesOf, imported, packet, stream, write } from "./samples.js";

const pps10 = { type: "continuous", rate: { type: "pps", value: 10 } };
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

function refusal(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    if (!(error instanceof PktgenError)) throw error;
    expect(error.exitCode).toBe(2);
    return mistakesOf(error)
      .map((mistake) => mistake.toLine())
      .join("\n");
  }
  throw new Error("it was accepted");
}

const refusedText = (text: string, file = "p.json"): string => refusal(() => importTrex(bytes(text), file));
const refused = (streams: unknown): string => refusal(() => imported(streams));

describe("what no profile can say is refused at its place", () => {
  it.each([
    [
      "an unknown instruction",
      [stream({}, [{ type: "jump" }])],
      /^p\.json:\d+:\d+: type can't be "jump"; accepted: flow_var/,
    ],
    ["a write of no variable", [stream({}, [write("a", 26)])], /there is no variable "a"/],
    [
      "a write outside of the packet",
      [stream({}, [flowVar("a", {}), write("a", 59)])],
      /outside of the packet.*60 bytes/,
    ],
    [
      "bits written twice",
      [stream({}, [flowVar("a", {}), write("a", 26), write("a", 27)])],
      /a later write takes a part/,
    ],
    [
      "bytes the other way round, of too many values",
      [stream({}, [flowVar("a", { max_value: 60_000 }), write("a", 26, { is_big_endian: false })])],
      /what is written of "a" has no counterpart; accepted: .*10000 frames/,
    ],
    [
      "a carry into another than the next",
      [stream({}, [flowVar("a", { next_var: "c" }), flowVar("b", {})])],
      /is not the next variable/,
    ],
    [
      "a frame that is too long",
      [stream({ packet: { binary: Buffer.alloc(9100).toString("base64") } })],
      /frames of 9104 bytes with FCS; accepted: up to 9018/,
    ],
    ["a packet in another writing", [stream({ packet: { binary: "%%" } })], /not in base64/],
    [
      "a rate of nothing",
      [stream({ mode: { type: "continuous", rate: { type: "pps", value: 0 } } })],
      /value can't be 0/,
    ],
    [
      "what comes after no end",
      [stream({ name: "a", next: "b" }), stream({ name: "b", self_start: false })],
      /"a" never ends/,
    ],
    [
      "a stream that comes next and is not there",
      [stream({ name: "a", next: "x", ...burst(1) })],
      /there is no stream x/,
    ],
    ["a chain without time", [stream({ name: "a", next: "a", ...burst(1) })], /without any time between/],
    [
      "two starts of one stream",
      [stream({ name: "a", next: "b", ...burst(1) }), stream({ name: "b", ...burst(1) })],
      /"b" is started twice/,
    ],
    ["nothing that is sent", [stream({ self_start: false })], /no stream sends anything/],
    ["no stream at all", [], /there is no stream/],
  ])("%s", (_, streams, says) => {
    const text = refused(streams);
    expect(text).toMatch(says);
    expect(text).toMatch(/^p\.json:\d+:\d+: /);
  });

  it("all mistakes of the streams at once", () => {
    const wrong = stream({}, [flowVar("a", {}), write("a", 59)]);
    expect(refused([wrong, stream(), wrong]).split("\n")).toHaveLength(2);
  });

  it("files of TRex's other kinds, each in a sentence", () => {
    expect(refusedText('[{"templates": []}]')).toMatch(/ASTF mode/);
    expect(refusedText("- duration: 1\n  cap_info: []\n", "x.yaml")).toMatch(/stateful mode.*pktgen-ts replay/);
    expect(refusedText('{"a": 1}')).toMatch(/no list of streams.*trex_profile_to_json\.py/);
    expect(refusal(() => importTrexFile("no/such.py"))).toMatch(/has to run.*trex_profile_to_json\.py no\/such\.py/);
    expect(refusal(() => importTrexFile("no/such.json"))).toMatch(/does not exist/);
  });

  it("files that are none", () => {
    expect(refusedText("")).toMatch(/no list of streams/);
    expect(refusedText("[[[")).toMatch(/^p\.json:1:\d+: /);
    expect(refusedText("[".repeat(100_000))).toMatch(/nested too deeply/);
    expect(
      refusedText(
        `a: &a [x, x]\n${[..."bcdefghijklm"].map((name, i) => `${name}: &${name} [${`*${"abcdefghijklm"[i]},`.repeat(9)}]\n`).join("")}`,
      ),
    ).toMatch(/p\.json/);
    expect(refusal(() => importTrex(Uint8Array.of(0xff, 0xfe, 0), "x.json"))).toMatch(/no text/);
  });
});

describe("what has no effect is noted at its place", () => {
  it.each([
    ["core_id", stream({ core_id: 1 }), /core_id has no effect/],
    ["start_paused", stream({ start_paused: true }), /start_paused has no effect/],
    ["an unknown key", stream({ colour: 1 }), /"colour" is not known/],
    ["one of a nested stream", { name: "x", stream: stream({ colour: 1 }) }, /"colour" is not known/],
    ["one of vm", stream({ vm: { instructions: [], colour: 1 } }), /"colour" is not known/],
    ["one of vm without instructions", stream({ vm: { colour: 1 } }), /"colour" is not known/],
    ["one of an instruction", stream({}, [flowVar("a", { colour: 1 }), write("a", 34)]), /"colour" is not known/],
    ["one of another instruction", stream({}, [flowVar("a", {}), write("a", 34, { step: 1 })]), /"step" is not known/],
    ["one of mode", stream({ mode: { ...pps10, colour: 1 } }), /"colour" is not known/],
    [
      "one of a rate",
      stream({ mode: { ...pps10, rate: { type: "pps", value: 1, colour: 1 } } }),
      /"colour" is not known/,
    ],
    ["one of packet", stream({ packet: { binary: packet, colour: 1 } }), /"colour" is not known/],
    [
      "a cache",
      stream({ vm: { cache: 4, instructions: [flowVar("a", {}), write("a", 34)] } }),
      /cache 4.*repeats the first 4 frames.*all values/,
    ],
    ["a split", stream({}, [flowVar("a", { split_to_cores: false }), write("a", 34)]), /split_to_cores has no effect/],
    [
      "tagged groups",
      stream({ flow_stats: { enabled: true, rule_type: "tpg", stream_id: 1 } }),
      /tagged packet groups/,
    ],
    ["random values", stream({}, [flowVar("a", { op: "random" }), write("a", 34)]), /"a" takes random values/],
    [
      "a fix before a write",
      stream({}, [flowVar("a", {}), { type: "fix_checksum_ipv4", pkt_offset: 14 }, write("a", 28)]),
      /TRex writes this after/,
    ],
    ["a change where the signature is", stream({}, [flowVar("a", {}), write("a", 50)]), /without latency and order/],
  ])("%s", (_, one, says) => {
    const { text, notes } = imported([one]);
    expect(notes.join("\n")).toMatch(says);
    expect(notes.every((note) => /^p\.json:\d+:\d+: /.test(note))).toBe(true);
    expect(text.replaceAll(/\n? # ?/g, " ")).toContain(notes[0]!.slice(0, 40).replaceAll(/\n/g, " "));
  });
});

// Work that grew with the square of the keys took minutes.
it("of 100,000 unknown keys the first are named, and the rest are counted", () => {
  const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, k) => [`unknown_key_${k}`, k]));
  const { notes } = imported([stream(many)]);
  expect(notes.slice(0, 20).map((note) => note.replace(/^p\.json:\d+:\d+: /, ""))).toEqual(
    Array.from({ length: 20 }, (_, k) => `"unknown_key_${k}" is not known, and has no effect`),
  );
  expect(notes.slice(20).join("\n")).toMatch(/^p\.json:\d+:\d+: 99980 more keys are not known, and have no effect$/);
});

describe("when streams leave", () => {
  const times = (streams: readonly object[], count: number) =>
    framesOf(imported(streams).text, count).map(({ name, timeNs }) => `${name} ${Number((timeNs / 1e6).toFixed(3))}`);

  it("a chain, and one that begins again so often", () => {
    const chain = [
      stream({ name: "a", next: "b", isg: 5000, ...burst(2) }),
      stream({ name: "b", next: "a", self_start: false, action_count: 2, isg: 300_000, ...burst(1) }),
    ];
    // Twice: 5 ms, two frames 100 ms apart, 300 ms, one frame.
    expect(times(chain, 9)).toEqual(["a 5", "a 105", "b 405", "a 410", "a 510", "b 810"]);
    const once = [{ ...chain[0] }, { ...chain[1], next: undefined, action_count: 0 }];
    expect(times(once, 9)).toEqual(["a 5", "a 105", "b 405"]);
  });

  it("bursts, and a delay between streams", () => {
    const mode = { type: "multi_burst", pkts_per_burst: 2, ibg: 500_000, count: 2, rate: { type: "pps", value: 100 } };
    expect(times([stream({ name: "a", mode })], 9)).toEqual(["a 0", "a 10", "a 510", "a 520"]);
    const delay = { name: "d", next: "b", self_start: false, flags: 11, isg: 1_000_000, ...burst(1) };
    const streams = [
      stream({ name: "a", next: "d", ...burst(1) }),
      stream(delay),
      stream({ name: "b", self_start: false, ...burst(1) }),
    ];
    expect(times(streams, 9)).toEqual(["a 0", "b 1000"]);
  });

  it("the nested form of other programs, and their numbers", () => {
    const { name: _, ...body } = stream({ ...burst(1) }) as { name?: string };
    const nested = [
      { name: "x", stream_id: 4, next_stream_id: 5, stream: body },
      { name: "y", stream_id: 5, stream: { ...body, self_start: false } },
    ];
    expect(times(nested, 9).map((each) => each[0])).toEqual(["x", "y"]);
  });

  it("a capture: each frame at its time", () => {
    const frame = Buffer.from(packet, "base64");
    const at = (nanoseconds: number) => ({ seconds: 1, nanoseconds, originalBytes: 60, bytes: Uint8Array.from(frame) });
    const { text } = importTrex(encodeCapture([at(0), at(7_000_000)]), "x.pcap", { unsigned: true });
    expect(framesOf(text, 9)).toEqual([
      { name: "frame 1", timeNs: 0, hex: frame.toString("hex") },
      { name: "frame 2", timeNs: 7_000_000, hex: frame.toString("hex") },
    ]);
    const many = encodeCapture(Array.from({ length: 1001 }, (_, i) => at(i)));
    expect(refusal(() => importTrex(many, "x.pcap"))).toMatch(/1001 frames.*pktgen-ts replay/);
  });
});

describe("a capture is changed", () => {
  const frameAt = (nanoseconds: number, length = 60) => {
    const frame = Uint8Array.from(Buffer.from(packet, "base64")).slice(0, length);
    return { seconds: 1, nanoseconds, originalBytes: length, bytes: frame };
  };
  const capture = (...frames: ReturnType<typeof frameAt>[]) =>
    importTrex(encodeCapture(frames), "x.pcap", { unsigned: true });

  it("in no way that is not said", () => {
    const { text, notes } = capture(frameAt(0), frameAt(1000));
    expect(notes).toEqual([]);
    expect(text).not.toContain("#");
  });

  it("where frames are short: said once, with the first one's number", () => {
    const { text, notes } = capture(frameAt(0), frameAt(1000, 42), frameAt(2000, 59));
    expect(notes).toEqual(["x.pcap: frame 2 has 42 bytes and is sent with 60, zeros at its end; so are 1 more"]);
    expect(text).toMatch(/^# Otherwise than in the capture:\n# x\.pcap: frame 2 /);
    expect(framesOf(text, 9)[1]!.hex).toBe(Buffer.from(frameAt(0, 42).bytes).toString("hex").padEnd(120, "0"));
    expect(capture(frameAt(0, 42)).notes).toEqual([
      "x.pcap: frame 1 has 42 bytes and is sent with 60, zeros at its end",
    ]);
  });

  it("where the first frame is not the earliest: times count from that one", () => {
    const { text, notes } = capture(frameAt(5000), frameAt(2000), frameAt(1000), frameAt(9000));
    expect(notes).toEqual([
      "x.pcap: frame 3 is earlier than frame 1: times count from frame 3, and frames leave in order of time",
    ]);
    expect(framesOf(text, 9).map(({ name, timeNs }) => [name, timeNs])).toEqual([
      ["frame 3", 0],
      ["frame 2", 1000],
      ["frame 1", 4000],
      ["frame 4", 8000],
    ]);
  });
});

describe("any file", () => {
  const whole = JSON.stringify([
    stream({ name: "a", next: "b", ...burst(3) }, [
      flowVar("x", { next_var: "y" }),
      flowVar("y", {}),
      write("x", 28),
      write("y", 34),
    ]),
    stream({ name: "b", self_start: false }),
  ]);

  it("is imported, or refused as wrong input", () => {
    const anyChange = fc.tuple(
      fc.nat(whole.length),
      fc.nat(12),
      fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom("-1", "1e99", "null", "[]", '"', "{}")),
    );
    fc.assert(
      fc.property(fc.array(anyChange, { minLength: 1, maxLength: 4 }), (changes) => {
        const text = changes.reduce((now, [at, cut, put]) => now.slice(0, at) + put + now.slice(at + cut), whole);
        try {
          importTrex(bytes(text), "p.json");
        } catch (error) {
          expect(error).toBeInstanceOf(PktgenError);
          expect((error as PktgenError).exitCode).toBe(2);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("whatever values its keys have", () => {
    const anyValue = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom(-1, 1e300, 2 ** 53, "", [], {}, null, true),
    );
    const keys = [
      "name",
      "next",
      "flags",
      "isg",
      "mode",
      "packet",
      "vm",
      "flow_stats",
      "action_count",
      "self_start",
      "enabled",
    ];
    fc.assert(
      fc.property(fc.constantFrom(...keys), anyValue, (key, value) => {
        try {
          imported([stream({ [key]: value })]);
        } catch (error) {
          expect(error).toBeInstanceOf(PktgenError);
        }
      }),
      { numRuns: 400 },
    );
  });
});
