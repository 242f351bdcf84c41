/** Frames: building them, their checksums, and dissecting them. */
import {
  addBytes,
  buildFrame,
  complement,
  crc32c,
  dissect,
  fillPattern,
  updateChecksum,
} from "../../src/packet/index.js";
import { keep, type MicroCase } from "./case.js";
import { stacks } from "./frames.js";

export const buildCases: readonly MicroCase[] = stacks.map(({ name, layers, bufferBytes }) => ({
  name: `build: ${name}`,
  run: () => keep(buildFrame(layers, bufferBytes)[bufferBytes - 1]),
}));

export const dissectCases: readonly MicroCase[] = stacks.map(({ name, layers, bufferBytes }) => {
  const frame = buildFrame(layers, bufferBytes);
  return { name: `dissect: ${name}`, run: () => keep(dissect(frame).layers.length) };
});

const bytes = new Uint8Array(1480);
fillPattern(bytes, 0, bytes.length);
const updates = 256;

export const checksumCases: readonly MicroCase[] = [
  { name: "checksum: an IPv4 header, 20 bytes", run: () => keep(complement(addBytes(0, bytes, 0, 20))) },
  { name: "checksum: a payload, 1480 bytes", run: () => keep(complement(addBytes(0, bytes, 0, bytes.length))) },
  {
    name: `checksum: ${updates} updates by one word`,
    run: () => {
      let checksum = 0x1234;
      for (let word = 0; word < updates; word++) checksum = updateChecksum(checksum, word, word + 1);
      keep(checksum);
    },
  },
  { name: "checksum: CRC32c of 1480 bytes", run: () => keep(crc32c(bytes, 0, bytes.length)) },
];
