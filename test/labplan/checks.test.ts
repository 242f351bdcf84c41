/** What steps must show, on the real program's texts (DPDK 22.11, two queues) and on trials. */
import { describe, expect, it } from "vitest";
import { checkText, failedTrafficChecks, refused, type TextFacts } from "../../src/labplan/checks.js";
import type { Trial } from "../../src/result/run-result.js";
import { goodTrial } from "../support/plan-sample.js";

const stats = (port: number, rx: number, tx: number, pps = 0): string => `
  ######################## NIC statistics for port ${port}  ########################
  RX-packets: ${String(rx).padEnd(10)} RX-missed: 0          RX-bytes:  1571874816
  RX-errors: 0
  RX-nombuf:  0         
  TX-packets: ${String(tx).padEnd(10)} TX-errors: 0          TX-bytes:  1571872768

  Throughput (since last show)
  Rx-pps: ${String(pps).padStart(12)}          Rx-bps:            0
  Tx-pps: ${String(pps).padStart(12)}          Tx-bps:            0
  ############################################################################
`;

const stream = (queue: number, rx: number, tx: number): string => `
  ------- Forward Stats for RX Port= 0/Queue= ${queue} -> TX Port= 0/Queue= ${queue} -------
  RX-packets: ${String(rx).padEnd(14)} TX-packets: ${String(tx).padEnd(14)} TX-dropped: 0             
`;
const port = (rx: number, tx: number): string => `
  ---------------------- Forward statistics for port 0  ----------------------
  RX-packets: ${String(rx).padEnd(14)} RX-dropped: 0             RX-total: ${rx}
  TX-packets: ${String(tx).padEnd(14)} TX-dropped: 0             TX-total: ${tx}
  ----------------------------------------------------------------------------

  +++++++++++++++ Accumulated forward statistics for all ports+++++++++++++++
`;

const info = (link: string): string => `
********************* Infos for port 0  *********************
Device name: virtio_user0
Link status: ${link}
`;

const facts = (answer: string, changes: Partial<TextFacts> = {}): TextFacts => ({
  answer,
  queues: 1,
  ports: [{ device: "container", port: 0, rx: "sent", tx: "received" }],
  expected: { sent: 100, received: 90, exact: true },
  ...changes,
});

describe("a command's text", () => {
  it("is refused in testpmd's own words", () => {
    expect(refused("strat", "Command not found\n")).toEqual(['testpmd does not take "strat": Command not found']);
    expect(refused("port stop", "Bad arguments\n")).toHaveLength(1);
    expect(refused("start", "io packet forwarding - ports=1\n")).toEqual([]);
  });

  it("shows links", () => {
    expect(checkText({ link: "up" }, facts(info("up")))).toEqual([]);
    expect(checkText({ link: "down" }, facts(info("up")))).toEqual(["the link of port 0 is up"]);
    expect(checkText({ link: "up" }, facts(""))).toEqual(["it shows no port"]);
  });

  it("shows the generator's counts to the frame", () => {
    expect(checkText({ counters: "equal" }, facts(stats(0, 100, 90)))).toEqual([]);
    expect(checkText({ counters: "equal" }, facts(stats(0, 99, 90)))).toEqual([
      "port 0 RX-packets is 99, and the generator sent 100",
    ]);
    expect(checkText({ counters: "equal" }, facts(stats(1, 100, 90)))).toEqual(["it does not show port 0"]);
    const atMax = facts(stats(0, 5, 5), { expected: { sent: 100, received: 90, exact: false } });
    expect(checkText({ counters: "equal" }, atMax)).toEqual([]);
  });

  it("shows that every queue forwarded; a queue that carried nothing is not printed", () => {
    const both = stream(0, 5, 5) + stream(1, 5, 5) + port(10, 10);
    expect(checkText({ queues: "forwarded" }, facts(both, { queues: 2 }))).toEqual([]);
    const one = stream(0, 10, 10) + port(10, 10);
    expect(checkText({ queues: "forwarded" }, facts(one, { queues: 2 }))).toEqual([
      "queue 1 of port 0 did not both receive and send",
    ]);
    expect(checkText({ queues: "forwarded" }, facts(port(5, 0)))).toEqual(["port 0 did not both receive and send"]);
    expect(checkText({ queues: "forwarded" }, facts("Packet forwarding not started"))).toEqual([
      "it shows no forward statistics",
    ]);
  });

  it("shows rates and words", () => {
    expect(checkText({ leastPps: 1000 }, facts(stats(0, 1, 1, 1000)))).toEqual([]);
    expect(checkText({ leastPps: 1000 }, facts(stats(0, 1, 1, 999)))).toHaveLength(1);
    expect(checkText({ contains: "vhost" }, facts("net_vhost"))).toEqual([]);
    expect(checkText({ contains: "virtio" }, facts("net_vhost"))).toEqual(['it does not say "virtio"']);
  });
});

describe("a trial", () => {
  const way = { device: "container", port: 0, rx: "sent", tx: "received" } as const;
  const trial = (changes: Partial<Trial> = {}): Trial => ({ ...goodTrial, ...changes });
  const all = { loss: 0, unaccounted: 0, queues: "forwarded", counters: "equal" } as const;

  it("passes where everything came back and everybody counted it", () => {
    const counted = [{ at: way, rx: goodTrial.sent, tx: goodTrial.received }];
    expect(failedTrafficChecks(all, { trial: goodTrial, counted })).toEqual([]);
  });

  it("says what was lost, unless it was sent at max", () => {
    const lossy = trial({ lost: 3 });
    expect(failedTrafficChecks({ loss: 0 }, { trial: lossy, counted: [] })).toEqual(["3 of 10,000 frames lost"]);
    expect(failedTrafficChecks({ loss: 0.5 }, { trial: lossy, counted: [] })).toEqual([]);
    const atMax = trial({ lost: 3, requested: { ...goodTrial.requested, pps: null } });
    expect(failedTrafficChecks(all, { trial: atMax, counted: [] })).toEqual([]);
  });

  it("says which queue of which hop stood still", () => {
    const hops = goodTrial.hops.map((hop) => ({
      ...hop,
      queues: hop.queues.map((queue) => (queue.queue === 1 ? { ...queue, tx: 0 } : queue)),
    }));
    expect(failedTrafficChecks({ queues: "forwarded" }, { trial: trial({ hops }), counted: [] })).toEqual([
      "queue 1 of host> forwarded nothing",
      "queue 1 of container forwarded nothing",
      "queue 1 of host< forwarded nothing",
    ]);
    expect(failedTrafficChecks({ queues: "forwarded" }, { trial: trial({ hops: [] }), counted: [] })).toHaveLength(1);
  });

  it("says whose counters differ, and when there are none", () => {
    const counted = [{ at: way, rx: goodTrial.sent - 1, tx: goodTrial.received }];
    expect(failedTrafficChecks({ counters: "equal" }, { trial: goodTrial, counted })).toEqual([
      "container port 0 RX-packets is 9,999, and the generator sent 10,000",
    ]);
    expect(failedTrafficChecks({ counters: "equal" }, { trial: goodTrial, counted: [] })).toEqual([
      "no port's counters could be compared",
    ]);
    expect(failedTrafficChecks({ unaccounted: 0 }, { trial: trial({ unaccounted: null }), counted: [] })).toHaveLength(
      1,
    );
    expect(
      failedTrafficChecks({ unaccounted: 4 }, { trial: trial({ unaccounted: 5, ledger: ["a link"] }), counted: [] }),
    ).toEqual(["5 frames unaccounted for: a link"]);
    expect(failedTrafficChecks({ leastPps: 1e9 }, { trial: goodTrial, counted: [] })).toHaveLength(1);
  });
});
