/** The counters of testpmd become hops of the ledger. */
import { describe, expect, it } from "vitest";
import { type SideCounters, testpmdHops } from "../../../src/dut/testpmd/hops.js";
import { parseForwardStats, parsePortXstats } from "../../../src/dut/testpmd/parse.js";
import { parseDpdkVersion } from "../../../src/dut/testpmd/version.js";
import { hopDifferences } from "../../../src/measure/hops.js";
import { ledger } from "../../../src/stats/ledger.js";

const xstats = (port: number, lines: Readonly<Record<string, number>>): string =>
  `###### NIC extended statistics for port ${port} \n${Object.entries(lines)
    .map(([name, count]) => `${name}: ${count}\n`)
    .join("")}`;

const border = "-".repeat(22);
const forwardPort = (port: number, dropped: number): string =>
  `\n  ${border} Forward statistics for port ${port}  ${border}\n  RX-packets: 0 RX-dropped: 0 RX-total: 0\n` +
  `  TX-packets: 0 TX-dropped: ${dropped} TX-total: 0\n`;
const stream = (rx: string, tx: string, dropped: number): string =>
  `\n  ------- Forward Stats for RX Port= ${rx} -> TX Port= ${tx} -------\n  RX-packets: 1 TX-packets: 1 TX-dropped: ${dropped}\n`;

const side = (version: string, counters: string, forward: string): SideCounters => ({
  version: parseDpdkVersion(version),
  xstats: parsePortXstats(counters),
  forward: parseForwardStats(forward),
});

describe("one queue", () => {
  const container = side("22.11", xstats(0, { rx_q0_packets: 90, tx_q0_packets: 88 }), forwardPort(0, 2));
  const hostPorts =
    xstats(0, {
      tx_errors: 3,
      rx_q0_packets: 100,
      rx_q0_good_packets: 100,
      tx_q0_packets: 85,
      tx_q0_good_packets: 85,
    }) + xstats(1, { tx_errors: 10, rx_q0_packets: 88, tx_q0_packets: 90 });

  it("drops are the port's, per direction", () => {
    const host = side("22.11", hostPorts, forwardPort(0, 3) + forwardPort(1, 10));
    expect(testpmdHops(1, host, container)).toMatchObject([
      { name: "host>", rxPort: 0, txPort: 1, queues: [{ rxPackets: 100, txPackets: 90, dropped: 10 }] },
      { name: "container", rxPort: 0, txPort: 0, queues: [{ rxPackets: 90, txPackets: 88, dropped: 2 }] },
      { name: "host<", rxPort: 1, txPort: 0, queues: [{ rxPackets: 88, txPackets: 85, dropped: 3 }] },
    ]);
  });

  it("from 23.03 on the port's sum has the driver's count of the same frames in it, which is taken out", () => {
    const host = side("23.03", hostPorts, forwardPort(0, 6) + forwardPort(1, 20));
    expect(testpmdHops(1, host, container)?.map(({ queues }) => queues[0]!.dropped)).toEqual([10, 2, 3]);
  });

  it("closes the ledger, to the frame", () => {
    const host = side("22.11", hostPorts, forwardPort(0, 3) + forwardPort(1, 10));
    const hops = hopDifferences([], testpmdHops(1, host, container));
    const account = ledger([{ queue: 0, sent: 100, arrived: 85, inRing: 0 }], hops);
    expect(account).toMatchObject({ unaccounted: 0, sentences: [] });
    const short = ledger([{ queue: 0, sent: 101, arrived: 84, inRing: 0 }], hops);
    expect(short.unaccounted).toBe(2);
  });
});

describe("two queues", () => {
  const counts = (rx0: number, rx1: number, tx0: number, tx1: number): Record<string, number> => ({
    rx_q0_good_packets: rx0,
    rx_q1_good_packets: rx1,
    tx_q0_good_packets: tx0,
    tx_q1_good_packets: tx1,
  });

  it("drops are those of their own stream; a stream that is not printed dropped nothing", () => {
    const host = side(
      "26.07",
      xstats(0, counts(50, 60, 49, 57)) + xstats(1, counts(49, 57, 49, 57)),
      stream("0/Queue= 0", "1/Queue= 0", 1) +
        stream("0/Queue= 1", "1/Queue= 1", 3) +
        forwardPort(0, 99) +
        forwardPort(1, 99),
    );
    const container = side("26.07", xstats(0, counts(49, 57, 49, 57)), "");
    const [forth, inside, back] = testpmdHops(2, host, container) ?? [];
    expect(forth!.queues.map(({ rxPackets, txPackets, dropped }) => [rxPackets, txPackets, dropped])).toEqual([
      [50, 49, 1],
      [60, 57, 3],
    ]);
    expect(inside!.queues.map(({ dropped }) => dropped)).toEqual([0, 0]);
    expect(back!.queues.map(({ dropped }) => dropped)).toEqual([0, 0]);
  });

  it("what a driver threw away itself was received and dropped", () => {
    const host = side("22.11", xstats(0, counts(5, 5, 5, 5)) + xstats(1, counts(5, 5, 5, 5)), "");
    const container = side("22.11", xstats(0, { ...counts(4, 5, 4, 5), rx_q0_errors: 1 }), "");
    expect(testpmdHops(2, host, container)?.[1]?.queues[0]).toMatchObject({ rxPackets: 5, txPackets: 4, dropped: 1 });
  });
});

it("a vhost port without a peer has no counters, and then nobody says anything", () => {
  const container = side("22.11", xstats(0, { rx_q0_packets: 1, tx_q0_packets: 1 }), "");
  const host = side("22.11", xstats(0, {}) + xstats(1, { rx_q0_packets: 1, tx_q0_packets: 1 }), "");
  expect(testpmdHops(1, host, container)).toBeNull();
});
