/** What a plan needs before it runs in a program: hooks that are hooks. */
import { usageError } from "../errors.js";
import type { RunHooks } from "../measure/plan.js";
import { didYouMean } from "../nearest.js";
import { shown } from "../options/option-texts.js";
import { neverAborted } from "./never-aborted.js";
import type { LibraryHooks } from "./request.js";

const isSignal = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "aborted" in value && "addEventListener" in value;

/** @throws PktgenError (2) for what is no object, a hook that does not exist, or a hook of another type. */
export function checkHooks(hooks: unknown, names: readonly string[]): void {
  if (typeof hooks !== "object" || hooks === null || Array.isArray(hooks)) {
    throw usageError(`${shown(hooks)} is no set of hooks`, { accepted: `an object with ${names.join(", ")}` });
  }
  for (const [name, value] of Object.entries(hooks)) {
    if (!names.includes(name)) {
      throw usageError("there is no such hook", {
        where: name,
        accepted: names.join(", "),
        ...didYouMean(name, names),
      });
    }
    if (value === undefined) continue;
    const isOfItsType = name === "signal" ? isSignal(value) : typeof value === "function";
    const accepted = name === "signal" ? "an AbortSignal" : "a function";
    if (!isOfItsType) throw usageError(`${shown(value)} cannot be this hook`, { where: name, accepted });
  }
}

export const runHookNames = ["signal", "onProgress", "onTrial", "onInterval"] as const satisfies (keyof LibraryHooks)[];

export const runHooks = ({ signal, ...hooks }: LibraryHooks): RunHooks => ({
  ...hooks,
  signal: signal ?? neverAborted(),
});
