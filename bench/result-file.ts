/** The JSON document of one `npm run bench`, and how an earlier one is read back. */
import { z } from "zod";
import { usageError } from "../src/errors.js";
import type { HostFacts } from "../src/sys/host.js";
import type { Series } from "./harness.js";
import type { Outcome } from "./outcome.js";

export const benchFormat = "pktgen-ts bench 1";

export interface BenchResult {
  readonly format: typeof benchFormat;
  readonly started: string;
  readonly node: string;
  readonly host: HostFacts;
  readonly rounds: number;
  readonly outcomes: Readonly<Record<string, Outcome>>;
}

/** What a comparison needs of a result. */
export interface ComparableResult extends Pick<BenchResult, "started" | "node"> {
  readonly host: Pick<HostFacts, "cpu" | "cores" | "arch" | "kernel">;
  readonly outcomes: Readonly<Record<string, { readonly series: readonly ComparableSeries[] }>>;
}

export type ComparableSeries = Pick<Series, "name" | "unit" | "better" | "values">;

const earlierSchema = z.object({
  format: z.literal(benchFormat),
  started: z.string(),
  node: z.string(),
  host: z.object({ cpu: z.string(), cores: z.number(), arch: z.string(), kernel: z.string() }),
  outcomes: z.record(
    z.string(),
    z.object({
      series: z.array(
        z.object({
          name: z.string(),
          unit: z.string(),
          better: z.enum(["higher", "lower"]),
          // NaN, of a run that failed, is null in JSON.
          values: z.array(
            z
              .number()
              .nullable()
              .transform((value) => value ?? Number.NaN),
          ),
        }),
      ),
    }),
  ),
});

const accepted = "a file that npm run bench wrote, e.g. bench/results/<date>.json";

/** The result in the text of a file. Throws a usage error where it is something else. */
export function readBenchResult(text: string, path: string): ComparableResult {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw usageError("this is no JSON", { where: path, accepted, cause });
  }
  const format = (document as { format?: unknown } | null)?.format;
  if (format !== benchFormat) {
    const what = format === undefined ? "it says no format" : `its format is ${JSON.stringify(format)}`;
    throw usageError(`${what}, and not ${JSON.stringify(benchFormat)}`, { where: path, accepted });
  }
  const read = earlierSchema.safeParse(document);
  if (read.success) return read.data;
  const [{ path: at, message }] = read.error.issues;
  throw usageError(`${at.join(".")}: ${message}`, { where: path, accepted });
}
