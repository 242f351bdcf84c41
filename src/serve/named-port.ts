/** The ports that requests may name: those that the server was started with, and no others. */
import { RequestRefusal } from "./refusal.js";
import type { NamedPort } from "./setup.js";

/** `where`: the field that names it. @throws RequestRefusal (403) */
export function portNamed(name: unknown, ports: readonly NamedPort[], where: string): NamedPort {
  const port = ports.find((one) => one.name === name);
  if (port !== undefined) return port;
  throw new RequestRefusal("forbidden", `there is no port "${String(name)}" here`, {
    where,
    accepted:
      ports.length === 0 ? "none: the server was started without --port" : ports.map((one) => one.name).join(", "),
    hint: "start the server with --port NAME=SPEC for each port",
  });
}
