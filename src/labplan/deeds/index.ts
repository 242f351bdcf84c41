/** The table of deeds: a verb of a plan's step, and what it does. */
import type { PlannedStep } from "../steps.js";
import { typeCommand } from "./command.js";
import type { CaseLab, Deed, Shown, Verb } from "./deed.js";
import { kill, quit } from "./end.js";
import { launch, mountHugepages } from "./launch.js";
import { waitForLink } from "./link.js";
import { send } from "./send.js";
import { startTraffic, stopTraffic, watchTraffic } from "./traffic.js";
import { wait } from "./wait.js";

export const deeds: { readonly [V in Verb]: Deed<V> } = {
  "mount hugepages": mountHugepages,
  launch,
  command: typeCommand,
  send,
  "start traffic": startTraffic,
  "watch traffic": watchTraffic,
  "stop traffic": stopTraffic,
  "wait for link": waitForLink,
  wait,
  quit,
  kill,
};

export async function carryOut(lab: CaseLab, step: PlannedStep): Promise<Shown> {
  const act = deeds[step.deed.do] as Deed<Verb>;
  return act(lab, step.deed, step);
}
