/**
 * Hugepages as the kernel has them, and as a test plan wants them: mounted at a place, of a size, with a number of free
 * pages. Reading needs nothing; reserving and mounting needs root, says what it does, and is undone exactly.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, lstatSync, readdirSync, rmdirSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { environmentError, type PktgenError } from "../../errors.js";
import { makeFolders } from "../../sys/folder.js";
import { fieldOf, readKernelFile } from "../../sys/host.js";
import { onWayOut } from "../way-out.js";

/** Pages of one size, all NUMA nodes together (Documentation/admin-guide/mm/hugetlbpage.rst). */
export interface HugepagePool {
  readonly sizeBytes: number;
  readonly total: number;
  readonly free: number;
  /** Free pages that are promised to a mapping. */
  readonly promised: number;
}

export interface HugepageMount {
  readonly path: string;
  readonly sizeBytes: number;
  /** May this process make files in it? */
  readonly writable: boolean;
  /** For people: `root only`, `everybody`, `user 1000`. */
  readonly writers: string;
}

export interface HugepageFacts {
  /** What `mount -t hugetlbfs` gives; null: this kernel has none. */
  readonly defaultSizeBytes: number | null;
  readonly pools: readonly HugepagePool[];
  readonly mounts: readonly HugepageMount[];
}

const kernelPools = "/sys/kernel/mm/hugepages";
const poolFolder = (sizeBytes: number): string => `${kernelPools}/hugepages-${sizeBytes / 1024}kB`;
const countOf = (text: string | null): number => (text !== null && /^\d+$/.test(text) ? Number(text) : 0);

/** Reads it once. `root` is "" except in tests. What cannot be read counts as absent. */
export function readHugepages(root = ""): HugepageFacts {
  const defaultKb = /^(\d+) kB$/.exec(fieldOf(readKernelFile("/proc/meminfo", root), "Hugepagesize") ?? "")?.[1];
  const defaultSizeBytes = defaultKb === undefined ? null : Number(defaultKb) * 1024;
  return { defaultSizeBytes, pools: readPools(root), mounts: readMounts(root, defaultSizeBytes) };
}

function readPools(root: string): HugepagePool[] {
  const sizes = foldersIn(root + kernelPools).map((name) => Number(/^hugepages-(\d+)kB$/.exec(name)?.[1]) * 1024);
  return sizes
    .filter(Number.isFinite)
    .sort((a, b) => a - b)
    .map((sizeBytes) => {
      const count = (name: string): number => countOf(readKernelFile(`${poolFolder(sizeBytes)}/${name}`, root));
      return {
        sizeBytes,
        total: count("nr_hugepages"),
        free: count("free_hugepages"),
        promised: count("resv_hugepages"),
      };
    });
}

function foldersIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** Lines `device path type options …`; blanks in paths are written \040 (proc_mounts(5)). */
function readMounts(root: string, defaultSizeBytes: number | null): HugepageMount[] {
  const seen = new Map<string, HugepageMount | null>();
  for (const line of (readKernelFile("/proc/self/mounts", root) ?? "").split("\n")) {
    const [, rawPath = "", type, options = ""] = line.split(" ");
    const path = rawPath.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
    const sizeBytes = parsePageSize(/(?:^|,)pagesize=(\w+)/.exec(options)?.[1]) ?? defaultSizeBytes;
    // The last mount of a place hides those before.
    seen.delete(path);
    seen.set(path, type === "hugetlbfs" && sizeBytes !== null ? { path, sizeBytes, ...access(root + path) } : null);
  }
  return [...seen.values()].filter((mount) => mount !== null);
}

/** `2M`, `1024M`, `1G`, `64K`, as hugetlbfs prints it. */
export function parsePageSize(text: string | undefined): number | null {
  const match = /^(\d+)([KMG]?)$/i.exec(text ?? "");
  if (match === null) return null;
  const unit = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }[(match[2] ?? "").toUpperCase()] ?? 1;
  return Number(match[1]) * unit;
}

/** `2 MB`, as testpmd's documents say it. */
export function pageSizeText(sizeBytes: number): string {
  if (sizeBytes % 2 ** 30 === 0) return `${sizeBytes / 2 ** 30} GB`;
  return sizeBytes % 2 ** 20 === 0 ? `${sizeBytes / 2 ** 20} MB` : `${sizeBytes / 2 ** 10} kB`;
}

function access(path: string): Pick<HugepageMount, "writable" | "writers"> {
  try {
    const { mode, uid } = statSync(path);
    const writers = (mode & 0o002) !== 0 ? "everybody" : uid === 0 ? "root only" : `user ${uid}`;
    return { writable: mayWrite(path), writers };
  } catch {
    return { writable: false, writers: "unknown" };
  }
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface HugepageWish {
  /** Where hugetlbfs is to be, e.g. `/mnt/huge`. */
  readonly mount: string;
  /** null: the kernel's default size. */
  readonly sizeBytes: number | null;
  /** Pages that are to be free. */
  readonly count: number;
}

/** Disposing undoes exactly what was done, and so does every other way out of this process (see ../way-out.ts). */
export interface PreparedHugepages extends Disposable {
  readonly mount: string;
  readonly sizeBytes: number;
  /** What was done, as commands with what came of them; empty: everything was there. */
  readonly actions: readonly string[];
}

const setupHint = "sudo npm run lab:setup reserves and mounts them; or do without: --dut testpmd,huge=off";
const where = "hugepages";

/**
 * Sees that they are there: mounts and reserves as root what is missing. `say` hears each step, of undoing too.
 * @throws PktgenError (3) when there are too few and this process may not, or the memory does not, give more.
 */
export function prepareHugepages(wish: HugepageWish, say: (step: string) => void = () => undefined): PreparedHugepages {
  for (const path of removeUnusedHugepageFiles(wish.mount))
    say(`removed ${path}, left behind by a run that was killed`);
  const before = readHugepages();
  const sizeBytes = wish.sizeBytes ?? before.defaultSizeBytes;
  const pool = before.pools.find((candidate) => candidate.sizeBytes === sizeBytes);
  if (sizeBytes === null || pool === undefined) {
    const accepted = before.pools.map((candidate) => pageSizeText(candidate.sizeBytes)).join(", ");
    const what = `this kernel has no hugepages${sizeBytes === null ? "" : ` of ${pageSizeText(sizeBytes)}`}`;
    throw environmentError(what, { where, ...(accepted === "" ? {} : { accepted }), hint: "--dut testpmd,huge=off" });
  }
  const actions: string[] = [];
  const undo: (() => void)[] = [];
  const did = (step: string): void => {
    actions.push(step);
    say(step);
  };
  const undoNow = (): void => {
    for (const step of undo.splice(0).reverse()) step();
  };
  const wayOut = onWayOut(undoNow);
  const dispose = (): void => {
    undoNow();
    wayOut[Symbol.dispose]();
  };
  try {
    reserve(wish.count, pool, { did, say, undo });
    mount(wish.mount, sizeBytes, before, { did, say, undo });
  } catch (error) {
    dispose();
    throw error;
  }
  return { mount: wish.mount, sizeBytes, actions, [Symbol.dispose]: dispose };
}

const isRoot = (): boolean => process.geteuid?.() === 0;

interface Steps {
  readonly did: (step: string) => void;
  readonly say: (step: string) => void;
  /** Last in, first out. */
  readonly undo: (() => void)[];
}

function reserve(count: number, pool: HugepagePool, { did, say, undo }: Steps): void {
  const available = pool.free - pool.promised;
  const missing = count - available;
  if (missing <= 0) return;
  const size = pageSizeText(pool.sizeBytes);
  const tooFew = (why: string): PktgenError =>
    environmentError(`${count} free hugepages of ${size} are needed, there are ${available}${why}`, {
      where,
      hint: setupHint,
    });
  if (!isRoot()) throw tooFew("");
  const memoryKb = Number(fieldOf(readKernelFile("/proc/meminfo"), "MemAvailable")?.replace(/ kB$/, "") ?? 0);
  // Reserving more than that would drive everything else out of memory.
  if (missing * pool.sizeBytes > memoryKb * 1024 * 0.8) {
    throw tooFew(`, and ${Math.floor(memoryKb / 1024)} MB of memory are available for more`);
  }
  const file = `${poolFolder(pool.sizeBytes)}/nr_hugepages`;
  try {
    writeFileSync(file, `${pool.total + missing}`);
  } catch (error) {
    throw tooFew(`, and ${file} may not be written: ${(error as Error).message}`);
  }
  const got = Math.max(0, countOf(readKernelFile(file)) - pool.total);
  undo.push(() => {
    giveBack(file, got);
    say(`gave back ${got} hugepages of ${size}`);
  });
  did(`echo ${pool.total + missing} > ${file}: ${got} more hugepages of ${size} reserved`);
  if (got < missing) throw tooFew(`, and the kernel found memory in one piece for ${got} more`);
}

/** As many as were reserved, whatever others have reserved or given back meanwhile. */
function giveBack(file: string, pages: number): void {
  try {
    writeFileSync(file, `${Math.max(0, countOf(readKernelFile(file)) - pages)}`);
  } catch {
    // Only root can take it away, and root gave it.
  }
}

function mount(path: string, sizeBytes: number, before: HugepageFacts, { did, say, undo }: Steps): void {
  const there = before.mounts.find((candidate) => candidate.path === path);
  if (there !== undefined) {
    if (there.sizeBytes !== sizeBytes) {
      const what = `hugepages of ${pageSizeText(there.sizeBytes)} are mounted at ${path}, ${pageSizeText(sizeBytes)} are asked for`;
      throw environmentError(what, { where, hint: "name another mount, or the size that is there" });
    }
    if (!there.writable) {
      const hint = "run as root, mount it with -o mode=1777, or do without: --dut testpmd,huge=off";
      throw environmentError(`hugepages at ${path} may be used by ${there.writers}`, { where, hint });
    }
    return;
  }
  if (!isRoot()) throw environmentError(`no hugetlbfs is mounted at ${path}`, { where, hint: setupHint });
  checkMountFolder(path);
  const made = makeFolder(path);
  if (made) undo.push(() => removeFolder(path));
  const args = ["-t", "hugetlbfs", "-o", `pagesize=${sizeBytes / 1024}K`, "nodev", path];
  const result = spawnSync("mount", args, { encoding: "utf8" });
  if (result.status !== 0) {
    const why = result.stderr?.trim() || (result.error?.message ?? "mount failed");
    throw environmentError(`hugetlbfs cannot be mounted at ${path}: ${why}`, { where, hint: setupHint });
  }
  undo.push(() => {
    // Busy for a moment after the last program in it was killed: then it goes when that has ended.
    const umount = (...options: string[]): boolean =>
      spawnSync("umount", [...options, path], { stdio: "ignore" }).status === 0;
    if (umount() || umount("-l")) say(`umount ${path}`);
  });
  did(`mount ${args.join(" ")}`);
}

/**
 * A mount hides what was in the folder before, from every program of the machine: so the folder must be new, or an
 * empty one of this user's that nothing is mounted on. `root`: a folder in the place of / for tests.
 */
export function checkMountFolder(path: string, root = ""): void {
  const refuse = (what: string): PktgenError =>
    environmentError(`hugepages are not mounted at ${path}: ${what}`, {
      where,
      accepted: "a folder that is empty or not there yet, e.g. /mnt/huge",
    });
  const facts = lstatSync(root + path, { throwIfNoEntry: false });
  if (facts === undefined) return;
  if (!facts.isDirectory()) throw refuse("that is no folder");
  if (facts.uid !== process.geteuid?.()) throw refuse("that folder is another user's");
  const mounts = (readKernelFile("/proc/self/mounts", root) ?? "").split("\n").map((line) => line.split(" ")[1]);
  if (mounts.includes(path.replaceAll(" ", "\\040"))) throw refuse("something else is mounted there");
  if (readdirSync(root + path).length > 0) throw refuse("that folder is not empty");
}

/** Whether it made it. */
function makeFolder(path: string): boolean {
  try {
    return makeFolders(path) !== null;
  } catch (error) {
    throw environmentError(`${path} cannot be made: ${(error as Error).message}`, { where, hint: setupHint });
  }
}

function removeFolder(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // Somebody put something into it, and it is theirs now.
  }
}

/**
 * Removes what killed runs left in a mount: files of EAL's names with our prefix that no program has mapped. They keep
 * their pages otherwise, and nobody would have enough. Younger ones may not be mapped yet. Gives the paths.
 */
export function removeUnusedHugepageFiles(mountPath: string, minAgeMs = 10_000): string[] {
  const files = foldersIn(mountPath).filter((name) => ours.test(name) && ageMs(join(mountPath, name)) >= minAgeMs);
  if (files.length === 0) return [];
  const mapped = mappedFiles();
  return files
    .filter((name) => !mapped.has(name))
    .map((name) => join(mountPath, name))
    .filter((path) => {
      try {
        unlinkSync(path);
        return true;
      } catch {
        return false;
      }
    });
}

/** `%smap_%d` and `%smap_%u_%u` (eal_filesystem.h) of a file prefix of ours. */
const ours = /^pktgen-ts[\w-]*map_\d+(?:_\d+)?$/;

const ageMs = (path: string): number =>
  Date.now() - (statSync(path, { throwIfNoEntry: false })?.ctimeMs ?? Number.POSITIVE_INFINITY);

/** Names without folders, since containers see the same mount at another place. */
function mappedFiles(): Set<string> {
  const names = new Set<string>();
  for (const pid of foldersIn("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    for (const line of (readKernelFile(`/proc/${pid}/maps`) ?? "").split("\n")) {
      if (line.includes("map_")) names.add(line.slice(line.lastIndexOf("/") + 1).replace(/ \(deleted\)$/, ""));
    }
  }
  return names;
}
