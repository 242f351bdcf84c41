/** `profile`: looks at a profile before anything is sent: its streams, its frames byte by byte, its load over time. */
import { basename } from "node:path";
import { exitCodes, PktgenError, usageError } from "../../errors.js";
import { flag, list, type OptionTable, option, readOptions, type TextsOf } from "../../options/option.js";
import { profileRootOption, readProfile } from "../../options/profile-option.js";
import type { PlainTraffic, TrafficSpec } from "../../stream/index.js";
import { terminalText } from "../../terminal-text.js";
import { parseLineRate, parseRate, type Rate } from "../../units.js";
import type { CommandContext, CommandDefinition } from "../command.js";

const profileOptions = {
  set: list("--set <name=value...>", "parameters of the profile"),
  profileRoot: profileRootOption,
  rate: option("--rate <rate>", "of graph: what streams without a rate of their own share (default 1Mpps)", parseRate),
  lineRate: option("--line-rate <bps>", "of graph: the line that percentages are of", parseLineRate),
  ascii: flag("--ascii", "of graph: in plain characters"),
} as const satisfies OptionTable;

type ProfileOptions = TextsOf<typeof profileOptions>;

const examples = `
Examples:
  pktgen-ts profile check my.yaml --set dst=198.19.0.9    every mistake, and where it is
  pktgen-ts profile show profiles/vxlan.yaml              streams, and the first frame of each, field by field
  pktgen-ts profile graph profiles/micro-bursts.yaml      the load of each stream over time, as lines of text
`;

const verbs = ["show", "check", "graph"] as const;

async function profile(words: readonly string[], options: ProfileOptions, context: CommandContext): Promise<void> {
  const [verb, file, ...rest] = words;
  if (!(verbs as readonly (string | undefined)[]).includes(verb) || file === undefined || rest.length > 0) {
    const what = verb === undefined ? "what about a profile?" : `"${words.join(" ")}" is not what profile does`;
    throw usageError(what, { where: "profile", accepted: "show FILE, check FILE, graph FILE" });
  }
  if (verb === "check") {
    await check(file, options, context);
    return;
  }
  const { description, stream, traffic } = await readProfile(file, options);
  const spec = traffic ?? (await plainSpec(file, stream));
  if (verb === "show") {
    const { renderProfile } = await import("../../report/profile-text.js");
    const { LoadedPrograms, programUrls } = await import("../../program/load-program.js");
    const programs = new LoadedPrograms();
    await programs.load(programUrls(spec));
    await context.output.result(renderProfile(spec, description, programs.of(spec)));
  } else {
    await context.output.result(await graphOf(spec, options));
  }
  context.finish(exitCodes.passed);
}

const plainSpec = async (file: string, stream: Partial<PlainTraffic>): Promise<TrafficSpec> => {
  const { plainTraffic, trafficOf } = await import("../../stream/index.js");
  return { ...trafficOf(plainTraffic(stream)), name: basename(file).replace(/\.ya?ml$/, "") };
};

/** Writes one line for each mistake, or that there is none. */
async function check(file: string, options: ProfileOptions, { output, finish }: CommandContext): Promise<void> {
  const { mistakesOf } = await import("../../profile/index.js");
  try {
    const { traffic, notes } = await readProfile(file, options);
    const count = traffic?.streams.length ?? 1;
    for (const note of notes) output.message(`${terminalText(note)}\n`);
    output.message(`${file}: ${count === 1 ? "1 stream" : `${count} streams`}, nothing wrong\n`);
    finish(exitCodes.passed);
  } catch (error) {
    if (!(error instanceof PktgenError)) throw error;
    for (const mistake of mistakesOf(error)) output.message(`pktgen-ts: ${mistake.toLine()}\n`);
    finish(error.exitCode);
  }
}

const defaultRate: Rate = { kind: "pps", pps: 1_000_000 };

/** Streams without a rate share `--rate`, by weight. */
async function graphOf(spec: TrafficSpec, options: ProfileOptions): Promise<string> {
  const { renderProfileGraph } = await import("../../report/profile-graph.js");
  const { ownSizes, streamMeanBytes } = await import("../../stream/departures/loads.js");
  const { meanFrameBytes, ratePps } = await import("../../units.js");
  const { lineRate: line = null, rate: asked = defaultRate } = readOptions(profileOptions, options);
  const rates = [asked, ...spec.streams.flatMap(({ rate }) => rate ?? [])];
  if (rates.some(({ kind }) => kind === "max")) {
    throw usageError("as fast as it can be has no graph", { where: "--rate", accepted: "a rate, e.g. 1Mpps" });
  }
  // Either each stream has its size, or all of them have the trial's.
  const hasOwnSizes = spec.streams.every(({ size }) => size !== null);
  const size = hasOwnSizes ? ownSizes(spec, { kind: "max", lineRateBps: line }) : spec.sizes[0];
  const shared = ratePps(rates[0], meanFrameBytes(size), line);
  const weights = spec.streams.reduce((sum, { rate, weight }) => sum + (rate === null ? weight : 0), 0);
  const pps = spec.streams.map((stream) => {
    const { name, rate, weight } = stream;
    if (rate === null) return (shared * weight) / weights;
    return ratePps(rate, streamMeanBytes(spec, stream, size), line, `stream "${name}" rate`);
  });
  return renderProfileGraph(spec, { ascii: options.ascii === true, pps });
}

export const profileCommand: CommandDefinition<ProfileOptions> = {
  name: "profile",
  summary: "check a profile, show what it sends and when",
  argument: ["[words...]", "show FILE, check FILE, graph FILE"],
  options: { "": profileOptions },
  help: [examples],
  run: profile,
};
