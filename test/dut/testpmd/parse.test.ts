/** The parsers on sessions of real testpmds of eight releases, one and two queues, both sides. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  parseForwardStats,
  parsePortInfo,
  parsePortStats,
  parsePortSummary,
  parsePortXstats,
  plainText,
} from "../../../src/dut/testpmd/parse.js";
import { answer, sides, transcript, versions } from "./transcript.js";

const sessions = versions.flatMap((version) =>
  [1, 2].flatMap((queues) => sides.map((side) => ({ version, queues, side, text: transcript(version, queues, side) }))),
);

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

describe.each(sessions)("DPDK $version, $queues queues, $side", ({ queues, side, text }) => {
  it("lists its port", () => {
    const vhost = { name: "net_vhost0", driver: "net_vhost" };
    const virtio = { name: "virtio_user0", driver: "net_virtio_user", mac: "00:11:22:33:44:10" };
    expect(parsePortSummary(answer(text, "show port summary all"))).toMatchObject([
      { port: 0, linkUp: true, ...(side === "host" ? vhost : virtio) },
    ]);
  });

  it("describes its port", () => {
    const info = parsePortInfo(answer(text, "show port info all"));
    const driver = side === "host" ? "net_vhost" : "net_virtio_user";
    expect(info).toMatchObject([{ port: 0, driver, linkUp: true, rxQueues: queues, txQueues: queues }]);
  });

  it("counts in `stop` what its port counts after it", () => {
    const [port] = parsePortStats(answer(text, "show port stats all", 2));
    const stopped = parseForwardStats(answer(text, "stop"));
    expect(port!.rxPackets).toBeGreaterThan(1000);
    expect(port!.txPackets).toBeGreaterThan(1000);
    expect(stopped.ports).toMatchObject([
      { port: 0, rxPackets: port!.rxPackets, txPackets: port!.txPackets, rxDropped: 0 },
    ]);
  });

  it("gives each stream, and their sum is the port's", () => {
    const { streams, ports } = parseForwardStats(answer(text, "stop"));
    // One stream per port is no more streams than ports: then none is printed.
    expect(streams.map(({ rxPort, rxQueue, txPort, txQueue }) => [rxPort, rxQueue, txPort, txQueue])).toEqual(
      queues === 1 ? [] : [[0, 0, 0, 0], [0, 1, 0, 1]], // biome-ignore format: a table
    );
    if (queues === 1) return;
    expect(sum(streams.map(({ rxPackets }) => rxPackets))).toBe(ports[0]!.rxPackets);
    expect(sum(streams.map(({ dropped }) => dropped))).toBe(ports[0]!.txDropped);
  });

  it("counts every queue, each frame once", () => {
    const [xstats] = parsePortXstats(answer(text, "show port xstats all"));
    expect(xstats!.queues.map(({ queue }) => queue)).toEqual(queues === 1 ? [0] : [0, 1]);
    const total = (name: string): number => xstats!.counters.get(name) ?? -1;
    // Read while it forwards: the port's sum and the queues' are some microseconds apart, never a factor of two.
    const near = (a: number, b: number): void => expect(Math.abs(a / b - 1)).toBeLessThan(0.05);
    near(sum(xstats!.queues.map((queue) => queue.rxPackets)), total("rx_good_packets"));
    near(sum(xstats!.queues.map((queue) => queue.txPackets)), total("tx_good_packets"));
    near(sum(xstats!.queues.map((queue) => queue.rxBytes)), total("rx_good_bytes"));
    near(sum(xstats!.queues.map((queue) => queue.txBytes)), total("tx_good_bytes"));
  });

  it("is read the same from the whole session, with prompts, echoes and log lines in it", () => {
    const [, , after] = parsePortStats(text).slice(0, 3);
    expect(after ?? parsePortStats(text).at(-1)).toMatchObject({ port: 0, rxPackets: 0, txPackets: 0, rxPps: 0 });
    expect(parseForwardStats(text)).toEqual(parseForwardStats(answer(text, "stop")));
    expect(parsePortStats(text.replaceAll("\r", ""))).toEqual(parsePortStats(text));
  });
});

/** Before 19.11 and where options change the layout; texts from DPDK's sources at those versions. */
describe("other formats", () => {
  it("18.11 prints rates one per line and no bits", () => {
    const text = `
  ######################## NIC statistics for port 12 ########################
  RX-packets: 7          RX-missed: 1          RX-bytes:  420
  RX-errors: 2
  RX-nombuf:  3         
  TX-packets: 5          TX-errors: 4          TX-bytes:  300

  Throughput (since last show)
  Rx-pps:            9
  Tx-pps:            8
  ############################################################################`;
    expect(parsePortStats(text)).toEqual([
      {
        port: 12,
        ...{ rxPackets: 7, rxMissed: 1, rxBytes: 420, rxErrors: 2, rxNoMbuf: 3 },
        ...{ txPackets: 5, txErrors: 4, txBytes: 300, rxPps: 9, txPps: 8 },
      },
    ]);
  });

  it("18.11 ends a stream without a line break", () => {
    const text =
      "  ------- Forward Stats for RX Port= 0/Queue= 1 -> TX Port= 1/Queue= 1 -------\n" +
      "  RX-packets: 11             TX-packets: 9              TX-dropped: 2             " +
      "\n  ---------------------- Forward statistics for port 0  ----------------------\n" +
      "  RX-packets: 11             RX-dropped: 0             RX-total: 11\n" +
      "  TX-packets: 0              TX-dropped: 0             TX-total: 0\n";
    expect(parseForwardStats(text)).toEqual({
      streams: [{ rxPort: 0, rxQueue: 1, txPort: 1, txQueue: 1, rxPackets: 11, txPackets: 9, dropped: 2 }],
      ports: [{ port: 0, rxPackets: 11, rxDropped: 0, txPackets: 0, txDropped: 0 }],
    });
  });

  it("numbers as wide as their column touch the next label", () => {
    const text =
      "  ---------------------- Forward statistics for port 3  ----------------------\n" +
      "  RX-packets: 12345678901234 RX-dropped: 12345678901234RX-total: 24691357802468\n" +
      "  RX-error: 5\n  RX-nombufs: 6             \n" +
      "  TX-packets: 12345678901230 TX-dropped: 12345678901231TX-total: 24691357802461\n";
    expect(parseForwardStats(text).ports).toEqual([
      {
        port: 3,
        rxPackets: 12345678901234,
        rxDropped: 12345678901234,
        txPackets: 12345678901230,
        txDropped: 12345678901231,
      },
    ]);
  });

  it("25.03 may begin an extended counter with its state", () => {
    const text = "###### NIC extended statistics for port 1 \nstate: E\trx_q0_good_packets: 4\nrx_q0_errors: 1\n";
    expect(parsePortXstats(text)).toMatchObject([{ port: 1, queues: [{ queue: 0, rxPackets: 4, rxErrors: 1 }] }]);
  });

  it("a vhost port without a peer has no extended counters", () => {
    const text = "###### NIC extended statistics for port 0 \nError: Cannot get count of xstats\n";
    expect(parsePortXstats(text)).toMatchObject([{ port: 0, queues: [] }]);
  });

  it("no ports is an empty list, anything else is no answer", () => {
    expect(parsePortSummary("Number of available ports: 0\nPort MAC Address Name\n")).toEqual([]);
    expect(parsePortSummary("Command not found\n")).toBeNull();
  });
});

it("no parser throws, whatever it is given", () => {
  const words = fc.constantFrom(
    ...[
      "\n",
      "\r",
      "port",
      " 0 ",
      "RX-packets:",
      "Forward",
      "Stats for RX Port= 0/Queue= 1 -> TX Port= 1/Queue= 0 ----",
    ],
    ...["NIC statistics for port 0 ###", "NIC extended statistics for port 1 \n", "rx_q0_packets: 1", "testpmd> "],
    ...["Number of available ports: 2", "Accumulated forward statistics for all ports", "99999999999999999999999"],
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(fc.oneof(words, fc.string())).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, (hostile) => {
      for (const parse of [parsePortStats, parsePortXstats, parsePortInfo])
        expect(Array.isArray(parse(hostile))).toBe(true);
      expect(Array.isArray(parseForwardStats(hostile).streams)).toBe(true);
      for (const port of parsePortSummary(hostile) ?? []) expect(Number.isInteger(port.port)).toBe(true);
      expect(plainText(hostile)).not.toContain("\r");
    }),
  );
});
