/** `run`, the default command: a forwarding test of some frame sizes. */
import { dutOptionsHelp, hopSourcesHelp } from "../../options/dut-options-help.js";
import { type FleetTexts, fleetOptions } from "../../options/fleet-options.js";
import type { OptionGroups } from "../../options/option.js";
import { type RunOptions, runGroups } from "../../options/run-options.js";
import type { CommandDefinition } from "../command.js";
import { measure } from "./measure.js";

/** The main help finds them by the end of their headings. */
const groups: OptionGroups = Object.fromEntries(
  Object.entries({ ...runGroups, "Over many generators": fleetOptions }).map(([heading, table]) => [
    `${heading} (run)`,
    table,
  ]),
);

export const runCommand: CommandDefinition<RunOptions & FleetTexts> = {
  name: "run",
  summary: "forwarding test: what each frame size loses, and how fast it goes (the default command)",
  options: groups,
  help: [
    () => dutOptionsHelp("embedded", "Options of --dut embedded,option=value…:"),
    () => dutOptionsHelp("testpmd", "Options of --dut testpmd,option=value…:"),
    hopSourcesHelp,
  ],
  run: (words, options, context) =>
    measure(words, options, context, async (profile, given) => {
      const [{ planRun }, { runForwarding }] = await Promise.all([
        import("../../options/run-plan.js"),
        import("../../method/forwarding.js"),
      ]);
      const plan = planRun(given, profile, context.commandLine);
      return { plan, facts: null, run: (hooks, open) => runForwarding(plan, hooks, open) };
    }),
};
