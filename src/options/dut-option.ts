/** `--dut`: which device the frames go through, and its options. Pure. */
import { type EmbeddedOptions, parseEmbeddedOptions } from "../dut/embedded/options.js";
import { parseTestpmdOptions, type TestpmdOptions } from "../dut/testpmd/options.js";
import { usageError } from "../errors.js";
import { didYouMean } from "../nearest.js";

export type AskedDut =
  | { readonly kind: "embedded"; readonly options: EmbeddedOptions }
  | { readonly kind: "testpmd"; readonly options: TestpmdOptions }
  | { readonly kind: "external" };

const dutKinds = ["embedded", "external", "testpmd"] as const;

/** `testpmd,container=none` */
export function parseDut(text: string, where: string): AskedDut {
  const comma = text.indexOf(",");
  const kind = comma < 0 ? text : text.slice(0, comma);
  const rest = comma < 0 ? "" : text.slice(comma + 1);
  if (kind === "embedded") return { kind, options: parseEmbeddedOptions(rest, where) };
  if (kind === "testpmd") return { kind, options: parseTestpmdOptions(rest, where) };
  const accepted = "embedded[,option=value…], testpmd[,option=value…], external";
  if (kind !== "external") {
    throw usageError(`unknown device under test "${kind}"`, { where, accepted, ...didYouMean(kind, dutKinds) });
  }
  if (comma >= 0) throw usageError(`external has no options, but "${rest}" is given`, { where, accepted });
  return { kind };
}
