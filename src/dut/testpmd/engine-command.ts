/**
 * Command lines for podman and docker, and which of them a machine takes. Pure; `containers.ts` runs them.
 *
 * Engines differ in what they ask of the kernel, not in what they do. podman's crun fails on control groups v1 and
 * hybrid. Both engines set resource limits that may be higher than the machine grants; only CAP_SYS_RESOURCE may raise
 * them. docker's --privileged fails where that capability is withheld. So each engine has several variants. Those that
 * suit the machine are tried first, and the first that really starts the image is used.
 */
import type { LaunchOptions } from "./launcher.js";

export type Engine = "podman" | "docker";

/** hybrid: controllers of v1 and v2 together, as systemd mounts them in its hybrid mode. */
export type CgroupKind = "v1" | "hybrid" | "v2";

/** What the command line depends on. */
export interface HostLimits {
  readonly cgroups: CgroupKind;
  /** Hard limits, RLIMIT_NOFILE and RLIMIT_NPROC; null: unlimited. */
  readonly openFiles: number | null;
  readonly processes: number | null;
  /** CAP_SYS_RESOURCE is in the bounding set, so the limits may be raised. */
  readonly mayRaiseLimits: boolean;
}

/** One way to start a container. */
export interface RunVariant {
  readonly engine: Engine;
  /** Before `run`. */
  readonly engineArguments: readonly string[];
  readonly privileges: readonly string[];
  /** For people: `runc, privileged`. */
  readonly summary: string;
}

/** A container's label with the process that it belongs to (see owner.ts). */
export const ownerLabel = "pktgen-ts.owner";
/** The image's label with the version of its package dpdk-dev. scripts/lab/image.sh writes it. */
export const dpdkLabel = "pktgen-ts.dpdk";
export const defaultImage = "pktgen-ts-dpdk";

/** Files that a testpmd keeps open: one per 2 MB page without --single-file-segments, so 8 GB of them. */
const openFilesWanted = 4096;
const processesWanted = 4096;

/** Hugepages, locked memory, and mbind(2), which seccomp of docker allows with SYS_NICE only. */
const fewCapabilities = ["SYS_ADMIN", "IPC_LOCK", "SYS_NICE"].flatMap((name) => ["--cap-add", name]);

/** The last mount of a place is what programs see there. */
export function cgroupKind(mounts: string): CgroupKind {
  const types = mounts
    .split("\n")
    .map((line) => line.split(" "))
    .filter(([, path = ""]) => path === "/sys/fs/cgroup" || path.startsWith("/sys/fs/cgroup/"));
  const has = (type: string): boolean => types.some((fields) => fields[2] === type);
  if (!has("cgroup")) return has("cgroup2") ? "v2" : "v1";
  return has("cgroup2") ? "hybrid" : "v1";
}

/** A line of /proc/self/limits: name, soft and hard limit, unit. */
export function hardLimit(limits: string, name: string): number | null {
  const line = limits.split("\n").find((candidate) => candidate.startsWith(name)) ?? "";
  const [, hard = ""] = line.slice(name.length).trim().split(/\s+/);
  return /^\d+$/.test(hard) ? Number(hard) : null;
}

/** `defaultRuntime`: what podman uses by itself; null where it does not say. */
export function runVariants(engine: Engine, host: HostLimits, defaultRuntime: string | null): RunVariant[] {
  return engine === "podman" ? podmanVariants(host, defaultRuntime) : dockerVariants(host);
}

function podmanVariants({ cgroups }: HostLimits, defaultRuntime: string | null): RunVariant[] {
  const privileges = ["--privileged"];
  const own: RunVariant = {
    engine: "podman",
    engineArguments: [],
    privileges,
    summary: `${defaultRuntime ?? "its own runtime"}, privileged`,
  };
  const runc: RunVariant = {
    engine: "podman",
    engineArguments: ["--runtime", "runc"],
    privileges,
    summary: "runc, privileged",
  };
  return cgroups === "v2" ? [own, runc] : [runc, own];
}

function dockerVariants({ mayRaiseLimits }: HostLimits): RunVariant[] {
  const common = { engine: "docker", engineArguments: [] } as const;
  const privileged: RunVariant = { ...common, privileges: ["--privileged"], summary: "privileged" };
  const few: RunVariant = { ...common, privileges: fewCapabilities, summary: "with SYS_ADMIN, IPC_LOCK, SYS_NICE" };
  return mayRaiseLimits ? [privileged, few] : [few, privileged];
}

/** No more than is needed, and never more than there is. */
const ulimit = (name: string, wanted: number, hard: number | null): string => {
  const limit = Math.min(wanted, hard ?? wanted);
  return `${name}=${limit}:${limit}`;
};

export interface ContainerCommand {
  readonly variant: RunVariant;
  readonly host: HostLimits;
  readonly image: string;
  readonly owner: string;
  readonly options: LaunchOptions;
  /** Program and arguments inside. */
  readonly argv: readonly string[];
}

/**
 * Arguments of the engine. There is no terminal, and standard input is open: testpmd ends when it ends. The engine asks
 * no registry. It keeps no log, since the caller reads the output.
 */
export function runArguments({ variant, host, image, owner, options, argv }: ContainerCommand): string[] {
  return [
    ...variant.engineArguments,
    "run",
    "-i",
    "--rm",
    "--pull=never",
    ...["--name", options.name],
    ...["--label", `${ownerLabel}=${owner}`],
    ...["--network", "none"],
    ...["--log-driver", "none"],
    ...variant.privileges,
    ...["--ulimit", ulimit("nofile", openFilesWanted, host.openFiles)],
    ...["--ulimit", ulimit("nproc", processesWanted, host.processes)],
    ...options.mounts.flatMap((mount) => ["-v", `${mount.host}:${mount.inside}`]),
    ...Object.entries(options.env).flatMap(([name, value]) => ["-e", `${name}=${value}`]),
    image,
    ...argv,
  ];
}

/** Prints what it removed, and nothing where there was nothing. */
export const removeArguments = (engine: Engine, names: readonly string[]): string[] =>
  engine === "podman" ? ["rm", "-f", "-t", "0", "--ignore", ...names] : ["rm", "-f", ...names];

/** All containers with the owner's label, running or not, by id. */
export const listArguments = (): string[] => ["ps", "-a", "-q", "--no-trunc", "--filter", `label=${ownerLabel}`];

/** A line `<id> <owner>` for each. */
export const ownersArguments = (ids: readonly string[]): string[] => [
  "inspect",
  "--type",
  "container",
  "--format",
  `{{.Id}} {{index .Config.Labels "${ownerLabel}"}}`,
  ...ids,
];

/** Ends with 0 where a container of that name is there. */
export const existsArguments = (name: string): string[] => [
  "inspect",
  "--type",
  "container",
  "--format",
  "{{.Id}}",
  name,
];

export const imageArguments = (image: string): string[] => [
  "image",
  "inspect",
  "--format",
  `{{index .Config.Labels "${dpdkLabel}"}}`,
  image,
];

/** Asks for its version and its default runtime. Only an engine that runs answers. */
export const answerArguments = (engine: Engine): string[] =>
  engine === "podman"
    ? ["info", "--format", "{{.Version.Version}} {{.Host.OCIRuntime.Name}}"]
    : ["version", "--format", "{{.Server.Version}}"];
