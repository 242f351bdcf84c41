/** Reads the counters of an external device from the places that `source-spec.ts` describes. */
import { environmentError, type PktgenError } from "../../errors.js";
import { didYouMean } from "../../nearest.js";
import { interfaceDriverStatistics } from "../../sys/net/ethtool-stats.js";
import { readInterface } from "../../sys/net/netdev.js";
import { inNetns } from "../../sys/net/netns.js";
import { executeCommand, reasonLine } from "../run-command.js";
import { TelemetryClient } from "../testpmd/telemetry.js";
import { netdevFields, type SourceSpec } from "./source-spec.js";

const commandTimeoutMs = 5_000;

/** A counter that can be read again and again. */
export interface CounterSource extends Disposable {
  readonly spec: SourceSpec;
  /** The absolute, exact count. @throws PktgenError (3): it names a source that is gone or has no such counter. */
  read(): Promise<bigint>;
}

export function openCounterSource(spec: SourceSpec, where: string): CounterSource {
  const fail = (what: string, hint?: string, cause?: unknown): PktgenError =>
    environmentError(`the counter ${spec.text} cannot be read: ${what}`, {
      where,
      ...(hint === undefined ? {} : { hint }),
      ...(cause === undefined ? {} : { cause }),
    });
  let telemetry: TelemetryClient | null = null;
  const read = async (): Promise<bigint> => {
    switch (spec.kind) {
      case "netdev":
        return readNetdev(spec, where, fail);
      case "ethtool":
        return readEthtool(spec, where, fail);
      case "command":
        return readCommand(spec, fail);
      case "telemetry":
        telemetry ??= await TelemetryClient.connect(spec.path).catch((error: Error) => {
          throw fail(error.message, "is the program running, with telemetry?", error);
        });
        return readTelemetry(telemetry, spec, fail);
    }
  };
  return { spec, read, [Symbol.dispose]: () => telemetry?.[Symbol.dispose]() };
}

type Fail = (what: string, hint?: string, cause?: unknown) => PktgenError;
type Spec<K extends SourceSpec["kind"]> = SourceSpec & { readonly kind: K };

const inSpace = (netns: string | null): string => (netns === null ? "" : ` in namespace ${netns}`);

function readNetdev({ name, netns, counter }: Spec<"netdev">, where: string, fail: Fail): bigint {
  const facts = inNetns(netns, where, () => readInterface(name));
  if (facts === null) throw fail(`there is no interface ${name}${inSpace(netns)}`);
  return exact(facts.statistics[netdevFields[counter]], fail);
}

function readEthtool({ name, netns, counter }: Spec<"ethtool">, where: string, fail: Fail): bigint {
  const [facts, counters] = inNetns(
    netns,
    where,
    () => [readInterface(name), interfaceDriverStatistics(name)] as const,
  );
  if (facts === null) throw fail(`there is no interface ${name}${inSpace(netns)}`);
  if (counters === null) throw fail(`its driver has no statistics`);
  const value = counters.get(counter);
  if (value !== undefined) return exact(value, fail);
  const { hint = `see ethtool -S ${name}` } = didYouMean(counter, [...counters.keys()]);
  throw fail("its driver has no such counter", hint);
}

async function readCommand({ command, pattern }: Spec<"command">, fail: Fail): Promise<bigint> {
  const result = await executeCommand("/bin/sh", ["-c", command], { env: process.env, timeoutMs: commandTimeoutMs });
  if (result === null) throw fail("there is no /bin/sh");
  if (result.code !== 0) {
    throw fail(result.code === null ? "it did not end within 5 s" : `it failed: ${reasonLine(result)}`);
  }
  // The end of what was kept may be the middle of a number.
  if (result.isCut) throw fail("it printed more than 1 MiB", "let it print the counter only, e.g. with grep");
  const found = pattern.exec(result.stdout)?.[1];
  if (found === undefined)
    throw fail(`nothing in its output matches: ${result.stdout.trim().slice(0, 80) || "it printed nothing"}`);
  const digits = found.replaceAll(/[,_ ]/g, "");
  if (!/^\d+$/.test(digits)) throw fail(`"${found}" is no count`);
  const value = BigInt(digits);
  if (value >= 1n << 64n) throw fail(`"${found}" is more than a counter of 64 bits holds`);
  return value;
}

/** The counter was read as a double. Beyond 2^53 a double is not what the device counts, and differences are wrong. */
function exact(value: number, fail: Fail): bigint {
  if (Number.isSafeInteger(value)) return BigInt(value);
  throw fail(`it is at ${value}, and counters from here are exact up to 2^53 only`, "read it with command: instead");
}

async function readTelemetry(client: TelemetryClient, spec: Spec<"telemetry">, fail: Fail): Promise<bigint> {
  const { port, counter } = spec;
  const table = async (command: string): Promise<Record<string, unknown>> => {
    const answer = await client.query(`${command},${port}`).catch((error: Error) => {
      throw fail(error.message, undefined, error);
    });
    return typeof answer === "object" && answer !== null ? (answer as Record<string, unknown>) : {};
  };
  const stats = await table("/ethdev/stats");
  const value = stats[counter] ?? (await table("/ethdev/xstats"))[counter];
  if (typeof value === "number") return exact(value, fail);
  if (Object.keys(stats).length === 0) throw fail(`the program has no port ${port}`);
  throw fail("the port has no such counter", didYouMean(counter, Object.keys(stats)).hint);
}
