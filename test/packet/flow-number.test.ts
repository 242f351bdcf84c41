/** A flow has one number both ways. */
import { expect, it } from "vitest";
import { flowNumber } from "../../src/packet/flow-number.js";
import {
  buildFrame,
  ethernet,
  type Header,
  ipv4,
  ipv6,
  parseIpv4,
  parseIpv6,
  parseMac,
  udp,
} from "../../src/packet/index.js";
import { Outline, outline } from "../../src/packet/outline.js";

const macs = (dst: number, src: number): Header =>
  ethernet({ dst: parseMac(`02:00:00:00:00:0${dst}`), src: parseMac(`02:00:00:00:00:0${src}`) });

function numberOf(headers: readonly Header[]): number {
  const bytes = buildFrame(headers, 80);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const out = new Outline();
  outline(view, 0, bytes.length, out);
  const number = flowNumber(view, 0, out);
  expect(Number.isInteger(number) && number >= 0 && number < 65_536).toBe(true);
  return number;
}

const v4 = (src: number, dst: number, srcPort: number, dstPort: number): number =>
  numberOf([
    macs(1, 2),
    ipv4({ src: parseIpv4(`198.18.0.${src}`), dst: parseIpv4(`198.18.0.${dst}`) }),
    udp({ srcPort, dstPort }),
  ]);
const v6 = (src: number, dst: number, srcPort: number, dstPort: number): number =>
  numberOf([
    macs(1, 2),
    ipv6({ src: parseIpv6(`2001:2::${src}`), dst: parseIpv6(`2001:2::${dst}`) }),
    udp({ srcPort, dstPort }),
  ]);

it("is the same both ways, and another for another flow", () => {
  for (const of of [v4, v6]) {
    expect(of(1, 2, 1024, 53)).toBe(of(2, 1, 53, 1024));
    expect(of(1, 2, 1024, 53)).not.toBe(of(1, 2, 1025, 53));
    expect(of(1, 2, 1024, 53)).not.toBe(of(1, 3, 1024, 53));
  }
  expect(numberOf([macs(1, 2)])).toBe(numberOf([macs(2, 1)]));
  expect(numberOf([macs(1, 2)])).not.toBe(numberOf([macs(1, 3)]));
});

it("spreads: no queue of two to eight has more than a third above its share of 4,000 flows", () => {
  const flows = Array.from({ length: 4_000 }, (_, i) => v4(1 + (i % 100), 2, 1024 + Math.floor(i / 100), 53));
  for (let queues = 2; queues <= 8; queues++) {
    const counts = new Array<number>(queues).fill(0);
    for (const flow of flows) counts[flow % queues]++;
    expect(Math.max(...counts)).toBeLessThan((flows.length / queues) * (4 / 3));
  }
});
