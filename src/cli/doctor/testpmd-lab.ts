/** What the testpmd lab needs: testpmd with its drivers, hugepages, containers with an image, cores; and what limits it. */
import { mkdtempSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { executeCommand } from "../../dut/run-command.js";
import { examineEngine, findLauncher } from "../../dut/testpmd/containers.js";
import type { Engine } from "../../dut/testpmd/engine-command.js";
import { type HugepageFacts, pageSizeText, readHugepages } from "../../dut/testpmd/hugepages.js";
import { cpusOfTheirOwn } from "../../dut/testpmd/lcores.js";
import { limitations } from "../../dut/testpmd/limitations.js";
import { type DpdkVersion, isAtLeast, oldestVersion, parseDpdkVersion } from "../../dut/testpmd/version.js";
import { PktgenError } from "../../errors.js";
import type { HostFacts } from "../../sys/host.js";
import { type DoctorCheck, reasonOf } from "./check.js";

const setup = "sudo npm run lab:setup";
const testpmdTimeoutMs = 10_000;
/** Memory that the two testpmds take together with 1,024-slot rings and one queue. */
const labMemoryMib = 512;

/** What a testpmd says of itself. */
export interface TestpmdProbe {
  readonly version: DpdkVersion | null;
  /** Of net_vhost and virtio_user, the first that it has no driver for. */
  readonly missingDriver: string | null;
}

/** No DPDK has it: EAL looks up the devices in order and ends at the first that nobody drives. */
const nobodysDevice = "pktgen_ts_none0";

export function readTestpmdProbe(output: string): TestpmdProbe {
  const refused = /failed to parse device "(\w+?)0"/.exec(output)?.[1] ?? null;
  const missingDriver = refused === null || `${refused}0` === nobodysDevice ? null : refused;
  return { version: parseDpdkVersion(output), missingDriver };
}

/** A folder for EAL; null where none can be made, which the check of the Unix sockets says. */
function probeFolder(): string | null {
  try {
    return mkdtempSync(join(tmpdir(), "pktgen-ts-doctor-"));
  } catch {
    return null;
  }
}

/** Ends before EAL takes memory or opens a device; null: not in PATH, or no folder for it. */
async function probeTestpmd(): Promise<TestpmdProbe | null> {
  const folder = probeFolder();
  if (folder === null) return null;
  const prefix = `pktgen-ts-doctor-${process.pid}`;
  const devices = ["net_vhost0", "virtio_user0", nobodysDevice].map((name) => `--vdev=${name}`);
  const args = ["-v", "--no-huge", "-m", "64", "--no-pci", `--file-prefix=${prefix}`, ...devices];
  // Where EAL makes its folder: the first from 22.03, the second for ordinary users, /var/run for root before.
  const env = { ...process.env, RUNTIME_DIRECTORY: folder, XDG_RUNTIME_DIR: folder };
  try {
    const result = await executeCommand("dpdk-testpmd", args, { env, timeoutMs: testpmdTimeoutMs });
    return result === null ? null : readTestpmdProbe(`${result.stdout}\n${result.stderr}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    try {
      rmdirSync(`/var/run/dpdk/${prefix}`);
    } catch {
      // It was made in the folder above.
    }
  }
}

export function checkTestpmd(probe: TestpmdProbe | null): DoctorCheck {
  const name = "dpdk-testpmd";
  if (probe === null) return { name, state: "missing", found: "not in PATH", fix: setup };
  const { version, missingDriver } = probe;
  const text = version?.text ?? "there; it did not say its version";
  if (!isAtLeast(version, oldestVersion)) {
    return { name, state: "missing", found: `${text}, ${oldestVersion} or later is needed`, fix: setup };
  }
  if (missingDriver !== null) {
    return { name, state: "missing", found: `${text}, without a driver for ${missingDriver}`, fix: setup };
  }
  return { name, state: "ok", found: version === null ? text : `${text}, with net_vhost and virtio_user` };
}

export function checkHugepages({ pools, mounts, defaultSizeBytes }: HugepageFacts): DoctorCheck {
  const name = "hugepages";
  const without = "or do without: --dut testpmd,huge=off";
  const fix = `${setup}; ${without}`;
  if (defaultSizeBytes === null) return { name, state: "missing", found: "this kernel has none", fix: without };
  const reserved = pools.filter(({ total }) => total > 0);
  const pages = reserved.map(({ sizeBytes, total, free }) => `${total} of ${pageSizeText(sizeBytes)}, ${free} free`);
  if (pages.length === 0) return { name, state: "missing", found: "none reserved", fix };
  const usable = mounts.filter(({ sizeBytes }) => reserved.some((pool) => pool.sizeBytes === sizeBytes));
  if (usable.length === 0) return { name, state: "missing", found: `${pages.join("; ")}, not mounted`, fix };
  const places = usable.map(({ path, writers }) => `${path} (${writers})`).join(", ");
  const found = `${pages.join("; ")}, mounted at ${places}`;
  if (!usable.some(({ writable }) => writable)) {
    return { name, state: "note", found, fix: `run as root, ${without}` };
  }
  const freeBytes = Math.max(...reserved.map(({ free, promised, sizeBytes }) => (free - promised) * sizeBytes));
  if (freeBytes >= labMemoryMib * 2 ** 20) return { name, state: "ok", found };
  return { name, state: "note", found: `${found}; the lab takes ${labMemoryMib} MB`, fix };
}

/** Starts testpmd's help in the image, so that "there" means that it runs. */
async function checkEngine(engine: Engine, testpmd: DpdkVersion | null): Promise<DoctorCheck> {
  try {
    const state = await examineEngine(engine);
    if (state.lacks !== null) throw state.lacks;
    const { description } = await findLauncher(engine);
    const differs = testpmd !== null && state.imageDpdk !== null && !state.imageDpdk.startsWith(testpmd.text);
    if (!differs) return { name: "containers", state: "ok", found: description };
    const found = `${description}, and the host has ${testpmd.text}`;
    return { name: "containers", state: "note", found, fix: "npm run lab:image -- --force" };
  } catch (error) {
    const fix = error instanceof PktgenError ? error.hint : undefined;
    return { name: "containers", state: "missing", found: reasonOf(error), fix: fix ?? setup };
  }
}

/** One engine is enough; without any, the one that lacks least says what. */
async function checkContainers(testpmd: DpdkVersion | null): Promise<DoctorCheck> {
  const podman = await checkEngine("podman", testpmd);
  if (podman.state !== "missing") return podman;
  const docker = await checkEngine("docker", testpmd);
  if (docker.state !== "missing") return docker;
  const absent = /not in PATH/;
  if (absent.test(podman.found) && !absent.test(docker.found)) return docker;
  return absent.test(podman.found) ? { ...podman, found: "neither podman nor docker in PATH" } : podman;
}

export function checkTestpmdCores(host: HostFacts): DoctorCheck {
  const name = "cores for testpmd";
  const [one, two] = [cpusOfTheirOwn(1), cpusOfTheirOwn(2)];
  const found = `${host.coresAllowed} for the ${one} threads that poll (${two} with two queues)`;
  if (host.coresAllowed >= two) return { name, state: "ok", found };
  const fix =
    host.coresAllowed >= one
      ? `two queues share cores: pace them (--rate 10kpps), or use ${two} cores`
      : `they take turns: pace them (--rate 10kpps), or use ${one} cores`;
  return { name, state: "note", found, fix };
}

/** The test plan's limitations; those that hold are worth a note, and the lab works around them. */
export function checkLimitations(version: DpdkVersion | null, hugepages: HugepageFacts, root: boolean): DoctorCheck[] {
  return limitations({ version, hugepages, memoryMib: labMemoryMib / 2, root }).map((limitation) => {
    const name = `plan: ${limitation.id}`;
    if (!limitation.holds) return { name, state: "ok", found: limitation.why };
    return { name, state: "note", found: limitation.why, fix: limitation.remedy };
  });
}

export async function checkTestpmdLab(host: HostFacts): Promise<DoctorCheck[]> {
  const probe = await probeTestpmd();
  const hugepages = readHugepages();
  const version = probe?.version ?? null;
  return [
    checkTestpmd(probe),
    checkHugepages(hugepages),
    await checkContainers(version),
    checkTestpmdCores(host),
    ...(probe === null ? [] : checkLimitations(version, hugepages, process.getuid?.() === 0)),
  ];
}
