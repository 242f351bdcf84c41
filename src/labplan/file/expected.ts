/** Expected throughput of test plans: case → frame size → descriptors → Mpps, as YAML or JSON. */
import { z } from "zod";
import { usageError } from "../../errors.js";
import { checkShape } from "../../profile/check.js";
import { parseYaml } from "../../profile/document.js";
import { isReadError, readInputText, unreadableBecause } from "../../sys/input-file.js";

const mpps = z.number().min(0).describe("millions of frames a second, from 0");
const expectedSchema = z
  .record(z.string(), z.record(z.string(), z.record(z.string(), mpps)))
  .describe("cases with frame sizes with descriptors, e.g. test_perf_packet_fwd_for_container: { 64: { 1024: 0.01 } }");

const mostExpectedBytes = 4_000_000;

type Expected = z.infer<typeof expectedSchema>;

/** Text → values. Throws a usage error `file:line:column: what; accepted: …`. */
export function parseExpected(text: string, file: string): Expected {
  const document = parseYaml(text, file);
  return document.value === null ? {} : checkShape(expectedSchema, document);
}

/** Reads and parses it. `mayBeAbsent`: a file that is about to be written is empty until then. */
export function loadExpected(file: string, mayBeAbsent: boolean): Expected {
  let text: string;
  try {
    text = readInputText(file, { mostBytes: mostExpectedBytes });
  } catch (cause) {
    if (!isReadError(cause)) throw cause;
    if ((cause as NodeJS.ErrnoException).code === "ENOENT" && mayBeAbsent) return {};
    const hint = "write it with --update-expected";
    const accepted = "a YAML or JSON file";
    throw usageError(`${file} ${unreadableBecause(cause)}`, { where: "--expected", accepted, hint, cause });
  }
  return parseExpected(text, file);
}
