/**
 * A device that somebody else started, behind ports of ours: how its hops are counted (`hop`, `source`), and what our
 * ports are to it as neighbours (`side`).
 */
export { HopReader, type HopReading, type HopSpec, mirroredHops, parseHops } from "./hop.js";
export { type ExternalSide, parseSide, refuseTwice, type SideAddress } from "./side.js";
