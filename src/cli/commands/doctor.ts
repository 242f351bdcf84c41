/** `doctor`: what this machine can run, what is missing, and the command that fixes it. */
import { exitCodes } from "../../errors.js";
import type { CommandDefinition } from "../command.js";
import type { CheckGroup, DoctorCheck } from "../doctor/index.js";

const marks = { ok: "ok     ", note: "note   ", missing: "missing" } as const;

function checkLines(check: DoctorCheck, nameColumns: number): string {
  const line = `  ${marks[check.state]}  ${check.name.padEnd(nameColumns)}  ${check.found}\n`;
  return check.fix === undefined ? line : `${line}${" ".repeat(nameColumns + 13)}→ ${check.fix}\n`;
}

/** The doctor's findings as text: for each job what is here, and below it what to do. */
export function formatFindings(groups: readonly CheckGroup[], well: boolean): string {
  const nameColumns = Math.max(...groups.flatMap(({ checks }) => checks.map(({ name }) => name.length)));
  const parts = groups.map(({ neededFor, checks }) => {
    const lines = checks.map((check) => checkLines(check, nameColumns));
    return `needed for ${neededFor}\n${lines.join("")}`;
  });
  const end = well ? "The main job can run.\n" : "The main job cannot run until what it needs is there.\n";
  return [...parts, end].join("\n");
}

export const doctor: CommandDefinition = {
  name: "doctor",
  summary: "what this machine can run, what is missing, and the command that fixes it",
  refusesWords: true,
  options: {},
  run: async (_words, _options, { output, version, finish }) => {
    const { examine, isWell } = await import("../doctor/index.js");
    const groups = await examine();
    const well = isWell(groups);
    await output.result(`pktgen-ts ${version}\n\n${formatFindings(groups, well)}`);
    finish(well ? exitCodes.passed : exitCodes.environment);
  },
};
