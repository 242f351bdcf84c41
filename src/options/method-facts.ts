/** What the result says of a method: its name, preset, settings, and where it leaves the standard. Pure. */
import type { Findings } from "../method/findings.js";
import type { LatencySettings } from "../method/latency.js";
import type { NdrSettings } from "../method/ndr.js";
import { deviationsOf, type Rfc2544Settings, searchDeviations } from "../method/rfc2544/index.js";
import type { ServiceSettings } from "../method/service.js";
import type { Method } from "../result/run-result.js";
import { frameSizeName } from "../units.js";

const preset = (quick: boolean): string => (quick ? "quick" : "standard");
const searchFacts = ({ kind, goals, queueFrames, minPps, lineRateBps }: NdrSettings): Method["settings"] => ({
  search: kind,
  ...Object.fromEntries(
    goals.map(({ name, lossRatio, exceedRatio, initialTrialNs, trialNs, durationSumNs, width }) => [
      name,
      `loss ${lossRatio}, exceed ${exceedRatio}, trials ${initialTrialNs / 1e9} to ${trialNs / 1e9} s, sum ${durationSumNs / 1e9} s, width ${width}`,
    ]),
  ),
  dutQueueFrames: queueFrames,
  minPps,
  lineRateBps,
});
const sizesFact = (sizes: NdrSettings["sizes"]): string => sizes.map(frameSizeName).join(",");

export const ndrMethod = (settings: NdrSettings, settleNs: number, quick: boolean): Method => ({
  name: "ndr",
  preset: preset(quick),
  conforming: null,
  deviations: searchDeviations(settings, settleNs),
  settings: { sizes: sizesFact(settings.sizes), ...searchFacts(settings) },
});

export function rfc2544Method(
  settings: Rfc2544Settings,
  settleNs: number,
  quick: boolean,
  findings: Findings = {},
): Method {
  const deviations = deviationsOf(settings, settleNs, findings);
  const { latency, loss, backToBack, recovery, reset } = settings;
  return {
    name: "rfc2544",
    preset: preset(quick),
    conforming: deviations.length === 0,
    deviations,
    settings: {
      sizes: sizesFact(settings.sizes),
      tests: settings.tests.join(","),
      ...searchFacts(settings.throughput),
      latency: `${latency.repeats} × ${latency.durationNs / 1e9} s`,
      loss: `steps of ${loss.stepShare}, ${loss.durationNs / 1e9} s`,
      backToBack: `${backToBack.repeats} searches, at most ${backToBack.longestNs / 1e9} s`,
      recovery: `${recovery.repeats} × ${recovery.overloadNs / 1e9} s, then ${recovery.afterNs / 1e9} s at half the load`,
      reset: reset.how === "" ? null : `${reset.repeats} ×, ${reset.how}, waited for ${reset.withinNs / 1e9} s`,
      settleNs,
      learningFrames: settings.learningFrames,
      learningWaitNs: settings.learningWaitNs,
      restabiliseNs: settings.restabiliseNs,
    },
  };
}

export const latencyMethod = (settings: LatencySettings): Method => ({
  name: "latency",
  preset: "standard",
  conforming: null,
  deviations: [],
  settings: {
    sizes: sizesFact(settings.sizes),
    loads: settings.shares.join(","),
    ...(settings.probePps === null ? {} : { probePps: settings.probePps }),
    lossRatioMax: settings.lossRatioMax,
    trials: `${settings.repeats} × ${settings.durationNs / 1e9} s`,
    ...(settings.referencePps === null ? searchFacts(settings.search) : {}),
  },
});

export const serviceMethod = (settings: ServiceSettings, deviations: string[]): Method => ({
  name: "y1564",
  preset: "standard",
  conforming: deviations.length === 0,
  deviations,
  settings: {
    size: frameSizeName(settings.size),
    cirPps: settings.cirPps,
    eirPps: settings.eirPps,
    steps: settings.steps.join(","),
    stepNs: settings.stepNs,
    performanceNs: settings.performanceNs,
    policing: settings.policing,
    lossRatio: settings.criteria.lossRatio,
    delayNs: settings.criteria.delayNs,
    delayVariationNs: settings.criteria.delayVariationNs,
  },
});

export const plainMethod = (name: string, settings: Method["settings"], deviations: string[] = []): Method => ({
  ...{ name, settings, deviations },
  preset: "standard",
  conforming: null,
});
