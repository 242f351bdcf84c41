/**
 * html: one page for a lab engineer to hand on. It needs no network and no script: it has tables, and next to them
 * charts of the same figures as SVG in the page. With a recording it has the page of `serve` above them, too.
 */
import type { RunResult, Trial } from "../../result/run-result.js";
import { fleetSection } from "../fleet-section.js";
import { environmentRows, ledgerSection, titleOf, trialsSection } from "../markdown.js";
import { pageDocument } from "../page-document.js";
import { pairSection } from "../pair-section.js";
import type { Section } from "../section.js";
import { methodSections, methodSentences } from "../sections.js";
import { sentencesOf, verdictSentence } from "../sentences.js";
import { streamsSection } from "../stream-table.js";
import { histogramChart, lossChart, percentileChart, searchChart, soakChart, throughputChart } from "./charts.js";
import { recoveryChart, resetChart } from "./spread-charts.js";
import { type Chart, escapeText, figure } from "./svg.js";

export const renderHtml = (result: RunResult): string => renderPage(result, null);

/** `recording`: what the page of a live run shows, as JSON. Without one there is no script in the document. */
export const renderPage = (result: RunResult, recording: string | null): string =>
  pageDocument({ title: titleOf(result), recording, body: reportBody(result) });

/** The report of a result as the body of a document. */
function reportBody(result: RunResult): string {
  const said = result.method === undefined ? sentencesOf(result) : methodSentences(result);
  const sentences = [...said, ...(result.advice ?? [])];
  const sections = result.method === undefined ? [] : methodSections(result);
  const title = titleOf(result);
  return [
    `<header><h1>${escapeText(title)}</h1><p class="soft">${escapeText(result.started)}, seed ${result.seed}</p></header>`,
    `<main><div class="verdict ${result.verdict}" role="status"><strong>${result.verdict.toUpperCase()}</strong>${escapeText(verdictSentence(result))}</div>`,
    saidList(sentences),
    ...(result.method === undefined
      ? [chartsOf([...latencyCharts(result)]), sectionHtml(trialsSection(result))]
      : sections.flatMap((section) => [sectionHtml(section), chartsOf(chartsFor(section, result))])),
    sectionHtml(streamsSection(result, 100)),
    sectionHtml(fleetSection(result, 1_000)),
    sectionHtml(pairSection(result, 1_000)),
    chartsUnder("search path", searchCharts(result)),
    sectionHtml(ledgerSection(result)),
    result.method === undefined ? "" : folded("all trials", tableHtml(trialsSection(result))),
    environment(result),
    "</main>",
  ].join("\n");
}

const saidList = (sentences: readonly string[]): string =>
  sentences.length === 0
    ? ""
    : `<ul class="said">${sentences.map((said) => `<li>${escapeText(said)}</li>`).join("")}</ul>`;

function sectionHtml(section: Section): string {
  if (section.rows.length === 0) return "";
  const note = section.note === undefined ? "" : `<p class="note">${escapeText(section.note)}</p>`;
  return `<section><h2 id="${section.id}">${escapeText(section.title)}</h2>${tableHtml(section)}${note}</section>`;
}

function tableHtml({ title, columns, rows }: Section): string {
  const verdicts = ["PASS", "FAIL", "INVALID"];
  const head = columns.map(
    ({ head: text, align }) => `<th scope="col" class="${align}">${escapeText(text).replace("\n", "<br>")}</th>`,
  );
  const cell = (text: string, i: number): string => {
    const verdict = verdicts.includes(text) ? ` ${text.toLowerCase()}` : "";
    return `<td class="${columns[i]?.align ?? "left"}${verdict}">${escapeText(text)}</td>`;
  };
  const body = rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`).join("\n");
  return `<div class="wide" tabindex="0" role="region" aria-label="${escapeText(title)}"><table><thead><tr>${head.join("")}</tr></thead><tbody>${body}</tbody></table></div>`;
}

const chartsOf = (charts: readonly (Chart | null)[]): string => {
  const there = charts.filter((chart) => chart !== null);
  return there.length === 0 ? "" : `<div class="charts">${there.map(figure).join("\n")}</div>`;
};

const chartsUnder = (title: string, charts: readonly (Chart | null)[]): string =>
  charts.every((chart) => chart === null) ? "" : `<section><h2>${escapeText(title)}</h2>${chartsOf(charts)}</section>`;

/** The charts that belong to a table. */
function chartsFor({ id }: Section, result: RunResult): (Chart | null)[] {
  if (id === "results") return [throughputChart(result)];
  if (id === "loss") return [lossChart(result)];
  if (id === "latency") return latencyCharts(result);
  if (id === "probe") return probeCharts(result);
  if (id === "recovery") return [recoveryChart(result)];
  if (id === "reset") return [resetChart(result)];
  return id === "soak" ? [soakChart(result)] : [];
}

/** Two charts for each size that has latencies. For a method, only those at loads chosen for it. */
function latencyCharts(result: RunResult): (Chart | null)[] {
  const isShown = ({ phase, verdict, untimely }: Trial): boolean =>
    result.method === undefined || (phase.startsWith("latency") && verdict === "pass" && untimely === undefined);
  const trials = result.trials.filter(isShown);
  return [...new Set(trials.map(({ frameBytes }) => frameBytes))].flatMap((frameBytes) => {
    const ofSize = trials.filter((trial) => trial.frameBytes === frameBytes);
    return [percentileChart(frameBytes, ofSize), histogramChart(frameBytes, ofSize)];
  });
}

function probeCharts({ trials }: RunResult): (Chart | null)[] {
  const usable = trials.filter(
    ({ probe, verdict, untimely }) => probe !== undefined && verdict === "pass" && untimely === undefined,
  );
  return [...new Set(usable.map(({ frameBytes }) => frameBytes))].map((frameBytes) => {
    const ofSize = usable.filter((trial) => trial.frameBytes === frameBytes);
    const series = ofSize.map(({ phase, probe }) => ({ phase, latencyBuckets: probe?.latencyBuckets }));
    return percentileChart(frameBytes, series, "probe");
  });
}

function searchCharts({ searchPath = [] }: RunResult): (Chart | null)[] {
  return [...new Set(searchPath.map(({ frameBytes }) => frameBytes))].map((frameBytes) =>
    searchChart(
      frameBytes,
      searchPath.filter((step) => step.frameBytes === frameBytes),
    ),
  );
}

const folded = (title: string, body: string): string =>
  `<section><h2>${escapeText(title)}</h2><details><summary>every trial, a row each</summary>${body}</details></section>`;

function environment(result: RunResult): string {
  const rows = environmentRows(result).map(
    ([name, value]) => `<tr><th scope="row">${escapeText(name)}</th><td>${escapeText(value)}</td></tr>`,
  );
  return `<section><h2 id="environment">environment</h2><table class="facts"><tbody>${rows.join("\n")}</tbody></table></section>`;
}
