/** From `kind:target[,option=value…]` to a port's spec. */
import { usageError } from "../errors.js";
import { didYouMean } from "../nearest.js";
import { splitAtCommas } from "../option-list.js";
import type { PortKind } from "./kind.js";
import { type PortSpec, portKinds } from "./kinds.js";

function parseKind(text: string): { readonly kind: PortKind<PortSpec>; readonly rest: string } {
  const names = portKinds.map(({ name }) => name);
  const colon = text.indexOf(":");
  const name = colon < 0 ? text : text.slice(0, colon);
  const kind = portKinds.find((known) => known.name === name);
  if (kind === undefined) {
    throw usageError(`unknown port kind "${name}"`, {
      where: text,
      accepted: names.join(", "),
      ...(colon < 0 && /^[\w.-]{1,15}$/.test(name) ? { hint: `did you mean packet:${name}?` } : {}),
      ...didYouMean(name, names),
    });
  }
  if (colon < 0) {
    throw usageError("the colon after the port's kind is missing", {
      where: text,
      accepted: `${kind.name}:${kind.target}`,
    });
  }
  return { kind, rest: text.slice(colon + 1) };
}

/**
 * @throws PktgenError (2): unknown kind or option (with the nearest name), an option given twice, a value that is not
 *   accepted, no target.
 */
export function parsePortSpec(text: string): PortSpec {
  const { kind, rest } = parseKind(text);
  const [target = "", ...parts] = splitAtCommas(rest);
  if (target === "" && kind.target !== "") {
    throw usageError(`${kind.targetMeaning} is missing`, {
      where: text,
      accepted: `${kind.name}:${kind.target}[,option=value…]`,
    });
  }
  if (target !== "" && kind.target === "") {
    throw usageError(`a ${kind.name} port has no target, but "${target}" is given`, {
      where: text,
      accepted: `${kind.name}:`,
    });
  }
  return kind.read(text, target, parts);
}
