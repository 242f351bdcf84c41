/**
 * The table of commands, by name in the order of help: a new one is a file here and a line below. Only what is asked for is
 * loaded: all of them take 64 ms of CPU, `run` takes 36, and `health`, which containers call again and again, 4.
 */
import type { CommandDefinition } from "../command.js";

const table: Readonly<Record<string, () => Promise<CommandDefinition>>> = {
  run: async () => (await import("./run.js")).runCommand,
  rfc2544: async () => (await import("./rfc2544.js")).rfc2544Command,
  ndr: async () => (await import("./ndr.js")).ndrCommand,
  latency: async () => (await import("./latency.js")).latencyCommand,
  soak: async () => (await import("./soak.js")).soakCommand,
  y1564: async () => (await import("./y1564.js")).serviceCommand,
  burst: async () => (await import("./burst.js")).burstCommand,
  diff: async () => (await import("./diff.js")).diffCommand,
  plan: async () => (await import("./plan.js")).planCommand,
  dut: async () => (await import("./dut.js")).dutCommand,
  serve: async () => (await import("./serve.js")).serveCommand,
  otg: async () => (await import("./otg.js")).otgCommand,
  health: async () => (await import("./health.js")).healthCommand,
  agent: async () => (await import("./agent.js")).agentCommand,
  fleet: async () => (await import("./fleet.js")).fleetCommand,
  send: async () => (await import("./send.js")).sendCommand,
  receive: async () => (await import("./receive.js")).receiveCommand,
  merge: async () => (await import("./merge.js")).mergeCommand,
  replay: async () => (await import("./replay.js")).replayCommand,
  compare: async () => (await import("./compare.js")).compareCommand,
  pcap: async () => (await import("./pcap.js")).pcapCommand,
  profile: async () => (await import("./profile.js")).profileCommand,
  import: async () => (await import("./import.js")).importCommand,
  ports: async () => (await import("./ports.js")).ports,
  doctor: async () => (await import("./doctor.js")).doctor,
};

export const commandWords: readonly string[] = Object.keys(table);

/** Where no command is named. */
export const defaultCommand = "run";

export const loadCommands = (names: readonly string[]): Promise<readonly CommandDefinition[]> =>
  Promise.all(names.map((name) => table[name]!()));
