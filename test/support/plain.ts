/** Plain traffic as the specs that everything inside works with. */
import type { PlainTraffic, TrafficSpec } from "../../src/stream/index.js";
import { plainTraffic, trafficOf } from "../../src/stream/spec.js";

export const plain = (changes: Partial<PlainTraffic> = {}): TrafficSpec => trafficOf(plainTraffic(changes));

export const defaultTraffic: TrafficSpec = plain();
