/**
 * An external device: its user started it, and it lies behind the generator's ports. `hop` and `source` say how its
 * hops are counted, `side` what the generator's ports are to it as neighbours.
 */
export { counterSourcesOf, HopReader, type HopReading, type HopSpec, mirroredHops, parseHops } from "./hop.js";
export { type ExternalSide, parseSide, refuseTwice, type SideAddress, sharesPrefix } from "./side.js";
