/** `--hop` is read: where a hop's counters come from. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { counted, HopReader, mirroredHops, parseHop, parseHops } from "../../../src/dut/external/hop.js";
import { PktgenError } from "../../../src/errors.js";

const lineOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return error instanceof PktgenError ? `${error.exitCode}: ${error.toLine()}` : String(error);
  }
  return "accepted";
};

describe("a hop's counters", () => {
  it("are read from text: the kernel's own counter where none is named", () => {
    const hop = parseHop(
      "bridge,rx=netdev:eth1,tx=netdev:eth2@lab,dropped=netdev:eth1 + netdev:eth2:tx_dropped",
      "--hop",
    );
    expect(hop).toMatchObject({
      name: "bridge",
      rx: [{ kind: "netdev", name: "eth1", netns: null, counter: "rx_packets" }],
      tx: [{ kind: "netdev", name: "eth2", netns: "lab", counter: "tx_packets" }],
      dropped: [{ counter: "rx_dropped" }, { counter: "tx_dropped" }],
    });
    const other = parseHop(
      "s,rx=ethtool:eth1:rx_q0_packets,tx=telemetry:/run/dpdk/rte/dpdk_telemetry.v2:1:opackets",
      "--hop",
    );
    expect(other.rx[0]).toMatchObject({ kind: "ethtool", name: "eth1", counter: "rx_q0_packets" });
    expect(other.tx[0]).toMatchObject({ path: "/run/dpdk/rte/dpdk_telemetry.v2", port: 1, counter: "opackets" });
    const command = parseHop("c,rx=command:/rx\\/s=(\\d{1\\,9})/:ovs-ofctl dump-ports br0 1\\,2,tx=netdev:a", "--hop");
    expect(command.rx[0]).toMatchObject({ kind: "command", command: "ovs-ofctl dump-ports br0 1,2" });
    expect((command.rx[0] as { pattern: RegExp }).pattern.exec("rx/s=123")?.[1]).toBe("123");
  });

  it.each([
    ["", /the hop's name is missing/],
    ["rx=netdev:a,tx=netdev:b", /the hop's name is missing/],
    ["h,rx=netdev:a", /tx is missing; accepted: NAME,rx=SOURCE/],
    ["h,rx=netdev:a,rx=netdev:b", /rx is given twice/],
    ["h,rx=netdev:a,lost=netdev:b", /"lost=netdev:b" is no counter of a hop/],
    ["h,rx=netdef:a,tx=netdev:b", /unknown source of a counter "netdef"; .*did you mean netdev\?/],
    ["h,rx=netdev:a:rx_packet,tx=netdev:b", /no interface counter "rx_packet"; .*did you mean rx_packets\?/],
    ["h,rx=netdev:interface-of-16b,tx=netdev:b", /has 16 bytes/],
    ["h,rx=netdev:a@,tx=netdev:b", /is no interface/],
    ["h,rx=ethtool:a,tx=netdev:b", /no counter in "ethtool:a"/],
    ["h,rx=telemetry:/x:y:z,tx=netdev:b", /no path, port and counter/],
    ["h,rx=command:ls,tx=netdev:b", /no pattern and command/],
    ["h,rx=command:/(/:ls,tx=netdev:b", /is no regular expression/],
    ["h,rx=command:/rx/:ls,tx=netdev:b", /has 0 groups; accepted: one, around the number/],
  ])("that cannot be are refused: %s", (text, sentence) => {
    const line = lineOf(() => parseHop(text, "--hop"));
    expect(line).toMatch(/^2: --hop/);
    expect(line).toMatch(sentence);
  });

  it("have names of their own", () => {
    const hop = "h,rx=netdev:a,tx=netdev:b";
    expect(lineOf(() => parseHops([hop, hop], "--hop"))).toMatch(/^2: --hop: two hops are called h/);
  });

  it("are turned round for the way back where they are the kernel's", () => {
    const hops = parseHops(["x,rx=netdev:a,tx=netdev:b,dropped=netdev:a", "y,rx=netdev:c,tx=netdev:d"], "--hop");
    const back = mirroredHops(hops)!;
    expect(back.map(({ name }) => name)).toEqual(["y", "x"]);
    expect(back[1]).toMatchObject({
      rx: [{ name: "b", counter: "rx_packets" }],
      tx: [{ name: "a", counter: "tx_packets" }],
      dropped: [{ name: "a", counter: "tx_dropped" }],
    });
    expect(mirroredHops(parseHops(["x,rx=netdev:a,tx=ethtool:b:tx"], "--hop"))).toBeNull();
  });

  it("that pass 2^32 go on, and that were reset are named", () => {
    expect(counted(10n, 25n, true)).toBe(15);
    expect(counted(2n ** 32n - 5n, 10n, true)).toBe(15);
    expect(counted(2n ** 40n, 2n ** 40n + 1n, true)).toBe(1);
    expect(counted(1000n, 10n, true)).toBeNull();
    expect(counted(2n ** 33n, 10n, true)).toBeNull();
    // More than half the range meanwhile: a reset.
    expect(counted(2n ** 31n + 5n, 10n, true)).toBeNull();
  });

  it("of 64 bits are never taken for ones of 32, and pass 2^64", () => {
    expect(counted(2n ** 32n - 5n, 10n, false)).toBeNull();
    expect(counted(2n ** 64n - 5n, 10n, false)).toBe(15);
    expect(counted(2n ** 64n - 5n, 10n, true)).toBe(15);
  });

  it("beyond 2^53 are subtracted exactly, and what no counter of 64 bits holds is refused", async () => {
    const says = async (...values: readonly string[]): Promise<HopReader> => {
      const folder = mkdtempSync(join(tmpdir(), "pktgen-hop-"));
      const file = join(folder, "counter");
      const reader = new HopReader(
        [parseHop(`h,rx=command:/(\\d+)/:cat ${file},tx=command:/(\\d+)/:cat ${file}`, "")],
        "",
      );
      try {
        const readings = [];
        for (const value of values) {
          writeFileSync(file, value);
          readings.push(await reader.read());
        }
        expect(reader.between(readings[0]!, readings[1]!).hops[0]).toMatchObject({ rx: 1, tx: 1 });
        return reader;
      } finally {
        rmSync(folder, { recursive: true });
      }
    };
    await says("9007199254740993", "9007199254740994");
    await says("18446744073709551615", "0");
    await expect(says("18446744073709551616", "0")).rejects.toThrow(
      /"18446744073709551616" is more than a counter of 64 bits holds/,
    );
  });

  it("that passed an end say so", () => {
    const [hop] = parseHops(["h,rx=ethtool:a:rx,tx=netdev:b"], "--hop");
    using reader = new HopReader([hop!], "--hop");
    expect(reader.between([[2n ** 32n - 5n, 0n]], [[10n, 15n]])).toMatchObject({
      hops: [{ rx: 15, tx: 15 }],
      faults: [],
      notes: ["the counter ethtool:a:rx of h went from 4294967291 to 10: taken as having passed its end"],
    });
    expect(reader.between([[0n, 2n ** 32n - 5n]], [[15n, 10n]]).faults).toEqual([
      "the counter netdev:b of h went from 4294967291 back to 10",
    ]);
  });

  it("that a program does not show yet are waited for, but only so long", async () => {
    const folder = mkdtempSync(join(tmpdir(), "pktgen-hop-"));
    const file = join(folder, "counter");
    try {
      writeFileSync(file, "rx pkts=?");
      const source = `command:/pkts=(\\d+)/:cat ${file}; echo pkts=7 > ${file}`;
      using reader = new HopReader([parseHop(`h,rx=${source},tx=${source}`, "--hop")], "--hop");
      await expect(reader.read()).rejects.toThrow(/nothing in its output matches: rx pkts=\?/);
      writeFileSync(file, "rx pkts=?");
      expect(await reader.read(60_000)).toEqual([[7n, 7n]]);
      using missing = new HopReader([parseHop("h,rx=netdev:nosuch0,tx=netdev:nosuch0", "--hop")], "--hop");
      await expect(missing.read(60_000)).rejects.toThrow(/there is no interface nosuch0/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("of a command that fails: the line that says why, not the carets below it", async () => {
    const script =
      "printf 'Error: No such file or directory\\nlist counter inet t c\\n                  ^\\n' >&2; exit 1";
    using reader = new HopReader(
      [parseHop(`h,rx=command:/(\\d+)/:${script},tx=command:/(\\d+)/:true`, "--hop")],
      "--hop",
    );
    await expect(reader.read()).rejects.toThrow(/it failed: Error: No such file or directory$/);
  });

  it("of a command are read twice and subtracted; what goes backwards is a fault", async () => {
    const folder = mkdtempSync(join(tmpdir(), "pktgen-hop-"));
    try {
      const file = join(folder, "counters");
      const write = (rx: number, tx: number): void => writeFileSync(file, `rx=${rx}\ntx=${tx}\n`);
      const source = (name: string): string => `command:/^${name}=(\\d+)$/:cat ${file}`;
      using reader = new HopReader(
        [parseHop(`h,rx=${source("rx")} + ${source("tx")},tx=${source("tx")}`, "--hop")],
        "--hop",
      );
      write(100, 50);
      const before = await reader.read();
      write(110, 53);
      const after = await reader.read();
      expect(before).toEqual([[100n, 50n, 50n]]);
      expect(reader.between(before, after)).toEqual({
        hops: [{ name: "h", rx: 13, tx: 3, dropped: 0, duplicated: 0, inRing: 0, queues: [] }],
        faults: [],
        notes: [],
      });
      expect(reader.between(after, before).faults[0]).toMatch(
        /^the counter command:\S+ .*of h went from 110 back to 100$/,
      );
      write(-1, 1);
      await expect(reader.read()).rejects.toThrow(/cannot be read: nothing in its output matches/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
