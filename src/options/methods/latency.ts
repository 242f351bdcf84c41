/** `latency` from its options. */
import { usageError } from "../../errors.js";
import type { RunPlan } from "../../measure/plan.js";
import { type LatencySettings, latencyAtLoads } from "../../method/latency.js";
import { runMethod } from "../../method/session.js";
import { isSigned } from "../../stream/spec.js";
import { frameSizeName, meanFrameBytes, parseCount, parseDuration, parseRatio } from "../../units.js";
import { latencyMethod } from "../method-facts.js";
import { loadPps, ndrSettings } from "../method-options.js";
import type { RunOptions } from "../run-options.js";
import type { SearchOptions } from "../search-rows.js";
import { keptTrials, type PreparedMethod } from "./prepared.js";

export interface LatencyOptions extends RunOptions, SearchOptions {
  readonly loads?: string;
  readonly reference?: string;
  readonly trialDuration?: string;
  readonly repeats?: string;
  readonly probe?: string;
}

/** Trials of the search for a size's reference, roughly. */
const searchTrials = 9;

function sharesOf(text: string): number[] {
  const shares = text.split(",").map((piece) => parseRatio(piece.trim(), "--loads"));
  if (shares.every((share) => share > 0)) return shares;
  throw usageError("a load of 0 sends nothing", { where: "--loads", accepted: "shares above 0, e.g. 10%,50%,100%" });
}

/** A probe's frames are told from the load's by their signature. */
function probePps(text: string, { sizes, stream, lineRateBps }: RunPlan): number {
  const small = sizes.find((size) => !isSigned(stream, size));
  if (small !== undefined) {
    throw usageError(`frames of ${frameSizeName(small)} bytes are too small to tell the probe from the load`, {
      where: "--probe",
      accepted: "larger --sizes: from 64, with a VLAN tag from 68, IPv6 from 84",
    });
  }
  const rates = sizes.map((size) => loadPps(text, "--probe", meanFrameBytes(size), lineRateBps));
  if (rates.every((rate) => rate === rates[0])) return rates[0]!;
  throw usageError(`"${text}" is another rate in frames for each size`, { where: "--probe", accepted: "e.g. 1kpps" });
}

function settingsOf(options: LatencyOptions, plan: RunPlan): LatencySettings {
  const search = ndrSettings({ ...options, quick: true }, plan);
  const { reference, probe, trialDuration = "10s", repeats = "1", loads = "10%,50%,90%,100%" } = options;
  const settings: LatencySettings = {
    sizes: plan.sizes,
    shares: sharesOf(loads),
    durationNs: parseDuration(trialDuration, "--trial-duration"),
    repeats: parseCount(repeats, "--repeats", 1, 1_000),
    referencePps:
      reference === undefined
        ? null
        : (size) => loadPps(reference, "--reference", meanFrameBytes(size), plan.lineRateBps),
    search: { ...search, goals: search.goals.slice(0, 1) },
    probePps: probe === undefined ? null : probePps(probe, plan),
    lossRatioMax: plan.lossLimit ?? 0,
  };
  for (const size of plan.sizes) settings.referencePps?.(size);
  return settings;
}

/** @throws PktgenError (2) for the first option that cannot be. */
export function prepareLatency(options: LatencyOptions, plan: RunPlan): PreparedMethod {
  const settings = settingsOf(options, plan);
  const perSize = settings.shares.length * settings.repeats + (settings.referencePps === null ? searchTrials : 0);
  const method = () => latencyMethod(settings);
  const setup = {
    plan,
    method,
    keepTrials: keptTrials,
    expectedTrials: perSize * plan.sizes.length,
    run: (bench: Parameters<typeof latencyAtLoads>[0]) => latencyAtLoads(bench, settings),
  };
  return { plan, method, run: (hooks) => runMethod(setup, hooks) };
}
