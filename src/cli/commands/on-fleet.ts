/** The fleet that a run or a method measures on, where one is named. It is loaded only then. */
import { usageError } from "../../errors.js";
import type { OpenBench } from "../../measure/bench.js";
import { flowsOfPorts, withoutAgents } from "../../options/fleet-flows.js";
import { type FleetTexts, fleetOf, fleetOptions, refuseWithFlows } from "../../options/fleet-options.js";
import type { AskedMethod } from "../../options/measuring-commands.js";
import { readOptions } from "../../options/option.js";
import type { RunOptions } from "../../options/run-options.js";
import { refuseAutoOfFleet } from "../../options/workers.js";

/** What `serve` says to the fleet's option: its ports are those of one machine. */
export const insteadOfFleet: Readonly<Record<string, string>> = {
  "--fleet":
    "serve has the ports of its own machine; on many hosts a run or a method measures, and flows are sent by pktgen-ts otg",
};

/** `method`: what is asked for; null: a forwarding run. `planned`: options that name no agents any more, for the plan. */
export async function onFleet<Options extends RunOptions & FleetTexts>(
  options: Options,
  method: AskedMethod | null,
): Promise<{ readonly planned: Options; readonly open?: OpenBench }> {
  const order = fleetOf(options);
  if (order === null) return { planned: options };
  refuseAutoOfFleet(options.workers);
  const { benchOf, readFlows } = await import("../../fleet/index.js");
  if (options.flowMap !== undefined && (options.tx ?? options.rx) !== undefined) {
    throw usageError("--flow-map names the ports, and --tx does as well", {
      where: "--flow-map",
      accepted: "one of them",
    });
  }
  const flows = options.flowMap === undefined ? flowsOfPorts(options) : readFlows(options.flowMap);
  if (flows !== null) refuseWithFlows(readOptions(fleetOptions, options), "--tx, --rx");
  const planned = flows === null ? options : withoutAgents(options, flows);
  return { planned, open: benchOf(order, options, flows, method) };
}
