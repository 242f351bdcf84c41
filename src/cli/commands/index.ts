/** The table of commands: a new one is a file here and a line below. */
import type { CommandDefinition } from "../command.js";
import { agentCommand } from "./agent.js";
import { burstCommand } from "./burst.js";
import { compareCommand } from "./compare.js";
import { diffCommand } from "./diff.js";
import { doctor } from "./doctor.js";
import { dutCommand } from "./dut.js";
import { fleetCommand } from "./fleet.js";
import { healthCommand } from "./health.js";
import { importCommand } from "./import.js";
import { latencyCommand } from "./latency.js";
import { mergeCommand } from "./merge.js";
import { ndrCommand } from "./ndr.js";
import { otgCommand } from "./otg.js";
import { pcapCommand } from "./pcap.js";
import { planCommand } from "./plan.js";
import { ports } from "./ports.js";
import { profileCommand } from "./profile.js";
import { receiveCommand } from "./receive.js";
import { replayCommand } from "./replay.js";
import { rfc2544Command } from "./rfc2544.js";
import { runCommand } from "./run.js";
import { sendCommand } from "./send.js";
import { serveCommand } from "./serve.js";
import { soakCommand } from "./soak.js";
import { serviceCommand } from "./y1564.js";

export const commands: readonly CommandDefinition[] = [
  runCommand,
  rfc2544Command,
  ndrCommand,
  latencyCommand,
  soakCommand,
  serviceCommand,
  burstCommand,
  diffCommand,
  planCommand,
  dutCommand,
  serveCommand,
  otgCommand,
  healthCommand,
  agentCommand,
  fleetCommand,
  sendCommand,
  receiveCommand,
  mergeCommand,
  replayCommand,
  compareCommand,
  pcapCommand,
  profileCommand,
  importCommand,
  ports,
  doctor,
];
