/** Expected throughput of test plans: case → frame size → descriptors → Mpps, as YAML or JSON. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { usageError } from "../errors.js";
import { checkShape } from "./check.js";
import { parseYaml } from "./document.js";

const mpps = z.number().min(0).describe("millions of frames a second, from 0");
const expectedSchema = z
  .record(z.string(), z.record(z.string(), z.record(z.string(), mpps)))
  .describe("cases with frame sizes with descriptors, e.g. test_perf_packet_fwd_for_container: { 64: { 1024: 0.01 } }");

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
    text = readFileSync(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    if (code === "ENOENT" && mayBeAbsent) return {};
    const why = code === "ENOENT" ? "does not exist" : `cannot be read (${code})`;
    const hint = "write it with --update-expected";
    throw usageError(`${file} ${why}`, { where: "--expected", accepted: "a YAML or JSON file", hint, cause: error });
  }
  return parseExpected(text, file);
}
