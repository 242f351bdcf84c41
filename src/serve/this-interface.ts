/** Interfaces that the machine lives by: the server was started to send on them, and a request says so, too. */
import { RequestRefusal } from "./refusal.js";
import type { ServeSetup } from "./setup.js";

/** What a request says of it, where the server lets it. @throws RequestRefusal (403) */
export function mayUseThisInterface(
  asked: boolean,
  { yesThisInterface }: Pick<ServeSetup, "yesThisInterface">,
): boolean {
  if (!asked || yesThisInterface) return asked;
  throw new RequestRefusal("forbidden", "this server does not send on an interface that carries other traffic", {
    where: "yesThisInterface",
    accepted: "other interfaces",
    hint: "start the server with --yes-this-interface",
  });
}
