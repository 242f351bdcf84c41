/** `ndr`, `latency`, `rfc2544`, `soak`: methods, for programs. */
import type { MethodEntry } from "../options/methods/method.js";
import { callText, type FieldKinds, namingFields, optionTexts } from "../options/option-texts.js";
import type { RunOptions } from "../options/run-options.js";
import type { RunResult } from "../result/run-result.js";
import type * as Fields from "./fields.js";
import type {
  LatencyRequest,
  LibraryHooks,
  MeasuredRequest,
  NdrRequest,
  Rfc2544Request,
  SoakHooks,
  SoakRequest,
} from "./request.js";

interface LibraryMethod<Request, Options extends RunOptions, Settings> {
  readonly name: string;
  readonly fields: (all: typeof Fields) => FieldKinds<Request>;
  /** Hooks beside those of every run. */
  readonly hookNames?: readonly string[];
  readonly entry: () => Promise<MethodEntry<Options, Settings>>;
}

function runMethod<Request extends MeasuredRequest, Options extends RunOptions, Settings>(
  { name, fields, hookNames = [], entry }: LibraryMethod<Request, Options, Settings>,
  request: Request,
  hooks: LibraryHooks,
): Promise<RunResult> {
  return namingFields(async () => {
    const [
      all,
      { planMethod },
      { profileOfRequest },
      { judged },
      { planChecked },
      { checkHooks, runHookNames, runHooks },
    ] = await Promise.all([
      import("./fields.js"),
      import("../options/methods/method.js"),
      import("./profile.js"),
      import("../options/judged.js"),
      import("../options/allowed-cores.js"),
      import("./run-hooks.js"),
    ]);
    checkHooks(hooks, [...runHookNames, ...hookNames]);
    const options = optionTexts(request, fields(all)) as Options;
    const profile = await profileOfRequest(request);
    const { plan, facts, run } = planMethod(await entry(), options, profile, callText(name, request));
    const judge = judged(request.threshold, planChecked(plan), facts(plan.settleNs ?? 0));
    return judge(await run(runHooks(hooks)));
  });
}

/**
 * NDR and PDR: the greatest rates of each size without loss and with a tolerated loss, by MLRsearch (RFC 9971).
 *
 *     const { results } = await ndr({ sizes: 64, quick: true, dut: "embedded,rate=200kpps" });
 *
 * `results` has a rate for each size and goal, in frames per second. @throws PktgenError as `run` does.
 */
export const ndr = (request: NdrRequest = {}, hooks: LibraryHooks = {}): Promise<RunResult> =>
  runMethod(
    {
      name: "ndr",
      fields: (all) => all.ndrFields,
      entry: async () => (await import("../options/methods/ndr.js")).ndrEntry,
    },
    request,
    hooks,
  );

/** Latency and delay variation of every frame at shares of a rate, nanoseconds. @throws PktgenError as `run` does. */
export const latency = (request: LatencyRequest = {}, hooks: LibraryHooks = {}): Promise<RunResult> =>
  runMethod(
    {
      name: "latency",
      fields: (all) => all.latencyFields,
      entry: async () => (await import("../options/methods/latency.js")).latencyEntry,
    },
    request,
    hooks,
  );

/** The tests of RFC 2544: throughput, latency, frame loss, back-to-back, recovery, reset. @throws PktgenError as `run` does. */
export const rfc2544 = (request: Rfc2544Request = {}, hooks: LibraryHooks = {}): Promise<RunResult> =>
  runMethod(
    {
      name: "rfc2544",
      fields: (all) => all.rfc2544Fields,
      entry: async () => (await import("../options/methods/rfc2544.js")).rfc2544Entry,
    },
    request,
    hooks,
  );

/** One load for a long time, with each spell of loss; an aborted signal ends it. @throws PktgenError as `run` does. */
export const soak = (request: SoakRequest = {}, hooks: SoakHooks = {}): Promise<RunResult> =>
  runMethod(
    {
      name: "soak",
      fields: (all) => all.soakFields,
      hookNames: ["onPiece"],
      entry: async () => (await import("../options/methods/soak.js")).soakEntry(hooks.onPiece ?? (() => {})),
    },
    request,
    hooks,
  );
