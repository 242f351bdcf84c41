/** Which figures a run will have, so that a threshold for another one is refused before anything is measured. Pure. */
import { usageError } from "../errors.js";
import { percentName } from "../method/latency.js";
import { didYouMean } from "../nearest.js";
import { mergedThresholds, methodsWith, parseThreshold, type ThresholdSpec } from "../profile/threshold.js";
import type { Method } from "../result/run-result.js";

const percentiles = ["p50", "p99"] as const;
const timesOf = (name: string): string[] => percentiles.map((key) => `${name}.${key}`);

const listOf = (value: unknown): string[] => (typeof value === "string" && value !== "" ? value.split(",") : []);

/** Names without their sizes. `method`: null for a forwarding run. */
export function figureNames(method: Pick<Method, "name" | "settings"> | null): string[] {
  const { name = "run", settings = {} } = method ?? {};
  const goals = Object.keys(settings).filter((key) => key === "NDR" || key.startsWith("PDR "));
  const tests = listOf(settings["tests"]);
  const of: Readonly<Record<string, () => string[]>> = {
    run: () => ["rate", ...timesOf("rate"), ...timesOf("forwarding")],
    ndr: () => goals,
    latency: () => {
      const loads = listOf(settings["loads"]).map((share) => `latency ${percentName(Number(share))}`);
      const probes = settings["probePps"] === undefined ? [] : loads.map((load) => `${load} probe`);
      return [...goals, ...[...loads, ...probes].flatMap(timesOf)];
    },
    rfc2544: () => [
      ...(tests.includes("throughput") ? ["throughput"] : []),
      ...(tests.includes("latency") ? timesOf("latency") : []),
      ...["back-to-back", "recovery", "reset"].filter((test) => tests.includes(test)),
    ],
    soak: () => timesOf("soak"),
    y1564: () => [
      ...listOf(settings["steps"])
        .map((share) => `service: CIR ${percentName(Number(share))}`)
        .flatMap(timesOf),
      ...timesOf("service: performance"),
      ...(Number(settings["eirPps"] ?? 0) > 0 ? timesOf("service: CIR + EIR") : []),
      ...(settings["policing"] === true ? timesOf("service: policing") : []),
    ],
  };
  return ["loss", ...(methodsWith("outage").includes(name) ? ["outage"] : []), ...(of[name]?.() ?? [])];
}

/** Throws a usage error for a figure, or a size, that this run cannot have. */
export function checkThresholds(
  specs: readonly ThresholdSpec[],
  method: Pick<Method, "name" | "settings"> | null,
  sizes: readonly string[],
): void {
  const names = figureNames(method);
  for (const { what, size, text } of specs) {
    const command = method?.name ?? "run";
    if (!names.includes(what)) {
      throw usageError(`"${text}": ${command} does not measure ${what} here`, {
        where: "--threshold",
        accepted: names.join(", "),
        ...didYouMean(what, names),
      });
    }
    if (size !== null && !sizes.includes(size)) {
      throw usageError(`"${text}": frames of ${size} are not sent`, {
        where: "--threshold",
        accepted: sizes.join(", "),
      });
    }
  }
}

/**
 * What a run must reach: what its profile says, and what `texts` say over it. @throws PktgenError (2) for a text that is no
 * threshold, and for a figure, or a size, that this run cannot have.
 */
export function wantedThresholds(
  texts: readonly string[],
  ofProfile: readonly ThresholdSpec[],
  method: Pick<Method, "name" | "settings"> | null,
  sizes: readonly string[],
): ThresholdSpec[] {
  const asked = texts.map((text) => parseThreshold(text, "--threshold"));
  if (asked.length > 0) checkThresholds(asked, method, sizes);
  return [...mergedThresholds(ofProfile, asked)];
}
