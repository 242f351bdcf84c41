/** The table of commands: a new one is a file here and a line below. */
import type { CommandDefinition } from "../command.js";
import { compareCommand } from "./compare.js";
import { doctor } from "./doctor.js";
import { dutCommand } from "./dut.js";
import { pcapCommand } from "./pcap.js";
import { planCommand } from "./plan.js";
import { ports } from "./ports.js";
import { runCommand } from "./run.js";

export const commands: readonly CommandDefinition[] = [
  runCommand,
  planCommand,
  dutCommand,
  compareCommand,
  pcapCommand,
  ports,
  doctor,
];
