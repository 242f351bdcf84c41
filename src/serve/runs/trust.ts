/** What a request may not ask of a server: programs of its choice, and ports that the server was not given. */
import type { OptionTexts } from "../../options/option-texts.js";
import { isProgramFile } from "../../program/load-program.js";
import { RequestRefusal } from "../refusal.js";
import type { ServeSetup } from "../setup.js";

const runsCommand = (hop: string): boolean => /(^|[=+ ])command:/.test(hop);

/** Where the request says what is to be run. null: nowhere. */
function programIn(texts: OptionTexts): string | null {
  const { dut, resetCommand, hop = [], reverseHop = [], profile } = texts;
  if (typeof dut === "string" && /^testpmd(,|$)/.test(dut)) return "dut";
  if (resetCommand !== undefined) return "resetCommand";
  if ([hop].flat().some((text) => runsCommand(String(text)))) return "hop";
  if ([reverseHop].flat().some((text) => runsCommand(String(text)))) return "reverseHop";
  return typeof profile === "string" && isProgramFile(profile) ? "profile" : null;
}

/** @throws RequestRefusal (403) */
export function refusePrograms(texts: OptionTexts, { allowPrograms, yesThisInterface }: ServeSetup): void {
  const where = programIn(texts);
  if (where !== null && !allowPrograms) {
    throw new RequestRefusal("forbidden", "this server starts no programs for its clients", {
      where,
      accepted: "the built-in device, ports, and profiles without programs",
      hint: "start the server with --allow-programs",
    });
  }
  if (texts["yesThisInterface"] !== undefined && !yesThisInterface) {
    throw new RequestRefusal("forbidden", "this server does not send on an interface that carries other traffic", {
      where: "yesThisInterface",
      accepted: "other interfaces",
      hint: "start the server with --yes-this-interface",
    });
  }
}

/** The texts with the specs of the ports that they name. @throws RequestRefusal (403) */
export function withPorts(
  texts: OptionTexts,
  { ports }: Pick<ServeSetup, "ports">,
): { readonly texts: OptionTexts; readonly named: readonly string[] } {
  const specs: Record<string, string> = {};
  const named = new Set<string>();
  for (const where of ["tx", "rx"] as const) {
    const name = texts[where];
    if (name === undefined) continue;
    const port = ports.find((one) => one.name === name);
    if (port === undefined) {
      throw new RequestRefusal("forbidden", `there is no port "${String(name)}" here`, {
        where,
        accepted:
          ports.length === 0 ? "none: the server was started without --port" : ports.map((one) => one.name).join(", "),
      });
    }
    specs[where] = port.spec.text;
    named.add(port.name);
  }
  const implied = specs["tx"] === undefined || texts["dut"] !== undefined ? {} : { dut: "external" };
  return { texts: { ...implied, ...texts, ...specs }, named: [...named] };
}
