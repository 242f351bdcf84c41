/** `plan`: runs a test plan on real testpmd, step by step, and keeps the evidence. */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { type ExitCode, exitCodes, usageError } from "../../errors.js";
import type { TestPlanOrder } from "../../labplan/index.js";
import { type LabplanOptions, labplanOptions } from "../../options/labplan-options.js";
import { resultFiles } from "../../options/option.js";
import { captureFiles } from "../../options/record-options.js";
import type { PlanResult } from "../../result/labplan-result.js";
import { terminalText } from "../../terminal-text.js";
import type { CommandContext, CommandDefinition } from "../command.js";
import { hasColors } from "../output/output.js";
import { checkResultFiles, standardOutput, writeResultFile } from "../output/result-file.js";
import { stoppable } from "../output/stoppable.js";
import { verdictCodes } from "../output/verdict-codes.js";

const examples = `
Examples:
  sudo pktgen-ts plan profiles/plans/virtio-user-container-networking.yaml
  pktgen-ts plan profiles/plans/virtio-user-no-huge.yaml            needs no root, no hugepages, no container
  pktgen-ts plan profiles/plans/virtio-paths.yaml --case 6 --sizes 64,512 --dry-run
  sudo pktgen-ts plan profiles/plans/virtio-user-container-networking.yaml --dut container=none,huge=off
  pktgen-ts plan profiles/plans/virtio-user-no-huge.yaml --record-tx sent.pcapng --record-rx came.pcapng
  pktgen-ts plan profiles/plans/virtio-user-no-huge.yaml --rate max --expected values.json --update-expected
`;

/** `pktgen-ts-results/<plan>-20260102-030405` */
const defaultResults = (file: string, now: Date): string =>
  `pktgen-ts-results/${basename(file).replace(/\.ya?ml$/, "")}-${now
    .toISOString()
    .replace(/[-:]|\..*/g, "")
    .replace("T", "-")}`;

/** Into the results folder, to the files that were asked for, and to standard output. */
async function report(
  result: PlanResult,
  options: LabplanOptions,
  order: TestPlanOrder,
  context: CommandContext,
): Promise<void> {
  const [{ renderPlanTable }, { renderDtsJson, renderExpected, updatedExpected }] = await Promise.all([
    import("../../report/plan-table.js"),
    import("../../report/dts.js"),
  ]);
  const json = `${JSON.stringify(result, null, 2)}\n`;
  const dts = renderDtsJson(result.plan.cases);
  const plain = renderPlanTable(result, { color: false, ascii: false });
  const kept = { "result.json": json, "dts.json": dts, "table.txt": plain };
  for (const [name, text] of Object.entries(kept)) {
    writeResultFile({ option: "--results", path: `${result.plan.results}/${name}` }, text);
  }
  const texts = { "--json": json, "--dts-json": dts };
  const files = resultFiles(labplanOptions, options);
  const onOutput = files.find(({ path }) => path === standardOutput);
  const color = hasColors();
  await context.output.result(
    onOutput === undefined
      ? renderPlanTable(result, { color, ascii: false })
      : texts[onOutput.option as keyof typeof texts],
  );
  for (const file of files) {
    if (file !== onOutput) writeResultFile(file, texts[file.option as keyof typeof texts]);
  }
  if (options.updateExpected === true && options.expected !== undefined) {
    const text = renderExpected(updatedExpected(order.expected, result.plan.cases));
    writeResultFile({ option: "--expected", path: options.expected }, text);
  }
}

async function runPlan(words: readonly string[], options: LabplanOptions, context: CommandContext): Promise<void> {
  const [file, ...more] = words;
  if (file === undefined || more.length > 0) {
    const what = file === undefined ? "which plan?" : `what is '${more[0]}'?`;
    throw usageError(what, { where: "plan", accepted: "one file, e.g. profiles/plans/virtio-user-no-huge.yaml" });
  }
  checkResultFiles([...resultFiles(labplanOptions, options), ...captureFiles(options)]);
  const [{ loadTestPlan }, { loadExpected }, { orderPlan }, method] = await Promise.all([
    import("../../labplan/file/index.js"),
    import("../../labplan/file/expected.js"),
    import("../../options/labplan-order.js"),
    import("../../labplan/index.js"),
  ]);
  const plan = loadTestPlan(file);
  const expected =
    options.expected === undefined ? {} : loadExpected(options.expected, options.updateExpected === true);
  const order = orderPlan(plan, options, expected, context.commandLine);
  const { output, finish } = context;
  if (options.dryRun === true) {
    await output.result(method.dryRun(order).split("\n").map(terminalText).join("\n"));
    return;
  }
  const results = options.results ?? defaultResults(file, new Date());
  if (options.results !== undefined && existsSync(`${results}/result.json`)) {
    const accepted = "a new or empty folder, so that no evidence is written over";
    throw usageError(`${results} has the results of another run`, { where: "--results", accepted });
  }
  using work = stoppable(output);
  const say = (line: string): void => output.message(`${terminalText(line)}\n`);
  const { result, error } = await method.runTestPlan(order, results, { signal: work.signal, say });
  const { stopped } = work;
  await report(result, options, order, context);
  output.message(`evidence: ${results}\n`);
  if (error !== null && !stopped) throw error;
  finish(stopped ? exitCodes.interrupted : (verdictCodes[result.verdict] satisfies ExitCode));
}

export const planCommand: CommandDefinition<LabplanOptions> = {
  name: "plan",
  summary: "run a test plan on dpdk-testpmd, step by step, e.g. the container-networking plan",
  argument: ["[file]", "the test plan, e.g. profiles/plans/virtio-user-no-huge.yaml"],
  options: { "": labplanOptions },
  help: [examples],
  run: runPlan,
};
