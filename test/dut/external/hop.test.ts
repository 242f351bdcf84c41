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
    expect(counted(10, 25)).toBe(15);
    expect(counted(2 ** 32 - 5, 10)).toBe(15);
    expect(counted(2 ** 40, 2 ** 40 + 1)).toBe(1);
    expect(counted(1000, 10)).toBeNull();
    expect(counted(2 ** 33, 10)).toBeNull();
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
      expect(before).toEqual([[100, 50, 50]]);
      expect(reader.between(before, after)).toEqual({
        hops: [{ name: "h", rx: 13, tx: 3, dropped: 0, duplicated: 0, inRing: 0, queues: [] }],
        faults: [],
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
