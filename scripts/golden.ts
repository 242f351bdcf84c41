/**
 * Writes pcaps/golden/*.pcap anew from the compiled programs: npx tsx scripts/golden.ts
 * Only after a change of what is sent that is meant; look at the difference with tshark before it is committed.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { compileStream, programFrame } from "../src/stream/index.js";
import { goldenCapture } from "../test/golden/capture.js";
import { goldenSpecs } from "../test/golden/specs.js";

const folder = new URL("../pcaps/golden/", import.meta.url);
mkdirSync(folder, { recursive: true });
for (const golden of goldenSpecs) {
  const bytes = goldenCapture(golden, (spec, size, index, stamp) =>
    programFrame(compileStream(spec, size), index, stamp),
  );
  writeFileSync(new URL(`${golden.name}.pcap`, folder), bytes);
  process.stderr.write(`pcaps/golden/${golden.name}.pcap: ${bytes.length} bytes\n`);
}
