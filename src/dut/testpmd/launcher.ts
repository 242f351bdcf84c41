/**
 * How a testpmd is started: as a plain process, or inside a container. A launcher turns the program's own command
 * line into the one to run, and takes away whatever that leaves behind.
 */

/** A folder that both sides see under the same or another name. */
export interface Mount {
  readonly host: string;
  readonly inside: string;
}

export interface LaunchOptions {
  /** Unique on this machine; containers carry it, so that they can be found and removed. */
  readonly name: string;
  readonly mounts: readonly Mount[];
  readonly env: Readonly<Record<string, string>>;
}

/** What to give to child_process.spawn. */
export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface Launcher {
  readonly kind: "none" | "podman" | "docker";
  /** One line for the report: engine, version, image. */
  readonly description: string;
  /** Pure. `argv` is the program and its arguments as they are to be seen by the program. */
  launch(argv: readonly string[], options: LaunchOptions): Launch;
  /** Ends and removes what `name` started, if it is still there; safe to call again, never throws for "not there". */
  remove(name: string): Promise<void>;
  /** The same without waiting, for the way out of a dying process. */
  removeNow(name: string): void;
}
