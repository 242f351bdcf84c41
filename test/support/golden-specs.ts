/** The traffic of the golden captures, and how many frames of each size list entry they hold. */
import { type PlainTraffic, plainTraffic } from "../../src/stream/index.js";
import { fixedSize, simpleImix } from "../../src/units.js";

export interface GoldenSpec {
  readonly name: string;
  readonly spec: PlainTraffic;
  readonly framesPerSize: number;
}

export const goldenSpecs: readonly GoldenSpec[] = [
  { name: "plan-sizes", spec: plainTraffic(), framesPerSize: 2 },
  { name: "ipv6", spec: plainTraffic({ ip: 6, sizes: [66, 83, 84, 128, 1518].map(fixedSize) }), framesPerSize: 2 },
  { name: "vlan", spec: plainTraffic({ vlan: 100, sizes: [64, 67, 68, 128, 1518].map(fixedSize) }), framesPerSize: 2 },
  { name: "flows", spec: plainTraffic({ flows: 40_000, srcPort: 10_000, sizes: [fixedSize(64)] }), framesPerSize: 8 },
  { name: "imix", spec: plainTraffic({ sizes: [simpleImix] }), framesPerSize: 24 },
  { name: "odd-sizes", spec: plainTraffic({ flows: 2, sizes: [65, 67, 129, 1517].map(fixedSize) }), framesPerSize: 2 },
];
