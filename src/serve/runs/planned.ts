/** From a request to a run that is decided: the plan of the command line, made of the same options. Nothing is opened. */
import type { OpenBench } from "../../measure/bench.js";
import type { RunHooks, RunPlan } from "../../measure/plan.js";
import { checkPlan } from "../../measure/plan-check.js";
import { plannedTrials, runForwarding } from "../../method/forwarding.js";
import { planChecked } from "../../options/allowed-cores.js";
import { commandLineOf } from "../../options/command-words.js";
import { judged } from "../../options/judged.js";
import { methodCommands } from "../../options/measuring-commands.js";
import { type MethodEntry, planMethod } from "../../options/methods/method.js";
import {
  fieldKindOf,
  namingFields,
  type OptionTexts,
  optionTexts,
  type RequestFieldKind,
} from "../../options/option-texts.js";
import { readProfile } from "../../options/profile-option.js";
import type { RunOptions } from "../../options/run-options.js";
import { planRun } from "../../options/run-plan.js";
import { type Profile, profileOfFrame } from "../../profile/index.js";
import type { Method, RunResult } from "../../result/run-result.js";
import { parseSizes } from "../../units.js";
import { builtIn } from "../claims.js";
import type { CommandName, OptionValues, RunBody } from "../contract.js";
import { hexFrameOf } from "../hex-frame.js";
import { profileOfText } from "../profile-text.js";
import { profilePath } from "../profiles.js";
import { RequestRefusal } from "../refusal.js";
import type { ServeSetup } from "../setup.js";
import { ofCommandLine, tables } from "./commands.js";
import { refusePlanned, refuseTexts, withPorts } from "./trust.js";

/** A run, decided. */
export interface PlannedRun {
  readonly command: CommandName;
  readonly options: OptionValues;
  readonly commandLine: string;
  /** Names of the ports that it needs for itself. */
  readonly ports: readonly string[];
  readonly plan: RunPlan;
  readonly description: string;
  /** null: a forwarding run. */
  readonly method: Method | null;
  readonly trialsExpected: number | null;
  readonly thresholds: readonly string[];
  readonly run: (hooks: RunHooks, open: OpenBench) => Promise<RunResult>;
}

/** The name of a profile that came with the request, in the folder where the files lie that it may name. */
const ownProfile = "request.yaml";

type Texts = RunOptions & OptionTexts;

/** Thrown as they are: errors of options name fields. */
const refuseOptions = (options: OptionValues): void => {
  const key = Object.keys(options).find((name) => Object.hasOwn(ofCommandLine, name));
  if (key === undefined) return;
  throw new RequestRefusal("invalid", "this option is the command line's alone", {
    where: key,
    accepted: ofCommandLine[key]!,
  });
};

function textsOf(command: CommandName, options: OptionValues): Promise<OptionTexts> {
  const table = tables[command];
  const kinds = Object.fromEntries(
    Object.entries(table).map(([key, option]): [string, RequestFieldKind] => [key, fieldKindOf(option)]),
  );
  if (!Array.isArray(options["set"]) && options["set"] !== undefined) kinds["set"] = "set";
  return namingFields(() => optionTexts(options, kinds));
}

function profileOfRequest(texts: Texts, given: string | undefined, setup: ServeSetup): Promise<Profile | null> {
  const { profile, set = [] } = texts;
  if (given !== undefined && profile !== undefined) {
    throw new RequestRefusal("invalid", "there are two profiles", {
      where: "profileText",
      accepted: "it, or options.profile",
    });
  }
  if (texts.frame !== undefined) hexFrameOf(texts.frame, "frame");
  if (texts.frame !== undefined && (given !== undefined || profile !== undefined)) {
    throw new RequestRefusal("invalid", "a frame beside a profile", { where: "frame", accepted: "one of them" });
  }
  const path = profile === undefined ? null : profilePath(profile, setup);
  return namingFields(async () => {
    if (texts.frame !== undefined) return profileOfFrame(texts.frame, "--frame");
    if (given !== undefined) return profileOfText(given, { field: "profileText", folder: setup.profiles, set });
    if (path === null) return null;
    const sizes = texts.sizes === undefined ? undefined : parseSizes(texts.sizes, "--sizes");
    return readProfile(path, { set }, sizes);
  });
}

type AnyEntry = MethodEntry<RunOptions, unknown>;

type Decided = Pick<PlannedRun, "plan" | "method" | "trialsExpected" | "run">;

async function decided(command: CommandName, texts: Texts, profile: Profile | null, line: string): Promise<Decided> {
  if (command === "run") {
    const plan = planRun(texts, profile, line);
    checkPlan(plan);
    const run: Decided["run"] = (hooks, open) => runForwarding(plan, hooks, open);
    return { plan, method: null, trialsExpected: plannedTrials(plan).length, run };
  }
  const entry = (await methodCommands[command].entry()) as unknown as AnyEntry;
  const { plan, facts, run } = planMethod(entry, texts, profile, line);
  const expected = entry.expectedTrials(entry.settings(texts, plan), texts, plan);
  return { plan, method: facts(plan.settleNs ?? 0), trialsExpected: expected === 0 ? null : expected, run };
}

const portsOf = ({ dut }: RunPlan, named: readonly string[]): readonly string[] =>
  dut.kind === "embedded" ? [builtIn] : dut.kind === "testpmd" ? ["testpmd", ...named] : named;

/** @throws RequestRefusal, or PktgenError (2) that names the option. */
export async function planRequest(request: RunBody, setup: ServeSetup): Promise<PlannedRun> {
  const { command = "run", options = {}, profileText } = request;
  refuseOptions(options);
  const asked = await textsOf(command, options);
  refuseTexts(asked, setup);
  const { texts, named } = withPorts(asked, setup);
  const profile = await profileOfRequest(texts, profileText, setup);
  const shown = profileText === undefined ? texts : { ...texts, profile: ownProfile };
  const commandLine = commandLineOf(command, tables[command], shown);
  const { plan, method, trialsExpected, run } = await namingFields(() => decided(command, texts, profile, commandLine));
  refusePlanned(plan, setup);
  const { threshold } = texts as RunOptions;
  const judge = await namingFields(() => judged(threshold, planChecked(plan), method));
  return {
    ...{ command, options, commandLine, plan, method, trialsExpected },
    ports: portsOf(plan, named),
    description: profile?.description ?? "",
    thresholds: [...(plan.thresholds ?? []).map(({ text }) => text), ...(threshold ?? [])],
    run: async (hooks, open) => judge(await run(hooks, open)),
  };
}
