/**
 * One running testpmd: started through a launcher, driven at its prompt, watched, and ended so that nothing is left.
 * Everything that went in and came out is kept as evidence.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { environmentError, interruptedError, invalidError, type PktgenError } from "../../errors.js";
import { listenUnix } from "../../sys/socket.js";
import { onWayOut } from "../way-out.js";
import { commandLine, shellLine } from "./command-line.js";
import { portsOf, type TestpmdDescription } from "./description.js";
import { Evidence } from "./evidence.js";
import { lastLines, recogniseFailure } from "./failures.js";
import type { Launcher, Mount } from "./launcher.js";
import { type Leftovers, removeLeftovers } from "./leftovers.js";
import { type PortSummary, parsePortSummary } from "./parse.js";
import { PromptReader, withoutEcho } from "./prompt.js";
import { type DpdkVersion, isAtLeast, oldestVersion, parseDpdkVersion } from "./version.js";

export interface ProcessSetup {
  readonly launcher: Launcher;
  /** Unique on this machine; a container is called so. */
  readonly name: string;
  readonly mounts: readonly Mount[];
  /** DPDK's folder for its own sockets and locks, as the program sees it; null: DPDK's choice. */
  readonly runtimeDirectory: string | null;
  /** Sockets that it will make, as this process sees them: looked at before, removed afterwards. */
  readonly sockets: readonly string[];
  /** Hugepage files as this process sees them, to remove after a violent end; null: none. */
  readonly hugepageDirectory: string | null;
  /** Where known from elsewhere; else what `-v` prints decides afterwards. */
  readonly version?: DpdkVersion | null;
}

/** How it ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** One sentence, with the program's last words. */
  readonly sentence: string;
}

const readyTimeoutMs = 60_000;
const commandTimeoutMs = 15_000;
/** After `quit`, then after each signal. One that never came to its prompt has nothing to bring in order. */
const patienceMs = { quit: 5_000, SIGINT: 2_000, SIGTERM: 2_000, SIGKILL: 5_000 } as const;
const patienceBeforePromptMs = { quit: 500, SIGINT: 300, SIGTERM: 300, SIGKILL: 5_000 } as const;

const names = { host: "the host's testpmd", container: "the container's testpmd" } as const;

export class TestpmdProcess implements AsyncDisposable {
  readonly description: TestpmdDescription;
  /** "the host's testpmd". */
  readonly who: string;
  /** As it was typed, launcher and all. */
  readonly command: string;
  readonly #setup: ProcessSetup;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #evidence = new Evidence();
  readonly #prompts = new PromptReader();
  readonly #waiting = new Set<() => void>();
  readonly #wayOut: Disposable;
  #stderr = "";
  #stdout = "";
  #asked = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #ended: Ended | null = null;
  #spawnError: Error | null = null;
  #ending = false;
  #version: DpdkVersion | null = null;

  /** Starts it; `ready` says when it can be used. @throws PktgenError (3): a socket's path is taken. */
  constructor(description: TestpmdDescription, setup: ProcessSetup) {
    this.description = description;
    this.#setup = setup;
    this.#version = setup.version ?? null;
    this.who = names[description.side];
    // Binding proves that the path is free and may be used; a socket left by a crash goes with it.
    for (const path of setup.sockets) listenUnix(path, "stream")[Symbol.dispose]();
    const { runtimeDirectory } = setup;
    const env: Record<string, string> =
      runtimeDirectory === null ? {} : { RUNTIME_DIRECTORY: runtimeDirectory, XDG_RUNTIME_DIR: runtimeDirectory };
    const argv = ["stdbuf", "-oL", ...commandLine(description, this.#version)];
    const launch = setup.launcher.launch(argv, { name: setup.name, mounts: setup.mounts, env });
    this.command = shellLine([launch.file, ...launch.args]);
    this.#evidence.add("note", `${this.command}\n`);
    // A separate session: Ctrl-C on the terminal reaches this process only, which ends testpmd in order.
    this.#child = spawn(launch.file, launch.args, { env: launch.env, detached: true });
    this.#wayOut = onWayOut(() => this.#endNow());
    this.#listen();
  }

  /** Process id of the program, or of the container engine's client around it. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** null as long as it has not said it. */
  get version(): DpdkVersion | null {
    return this.#version;
  }

  /** null: it runs. */
  ended(): Ended | null {
    return this.#ended;
  }

  /** Commands, answers, standard error, in order. */
  evidence(): string {
    return this.#evidence.toString();
  }

  /**
   * Resolves with its ports when it is at its prompt with all of them.
   * @throws PktgenError (3) in a sentence for what is known to go wrong; the caller disposes.
   */
  async ready(signal?: AbortSignal): Promise<readonly PortSummary[]> {
    await this.#answered(0, readyTimeoutMs, "come to its prompt", signal);
    this.#asked = Math.max(this.#asked, 1);
    this.#version ??= parseDpdkVersion(this.#stderr) ?? parseDpdkVersion(this.#stdout);
    if (!isAtLeast(this.#version, oldestVersion)) {
      throw environmentError(`${this.who} is DPDK ${this.#version?.text}, which is too old`, {
        accepted: `DPDK ${oldestVersion} or later`,
        hint: "npm run lab:setup installs the distribution's",
      });
    }
    return this.#checkPorts();
  }

  /** A failed device does not stop testpmd: it comes to its prompt without it. */
  async #checkPorts(): Promise<readonly PortSummary[]> {
    const ports = parsePortSummary(await this.run("show port summary all"));
    // It is looked at after the answer: standard error is a separate pipe, and may be read later than the first prompt.
    const spoiled = this.#recognised(true);
    if (spoiled !== null) throw spoiled;
    const wanted = portsOf(this.description);
    if (ports !== null && ports.length === wanted) return ports;
    throw (
      this.#recognised(false) ??
      environmentError(`${this.who} has ${ports?.length ?? "no"} ports instead of ${wanted}`, {
        where: this.command,
        hint: `its last words: ${lastLines(this.#stderr)}`,
      })
    );
  }

  /** What it printed that spoils everything although it is at its prompt; null: nothing. */
  complaint(): PktgenError | null {
    return this.#recognised(true);
  }

  #recognised(running: boolean): PktgenError | null {
    const context = { who: this.who, where: `--file-prefix=${this.description.filePrefix}` };
    return recogniseFailure(`${this.#stderr}\n${this.#stdout}`, context, running);
  }

  /**
   * Types a command and resolves with all that it prints, without echo and prompt.
   * @throws PktgenError (4): the program ended, or does not answer in time.
   */
  run(command: string, timeoutMs: number = commandTimeoutMs): Promise<string> {
    const answer = this.#turn.then(async () => {
      const prompt = Math.max(1, this.#asked);
      if (this.#ended === null) {
        this.#evidence.add("command", `${command}\n`);
        this.#asked = prompt + 1;
        this.#child.stdin.write(`${command}\n`);
      }
      return withoutEcho(await this.#answered(prompt, timeoutMs, `answer "${command}"`), command);
    });
    this.#turn = answer.catch(() => {});
    return answer;
  }

  /** Sends it a signal and nothing else, as a test of failures does; in a container, to the engine's client. */
  kill(signal: NodeJS.Signals): void {
    this.#evidence.add("note", `sent ${signal}\n`);
    this.#child.kill(signal);
  }

  async #answered(prompt: number, timeoutMs: number, what: string, signal?: AbortSignal): Promise<string> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const answer = this.#prompts.take(prompt);
      if (answer !== null) return answer;
      if (this.#ended !== null) throw this.#endError(what);
      if (signal?.aborted) throw interruptedError(`interrupted while waiting for ${this.who} to ${what}`);
      const left = end - performance.now();
      if (left <= 0) {
        const hint = `its last words: ${lastLines(this.#stdout + this.#stderr)}`;
        throw invalidError(`${this.who} did not ${what} within ${timeoutMs / 1000} s`, { hint });
      }
      await this.#news(left, signal);
    }
  }

  /** Something was printed, it ended, the time is over, or the signal came. */
  #news(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#waiting.add(done);
      signal?.addEventListener("abort", done);
    });
  }

  /** Before its prompt an end has a cause in the environment; later it spoils a measurement. */
  #endError(what: string): PktgenError {
    if (this.#spawnError !== null) {
      const { code } = this.#spawnError as NodeJS.ErrnoException;
      const file = this.#child.spawnfile;
      return environmentError(`${this.who} could not be started: ${file}: ${code ?? this.#spawnError.message}`, {
        hint: "npm run lab:setup",
      });
    }
    if (this.#asked === 0) {
      return this.#recognised(false) ?? environmentError(this.#ended!.sentence, { hint: "see pktgen-ts doctor" });
    }
    return invalidError(`${this.who} did not ${what}: ${this.#ended!.sentence}`);
  }

  #listen(): void {
    const child = this.#child;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.#evidence.add("stdout", text);
      this.#stdout = recent(this.#stdout, text);
      this.#prompts.feed(text);
      this.#wake();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#evidence.add("stderr", text);
      this.#stderr = recent(this.#stderr, text);
      this.#wake();
    });
    // What is typed into a program that has just ended is not read: its end is reported, not this.
    child.stdin.on("error", () => {});
    child.on("error", (error) => {
      this.#spawnError = error;
      this.#end(null, null);
    });
    // "exit" may come before the last output, "close" waits for it, and for children that hold the pipe.
    child.on("exit", (code, signal) => setTimeout(() => this.#end(code, signal), 50));
    child.on("close", (code, signal) => this.#end(code, signal));
  }

  #wake(): void {
    for (const done of [...this.#waiting]) done();
  }

  #end(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#ended !== null) return;
    const how = signal === null ? `with exit code ${code ?? "unknown"}` : `by ${signal}`;
    const words = lastLines(this.#stderr) || lastLines(this.#stdout);
    const sentence = `${this.who} ended ${how}${words === "" || this.#ending ? "" : `, its last words: ${words}`}`;
    this.#ended = { code, signal, sentence };
    this.#evidence.add("note", `ended ${how}\n`);
    this.#wake();
  }

  /** `quit`, then SIGINT, SIGTERM, SIGKILL, each with its time; then everything that may be left is removed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending = true;
    const patience = this.#prompts.prompts > 0 ? patienceMs : patienceBeforePromptMs;
    if (this.#ended === null) {
      this.#evidence.add("command", "quit\n");
      this.#child.stdin.write("quit\n");
      await this.#untilEnded(patience.quit);
    }
    for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"] as const) {
      if (this.#ended !== null) break;
      this.kill(signal);
      await this.#untilEnded(patience[signal]);
    }
    await this.#setup.launcher.remove(this.#setup.name);
    removeLeftovers(this.#leftovers());
    this.#wayOut[Symbol.dispose]();
  }

  async #untilEnded(timeoutMs: number): Promise<void> {
    const end = performance.now() + timeoutMs;
    while (this.#ended === null && performance.now() < end) await this.#news(end - performance.now());
  }

  /** On the way out of a dying process: no waiting, no manners. */
  #endNow(): void {
    if (this.#ended === null) this.#child.kill("SIGKILL");
    this.#setup.launcher.removeNow(this.#setup.name);
    removeLeftovers(this.#leftovers());
  }

  /** EAL names its runtime folder itself, as the program sees it; null: it did not come so far. */
  #runtimeDirectory(): string | null {
    return /Multi-process socket (\S+)\/mp_socket/.exec(this.#stderr + this.#stdout)?.[1] ?? null;
  }

  /** DPDK's telemetry socket; null: none that can be reached from here. */
  telemetryPath(): string | null {
    const directory = this.#runtimeDirectory();
    const path = directory === null ? null : `${directory}/dpdk_telemetry.v2`;
    return path !== null && existsSync(path) ? path : null;
  }

  #leftovers(): Leftovers {
    const { sockets, hugepageDirectory, launcher } = this.#setup;
    const named = this.#runtimeDirectory();
    // In a container it goes with the container.
    const runtimeDirectory = launcher.kind === "none" ? named : null;
    const { filePrefix } = this.description;
    // Before EAL named it the prefix was not its own: another program's files may bear it.
    return { sockets, filePrefix, runtimeDirectory, hugepageDirectory: named === null ? null : hugepageDirectory };
  }
}

const recentCharacters = 256 * 1024;

/** What the last sentences and the search for known failures need. */
const recent = (before: string, text: string): string => {
  const all = before + text;
  return all.length > 2 * recentCharacters ? all.slice(-recentCharacters) : all;
};

/**
 * Starts a testpmd and waits until it is ready.
 * @throws PktgenError (3): what the environment lacks; then nothing is left behind.
 */
export async function startTestpmd(
  description: TestpmdDescription,
  setup: ProcessSetup,
  signal?: AbortSignal,
): Promise<TestpmdProcess> {
  const testpmd = new TestpmdProcess(description, setup);
  try {
    await testpmd.ready(signal);
    return testpmd;
  } catch (error) {
    await testpmd[Symbol.asyncDispose]();
    throw error;
  }
}
