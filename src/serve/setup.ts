/** What a server is started with. */
import type { PortSpec } from "../port/kinds.js";

/** A port that requests may name. */
export interface NamedPort {
  readonly name: string;
  readonly spec: PortSpec;
}

export interface DoctorGroup {
  readonly neededFor: string;
  readonly checks: readonly {
    readonly name: string;
    readonly state: "ok" | "note" | "missing";
    readonly found: string;
    readonly fix?: string;
    readonly required?: boolean;
  }[];
}

export interface ServeSetup {
  readonly ports: readonly NamedPort[];
  /** Folder of the profiles that requests may name. */
  readonly profiles: string;
  /** Folder that runs are kept in; null: the last ones are kept in memory. */
  readonly history: string | null;
  /** Threads of sessions that do not say how many; absent: 1. */
  readonly workers?: number | "auto";
  /** Requests may name what is run: testpmd, programs of profiles, commands. */
  readonly allowPrograms: boolean;
  /** Requests may send on an interface that carries the default route or an SSH connection. */
  readonly yesThisInterface: boolean;
  /** Says something to whoever started the server. */
  readonly note: (text: string) => void;
  readonly doctor: () => Promise<{ readonly well: boolean; readonly groups: readonly DoctorGroup[] }>;
}
