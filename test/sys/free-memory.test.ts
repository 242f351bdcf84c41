/** Memory that malloc keeps free is given back: real blocks of libc, and what the kernel says of this process. */
import { readFileSync } from "node:fs";
import koffi from "koffi";
import { expect, it } from "vitest";
import { giveBackFreeMemory } from "../../src/sys/libc.js";

const isMusl = !("glibcVersionRuntime" in (process.report.getReport() as { header: object }).header);

const residentBytes = (): number =>
  1_024 * Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))![1]);

it.skipIf(isMusl)("free blocks between used ones go back to the kernel", () => {
  const blockBytes = 16_384;
  // Each is touched; what libc maps on its own is larger.
  const blocks = Array.from({ length: 6_000 }, () => {
    const block = koffi.alloc("uint8_t", blockBytes);
    koffi.encode(block, koffi.array("uint8_t", blockBytes), new Uint8Array(blockBytes).fill(1));
    return block;
  });
  for (const [k, block] of blocks.entries()) if (k % 64 !== 63) koffi.free(block);
  const before = residentBytes();
  giveBackFreeMemory();
  const givenBackBytes = before - residentBytes();
  for (const [k, block] of blocks.entries()) if (k % 64 === 63) koffi.free(block);
  expect(givenBackBytes).toBeGreaterThan(40e6);
});
