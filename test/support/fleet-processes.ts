/** Agents of a fleet as processes of their own, ended after each test. */
import { type ChildProcess, spawn } from "node:child_process";
import { builtMain } from "./run-cli.js";

const children: ChildProcess[] = [];

/** To be called after each test. */
export function endProcesses(): void {
  for (const child of children.splice(0)) child.kill("SIGKILL");
}

export interface AgentProcess {
  readonly ports?: readonly string[];
  /** A program that starts it, e.g. in namespaces. */
  readonly before?: readonly string[];
  readonly more?: readonly string[];
  /** Absent: the test's own. */
  readonly stderr?: "pipe";
}

/** An agent in a process of its own, once it answers. */
export async function agentProcess(
  url: string,
  name: string,
  { ports = ["embedded"], before = [], more = [], stderr }: AgentProcess = {},
): Promise<ChildProcess> {
  const offered = ports.flatMap((port) => ["--port", port]);
  const args = [process.execPath, builtMain(), "agent", "--fleet", url, "--name", name, ...offered, ...more];
  const [command, ...rest] = [...before, ...args];
  const child = spawn(command!, rest, { stdio: ["ignore", "pipe", stderr ?? "inherit"] });
  children.push(child);
  await new Promise<void>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the agent ended with ${code}`)));
    child.stdout!.on("data", (data: Buffer) => String(data).includes("answers") && resolve());
  });
  return child;
}

/** What starts a program in a network namespace. */
export const inNamespace = (netns: string): readonly string[] => ["ip", "netns", "exec", netns];

/** What the command prints that runs in the namespace. */
export async function runIn(netns: string, args: readonly string[]): Promise<string> {
  const [program, ...before] = inNamespace(netns);
  const run = [...before, process.execPath, builtMain(), ...args];
  const child = spawn(program!, run, { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  let said = "";
  for await (const data of child.stdout!) said += String(data);
  return said;
}
