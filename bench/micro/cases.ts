/** All that the micro-benchmarks measure, in the order of the table. */
import type { MicroCase } from "./case.js";
import { histogramCases } from "./histogram.js";
import { buildCases, checksumCases, dissectCases } from "./packet.js";
import { pcapCases } from "./pcap.js";
import { reference } from "./reference.js";

export const microCases: readonly MicroCase[] = [
  reference,
  ...buildCases,
  ...checksumCases,
  ...dissectCases,
  ...pcapCases,
  ...histogramCases,
];
