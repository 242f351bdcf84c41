/** A NATS server of a test's own: on a free port of this host, with its own store, ended with the test. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

export interface NatsProgram {
  /** For the test's name. */
  readonly name: string;
  readonly path: string;
  /** Why it cannot run here; null: it can. */
  readonly missing: string | null;
}

const inPath = (name: string): string | null =>
  (process.env["PATH"] ?? "")
    .split(":")
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path)) ?? null;

function versionOf(path: string): string {
  return execFileSync(path, ["--version"], { encoding: "utf8" })
    .trim()
    .replace(/^nats-server: /, "");
}

function program(kind: string, path: string | null, how: string): NatsProgram {
  if (path === null || !existsSync(path)) return { name: kind, path: "", missing: `no ${kind}: ${how}` };
  return { name: `${kind}, ${versionOf(path)}`, path, missing: null };
}

const debianPath = "/usr/sbin/nats-server";
/** Where `npm run lab:setup` puts a current one. */
const goPath = join(process.env["GOPATH"] ?? join(homedir(), "go"), "bin", "nats-server");

/** Debian's, which is an old one, and a current one. */
export const natsPrograms: readonly NatsProgram[] = [
  program("Debian's nats-server", existsSync(debianPath) ? debianPath : null, "npm run lab:setup"),
  program(
    "a current nats-server",
    existsSync(goPath) ? goPath : inPath("nats-server-current"),
    "npm run lab:setup, with Go",
  ),
];

export interface RunningNats {
  readonly url: string;
  readonly port: number;
  readonly process: ChildProcess;
  /** Ends it at once, and starts it again on the same port and store. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** `more`: further arguments. `netns`: a namespace of the test's in which it listens at every address. */
export async function startNats(
  { path }: NatsProgram,
  more: readonly string[] = [],
  netns: string | null = null,
): Promise<RunningNats> {
  const [program, ...before] = netns === null ? [path] : ["ip", "netns", "exec", netns, path];
  const address = netns === null ? "127.0.0.1" : "0.0.0.0";
  const directory = mkdtempSync(join(tmpdir(), "pktgen-nats-"));
  const run = async (port: string): Promise<{ child: ChildProcess; port: number }> => {
    const ports = join(directory, `ports-${Date.now()}`);
    execFileSync("mkdir", ["-p", ports]);
    const child = spawn(
      program!,
      [
        ...before,
        "-a",
        address,
        "-p",
        port,
        "-js",
        "-sd",
        join(directory, "store"),
        "--ports_file_dir",
        ports,
        ...more,
      ],
      { stdio: "ignore" },
    );
    return { child, port: await portOf(child, join(ports, `nats-server_${child.pid}.ports`), port) };
  };
  let { child, port } = await run("-1");
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await gone;
  };
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    get process() {
      return child;
    },
    kill: () => end("SIGKILL"),
    restart: async () => {
      await end("SIGKILL");
      ({ child } = await run(String(port)));
    },
    stop: async () => {
      await end("SIGTERM");
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The port that it says it listens on. */
async function portOf(child: ChildProcess, file: string, asked: string): Promise<number> {
  for (let waited = 0; waited < 20_000; waited += 20) {
    if (child.exitCode !== null) throw new Error(`nats-server ended with exit code ${child.exitCode}`);
    const said = existsSync(file) ? readFileSync(file, "utf8") : "";
    const port = /(?:nats|tls):\/\/[\d.]+:(\d+)/.exec(said)?.[1];
    if (port !== undefined) return Number(port);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`nats-server did not listen (port ${asked})`);
}
