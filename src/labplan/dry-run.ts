/** The steps of a run as text: what --dry-run prints, and what is kept with the evidence. Pure. */
import type { TestPlan } from "./file/index.js";
import type { LabFacts } from "./order.js";
import { launchLine, type PlannedCase, type PlannedStep } from "./steps.js";

function stepLines({ number, heading, text, deed }: PlannedStep, facts: LabFacts): string[] {
  const lines = heading === null ? [] : [`  ${heading}`];
  lines.push(`    ${number.padEnd(5)} ${text}`);
  if (deed.do !== "launch") return lines;
  if (deed.launch.literal !== null) lines.push(`          plan: ${deed.launch.literal}`);
  return [...lines, `          run:  ${launchLine(deed.launch, facts)}`];
}

export function stepsText(plan: TestPlan, cases: readonly PlannedCase[], facts: LabFacts): string {
  const head = [
    plan.title,
    ...(plan.source === "" ? [] : [`from: ${plan.source}`]),
    ...plan.notes.map((note) => `note: ${note}`),
  ];
  const body = cases.flatMap(({ case: { number, name, id, notes }, steps }) => [
    "",
    `Case ${number}: ${name} (${id})`,
    ...notes.map((note) => `  note: ${note}`),
    ...steps.flatMap((step) => stepLines(step, facts)),
  ]);
  return `${[...head, ...body].join("\n")}\n`;
}
