/**
 * What a team would write to test its own switch, with vitest. `dut` is the built-in device here, so that it runs as it is;
 * for a device of yours, name its ports:
 *
 *     const dut = { dut: "external", tx: "packet:veth0", rx: "packet:veth1" };
 */
import { type RunResult, run } from "pktgen-ts";
import { describe, expect, it } from "vitest";

const dut = { dut: "embedded" };

interface Matchers {
  /** Every frame came back once, whole and in order. */
  toForwardEverything(): void;
  /** Some frames did not come back. */
  toLoseFrames(): void;
}
declare module "vitest" {
  interface Assertion extends Matchers {}
}

const lossOf = ({ trials }: RunResult): string =>
  trials.map(({ frameBytes, lost, sent }) => `${frameBytes} bytes: ${lost} of ${sent} lost`).join(", ");

expect.extend({
  toForwardEverything: (result: RunResult) => ({
    pass: result.trials.every(
      ({ sent, accepted, duplicate, reordered }) => sent > 0 && accepted === sent && duplicate === 0 && reordered === 0,
    ),
    message: () => `expected every frame back once and in order; ${lossOf(result)}`,
  }),
  toLoseFrames: (result: RunResult) => ({
    pass: result.trials.some(({ lost }) => lost > 0),
    message: () => `expected a loss; ${lossOf(result)}`,
  }),
});

describe("our switch", () => {
  it("forwards every size", async () => {
    expect(await run({ ...dut, sizes: [64, 512, 1518], rate: "10kpps", count: 2000 })).toForwardEverything();
  });

  it("keeps VLAN tags", async () => {
    expect(await run({ ...dut, sizes: 128, vlan: 100, rate: "10kpps", count: 1000 })).toForwardEverything();
  });

  it("forwards IPv6", async () => {
    expect(await run({ ...dut, sizes: 128, ip: 6, flows: 16, rate: "10kpps", count: 1000 })).toForwardEverything();
  });

  it("polices what is too fast", async () => {
    const policed = { dut: "embedded,rate=5kpps,queue=64" };
    expect(await run({ ...policed, sizes: 64, rate: "20kpps", count: 4000 })).toLoseFrames();
  });
});
