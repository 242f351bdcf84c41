/**
 * What ports on network interfaces share. They are opened in the interface's namespace. The interface must be usable,
 * and sending on it must not cut the machine off.
 */

import { usageError } from "../errors.js";
import { type InterfaceFacts, usableInterface } from "../sys/net/netdev.js";
import { inNetns } from "../sys/net/netns.js";
import { defaultRouteInterface, whatItCarries } from "../sys/net/routes.js";
import { fcsBytes } from "../units.js";
import type { OpenPortOptions } from "./options.js";

export interface InterfaceSpec {
  readonly text: string;
  readonly name: string;
  /** Network namespace; null: that of this process. */
  readonly netns: string | null;
}

type Leave = Pick<OpenPortOptions, "sends" | "yesThisInterface">;

/**
 * Refuses to send on an interface that carries the default route or an SSH connection. It is asked for our own ports and
 * for those that testpmd opens for us. Call it in the interface's namespace.
 */
export function checkMaySend(facts: InterfaceFacts, where: string, { sends, yesThisInterface }: Leave): void {
  if (!sends || yesThisInterface) return;
  const carries = whatItCarries(facts, process.env);
  if (carries === null) return;
  throw usageError(`interface ${facts.name} ${carries}, and nothing is sent on it unasked`, {
    where,
    hint: "use another interface, or say --yes-this-interface",
  });
}

/** The same where the kernel's routes choose the interface. Call it in the namespace that has these routes. */
export function checkMayRoute(where: string, { sends, yesThisInterface }: Leave): void {
  if (!sends || yesThisInterface) return;
  const name = defaultRouteInterface();
  if (name === null) return;
  throw usageError(`packets go where the kernel routes them, and the default route leaves by ${name}`, {
    where,
    hint: "use netns= with a namespace that has no default route, or say --yes-this-interface",
  });
}

/**
 * Checks that a port can be opened on the interface and may be, then calls `act` in the interface's namespace. `act` is
 * synchronous: see inNetns.
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
