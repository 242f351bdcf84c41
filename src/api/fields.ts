/** The fields of requests are options of the command line, from the same tables. */
import { compareOptions } from "../options/compare-options.js";
import { latencyOptions, ndrOptions, rfc2544Options, searchOptions, soakOptions } from "../options/method-options.js";
import type { Option } from "../options/option.js";
import { type FieldKinds, fieldKindOf } from "../options/option-texts.js";
import { replayOptions } from "../options/replay-options.js";
import { reportOptions, runOptions } from "../options/run-options.js";
import type {
  CompareRequest,
  LatencyRequest,
  NdrRequest,
  ReplayRequest,
  Rfc2544Request,
  RunRequest,
  SoakRequest,
} from "./request.js";

type AnyOption = Option<never, unknown>;

/** Options that a request does not have; the compiler asks for each of them. */
type Without<Table, Request> = Readonly<Record<Exclude<keyof Table, keyof Request>, true>>;

/** The compiler asks for an option of each field. */
const fieldsOf =
  <Request>() =>
  <Table extends Readonly<Record<keyof Request, AnyOption>>>(
    table: Table,
    without: Without<Table, Request>,
  ): FieldKinds<Request> =>
    Object.fromEntries(
      Object.entries<AnyOption>(table)
        .filter(([name]) => !Object.hasOwn(without, name))
        .map(([name, option]) => [name, fieldKindOf(option)]),
    ) as FieldKinds<Request>;

const all = <Table extends object>(table: Table): Readonly<Record<keyof Table, true>> =>
  Object.fromEntries(Object.keys(table).map((name) => [name, true])) as Record<keyof Table, true>;

/** Files and progress are a program's own affair; baselines are files that the command line keeps. */
const ofCommands = { ...all(reportOptions), baseline: true, updateBaseline: true } as const;

/** What methods decide. */
const decided = { rate: true, duration: true, count: true, minRate: true, startSequence: true } as const;

const ownFields = { profile: "own", frame: "bytes", set: "set" } as const;

export const runFields: FieldKinds<RunRequest> = { ...fieldsOf<RunRequest>()(runOptions, ofCommands), ...ownFields };

export const ndrFields: FieldKinds<NdrRequest> = {
  ...fieldsOf<NdrRequest>()(
    { ...runOptions, ...searchOptions, ...ndrOptions },
    { ...ofCommands, ...decided, loss: true },
  ),
  ...ownFields,
};

export const latencyFields: FieldKinds<LatencyRequest> = {
  ...fieldsOf<LatencyRequest>()(
    { ...runOptions, ...searchOptions, ...latencyOptions },
    { ...ofCommands, ...decided, repeat: true },
  ),
  ...ownFields,
};

export const rfc2544Fields: FieldKinds<Rfc2544Request> = {
  ...fieldsOf<Rfc2544Request>()(
    { ...runOptions, ...searchOptions, ...rfc2544Options },
    { ...ofCommands, ...decided, loss: true, repeat: true },
  ),
  ...ownFields,
};

export const soakFields: FieldKinds<SoakRequest> = {
  ...fieldsOf<SoakRequest>()(
    { ...runOptions, ...soakOptions },
    { ...ofCommands, ...decided, repeat: true, state: true },
  ),
  ...ownFields,
};

export const compareFields = fieldsOf<CompareRequest>()(compareOptions, { list: true, json: true, junit: true });

export const replayFields = fieldsOf<ReplayRequest>()(replayOptions, { json: true, junit: true });
