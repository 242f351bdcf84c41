/**
 * The built-in device under test: the test plan's three hops from our own forwarders, without root and with nothing
 * to install; and faults, exact and by seed, for tests of the tool itself. Its parts also run alone.
 */
export { type EmbeddedOptions, embeddedOptionTable, parseEmbeddedOptions } from "./options.js";
export { type EmbeddedPart, type EmbeddedPartName, type EmbeddedPartOptions, startEmbeddedPart } from "./part.js";
export { type EmbeddedSetup, startEmbeddedDut } from "./start.js";
