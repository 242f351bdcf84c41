/** What a request may not ask of a server: programs of its choice, and ports that the server was not given. */
import { counterSourcesOf } from "../../dut/external/index.js";
import type { RunPlan } from "../../measure/plan.js";
import type { OptionTexts } from "../../options/option-texts.js";
import { isProgramFile, programUrls } from "../../program/load-program.js";
import { portNamed } from "../named-port.js";
import { RequestRefusal } from "../refusal.js";
import type { ServeSetup } from "../setup.js";
import { mayUseThisInterface } from "../this-interface.js";

function refuseProgram(where: string | null, { allowPrograms }: ServeSetup): void {
  if (where === null || allowPrograms) return;
  throw new RequestRefusal("forbidden", "this server starts no programs for its clients", {
    where,
    accepted: "the built-in device, ports, and profiles without programs",
    hint: "start the server with --allow-programs",
  });
}

/** Before anything is loaded: a profile that is a program would run. @throws RequestRefusal (403) */
export function refuseTexts(texts: OptionTexts, setup: ServeSetup): void {
  const { resetCommand, profile } = texts;
  const isProgram = typeof profile === "string" && isProgramFile(profile);
  refuseProgram(resetCommand !== undefined ? "resetCommand" : isProgram ? "profile" : null, setup);
  mayUseThisInterface(texts["yesThisInterface"] !== undefined, setup);
}

/** What the plan would start: it is looked at as it was read, since a text can be written in many ways. @throws RequestRefusal (403) */
export function refusePlanned({ dut, stream }: RunPlan, setup: ServeSetup): void {
  refuseProgram(programOf(dut) ?? (programUrls(stream).length > 0 ? "profile" : null), setup);
}

function programOf(dut: RunPlan["dut"]): string | null {
  if (dut.kind === "testpmd") return "dut";
  if (dut.kind !== "external") return null;
  const runs = (hops: typeof dut.hops): boolean =>
    hops.some((hop) => counterSourcesOf(hop).some(({ kind }) => kind === "command"));
  return runs(dut.hops) ? "hop" : runs(dut.reverseHops) ? "reverseHop" : null;
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
    const port = portNamed(name, ports, where);
    specs[where] = port.spec.text;
    named.add(port.name);
  }
  const implied = specs["tx"] === undefined || texts["dut"] !== undefined ? {} : { dut: "external" };
  return { texts: { ...implied, ...texts, ...specs }, named: [...named] };
}
