/**
 * What ports on network interfaces share: where they are opened, what an interface must be like, and whether it may be
 * sent on at all.
 */
import { usageError } from "../errors.js";
import { type InterfaceFacts, usableInterface } from "../sys/netdev.js";
import { inNetns } from "../sys/netns.js";
import { whatItCarries } from "../sys/routes.js";
import type { OpenPortOptions } from "./options.js";

export interface InterfaceSpec {
  readonly text: string;
  readonly name: string;
  /** Network namespace; null: that of this process. */
  readonly netns: string | null;
}

const fcsBytes = 4;

/** Refuses to send where the machine, or whoever sits at it, would be cut off. In the interface's namespace. */
export function checkMaySend(facts: InterfaceFacts, where: string, { sends, yesThisInterface }: OpenPortOptions): void {
  if (!sends || yesThisInterface) return;
  const carries = whatItCarries(facts, process.env);
  if (carries === null) return;
  throw usageError(`interface ${facts.name} ${carries}, and nothing is sent on it unasked`, {
    where,
    hint: "use another interface, or say --yes-this-interface",
  });
}

/**
 * Calls `act` in the interface's namespace, once it is known that a port can be opened on it and may be. Synchronous:
 * see inNetns.
 * @throws PktgenError (3): no such namespace or interface, not fit; (2): it must not be sent on.
 */
export function onInterface<T>(
  { text, name, netns }: InterfaceSpec,
  options: OpenPortOptions,
  act: (facts: InterfaceFacts) => T,
): T {
  return inNetns(netns, text, () => {
    const sendBytes = options.sends ? options.sendFrameBytes - fcsBytes : 0;
    const facts = usableInterface(name, { where: text, sendBytes });
    checkMaySend(facts, text, options);
    return act(facts);
  });
}
