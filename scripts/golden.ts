/**
 * Writes pcaps/golden/*.pcap and pcaps/profiles/*.pcap anew from the compiled programs: npx tsx scripts/golden.ts
 * Only after a change of what is sent that is meant; look at the difference with tshark before it is committed.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { compileStream, compileTraffic, frameAt } from "../src/stream/index.js";
import { goldenCapture } from "../test/support/golden-capture.js";
import { profileCapture, profiles } from "../test/support/golden-profiles.js";
import { goldenSpecs } from "../test/support/golden-specs.js";

const folder = new URL("../pcaps/golden/", import.meta.url);
mkdirSync(folder, { recursive: true });
for (const golden of goldenSpecs) {
  const bytes = goldenCapture(golden, (spec, size, index, stamp) => frameAt(compileStream(spec, size), index, stamp));
  writeFileSync(new URL(`${golden.name}.pcap`, folder), bytes);
  process.stderr.write(`pcaps/golden/${golden.name}.pcap: ${bytes.length} bytes\n`);
}

const profilesFolder = new URL("../pcaps/profiles/", import.meta.url);
mkdirSync(profilesFolder, { recursive: true });
for (const { name, spec, programs } of profiles) {
  const bytes = profileCapture(spec, (traffic, size, stream, index, stamp) =>
    frameAt(compileTraffic(traffic, size, programs)[stream], index, stamp),
  );
  writeFileSync(new URL(`${name}.pcap`, profilesFolder), bytes);
  process.stderr.write(`pcaps/profiles/${name}.pcap: ${bytes.length} bytes\n`);
}
