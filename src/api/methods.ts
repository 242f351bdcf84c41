/** `ndr`, `latency`, `rfc2544`, `soak`: methods, for programs. */
import type { RunPlan } from "../measure/plan.js";
import type { PreparedMethod } from "../options/methods/prepared.js";
import type { RunOptions } from "../options/run-options.js";
import type { RunResult } from "../result/run-result.js";
import { latencyFields, ndrFields, rfc2544Fields, soakFields } from "./fields.js";
import { callText, type FieldKinds, namingFields, optionTexts } from "./option-texts.js";
import type {
  LatencyRequest,
  LibraryHooks,
  MeasuredRequest,
  NdrRequest,
  Rfc2544Request,
  SoakHooks,
  SoakRequest,
} from "./request.js";

interface LibraryMethod<Request> {
  readonly name: string;
  /** Sizes where none are given. */
  readonly sizes: string;
  readonly fields: FieldKinds<Request>;
  readonly prepare: (options: RunOptions, plan: RunPlan) => Promise<PreparedMethod>;
}

function runMethod<Request extends MeasuredRequest>(
  { name, sizes, fields, prepare }: LibraryMethod<Request>,
  request: Request,
  hooks: LibraryHooks,
): Promise<RunResult> {
  return namingFields(async () => {
    const options: RunOptions = optionTexts(request, fields);
    const [{ planMethod }, { profileOfRequest }, { judged }, { planChecked, runHooks }] = await Promise.all([
      import("../options/methods/prepared.js"),
      import("./profile.js"),
      import("./judged.js"),
      import("./run-hooks.js"),
    ]);
    const profile = await profileOfRequest(request);
    const plan = planChecked(planMethod(options, profile, sizes, callText(name, request)));
    const prepared = await prepare(options, plan);
    const judge = judged(request.threshold, prepared.plan, prepared.method(prepared.plan.settleNs ?? 0));
    return judge(await prepared.run(runHooks(hooks)));
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
      sizes: "64,1518",
      fields: ndrFields,
      prepare: async (options, plan) => (await import("../options/methods/ndr.js")).prepareNdr(options, plan),
    },
    request,
    hooks,
  );

/** Latency and delay variation of every frame at shares of a rate, nanoseconds. @throws PktgenError as `run` does. */
export const latency = (request: LatencyRequest = {}, hooks: LibraryHooks = {}): Promise<RunResult> =>
  runMethod(
    {
      name: "latency",
      sizes: "64,1518",
      fields: latencyFields,
      prepare: async (options, plan) => (await import("../options/methods/latency.js")).prepareLatency(options, plan),
    },
    request,
    hooks,
  );

/** The tests of RFC 2544: throughput, latency, frame loss, back-to-back, recovery, reset. @throws PktgenError as `run` does. */
export const rfc2544 = (request: Rfc2544Request = {}, hooks: LibraryHooks = {}): Promise<RunResult> =>
  runMethod(
    {
      name: "rfc2544",
      sizes: "rfc2544",
      fields: rfc2544Fields,
      prepare: async (options, plan) => (await import("../options/methods/rfc2544.js")).prepareRfc2544(options, plan),
    },
    request,
    hooks,
  );

/** One load for a long time, with each spell of loss; an aborted signal ends it. @throws PktgenError as `run` does. */
export const soak = (request: SoakRequest = {}, { onPiece = () => {}, ...hooks }: SoakHooks = {}): Promise<RunResult> =>
  runMethod(
    {
      name: "soak",
      sizes: "64",
      fields: soakFields,
      prepare: async (options, plan) =>
        (await import("../options/methods/soak.js")).prepareSoak(options, plan, onPiece),
    },
    request,
    hooks,
  );
