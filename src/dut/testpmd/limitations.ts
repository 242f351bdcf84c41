/**
 * The five limitations that the container-networking test plan states, against what this DPDK and this machine really
 * do. Several were lifted since the plan was written (2019): the versions below are those of the commits that did it,
 * in DPDK's drivers/net/virtio/virtio_user and lib/eal. Pure.
 */
import { maxRegions } from "../../port/vhost-user/message.js";
import { type HugepageFacts, pageSizeText } from "./hugepages.js";
import { type DpdkVersion, isAtLeast } from "./version.js";

export type LimitationId = "huge-unlink" | "no-huge" | "regions" | "file-names" | "root";

export interface Limitation {
  readonly id: LimitationId;
  /** The plan's own words, shortened. */
  readonly stated: string;
  /** Does it hold for this DPDK on this machine? */
  readonly holds: boolean;
  readonly why: string;
  /** What the lab does about it, or what you can do. */
  readonly remedy: string;
}

export interface LimitationFacts {
  /** Of the side with virtio_user; null: unknown, taken for a recent one. */
  readonly version: DpdkVersion | null;
  readonly hugepages: Pick<HugepageFacts, "defaultSizeBytes" | "mounts">;
  /** Of the side with virtio_user (-m). */
  readonly memoryMib: number;
  readonly root: boolean;
}

const mib = 2 ** 20;

/** Files, hence regions, that DPDK shares with vhost: one per page unless they are put into one. */
export const regionsOf = (memoryMib: number, pageSizeBytes: number): number =>
  Math.ceil((memoryMib * mib) / pageSizeBytes);

const named = (version: DpdkVersion | null): string => (version === null ? "this DPDK" : `DPDK ${version.text}`);

/** 534bccbad1 and 8e1fdcaa3d: virtio_user asks EAL for its descriptors, which stay open after the unlink. */
function hugeUnlink({ version }: LimitationFacts): Limitation {
  const holds = !isAtLeast(version, "18.11");
  return {
    id: "huge-unlink",
    stated: "cannot work with --huge-unlink",
    holds,
    why: holds
      ? `${named(version)} finds its hugepage files by name; 18.11 keeps their descriptors`
      : `lifted in 18.11: ${named(version)} keeps the descriptors of files that have no name any more`,
    remedy: holds
      ? "leave --huge-unlink away"
      : "not with --single-file-segments (EAL refuses both): with 2 MB pages that leaves more than 8 regions",
  };
}

/** c75f535ac5: memory without hugepages is a memfd, which can be shared. */
function noHuge({ version }: LimitationFacts): Limitation {
  const holds = !isAtLeast(version, "19.02");
  return {
    id: "no-huge",
    stated: "cannot work with --no-huge",
    holds,
    why: holds
      ? `without hugepages the memory of ${named(version)} is anonymous; from 19.02 it is a memfd`
      : `lifted in 19.02: the memory of ${named(version)} is one memfd, one region`,
    remedy: holds ? "use hugepages: sudo npm run lab:setup" : "--dut testpmd,huge=off needs no hugepages and no root",
  };
}

function regions({ hugepages, memoryMib }: LimitationFacts): Limitation {
  const stated = `cannot work with more than ${maxRegions} hugepage files (VHOST_MEMORY_MAX_NREGIONS)`;
  const pageSizeBytes = hugepages.mounts[0]?.sizeBytes ?? hugepages.defaultSizeBytes;
  const about = { id: "regions", stated } as const;
  if (pageSizeBytes === null) {
    return { ...about, holds: false, why: "there are no hugepages here", remedy: "nothing to do with huge=off" };
  }
  const files = regionsOf(memoryMib, pageSizeBytes);
  const pages = `${memoryMib} MB in pages of ${pageSizeText(pageSizeBytes)}`;
  if (files <= maxRegions) {
    return { ...about, holds: false, why: `${pages} are ${files} files at most`, remedy: "nothing to do" };
  }
  return {
    ...about,
    holds: true,
    why: `${pages} are ${files} files, and vhost-user shares ${maxRegions}, in every version`,
    remedy: "the lab adds --single-file-segments (DPDK 18.05 and later); or huge=off, or 1 GB pages",
  };
}

/** Until 18.11 virtio_user read /proc/self/maps and took what looked like a hugepage file. */
function fileNames({ version }: LimitationFacts): Limitation {
  const holds = !isAtLeast(version, "18.11");
  return {
    id: "file-names",
    stated: 'applications should not use file names like HUGEFILE_FMT ("%smap_%d")',
    holds,
    why: holds
      ? `${named(version)} looks for its memory by such names in /proc/self/maps`
      : `lifted in 18.11: ${named(version)} no longer looks for its memory by name`,
    remedy: holds
      ? "map no files of such names"
      : "keep files of your own out of the hugepage folder: EAL removes each *map_* there that nobody has locked",
  };
}

/** 048303b6f3 (18.05): virtual addresses as IOVA for virtio_user; c2361bab70 (19.08): chosen without being asked. */
function root(facts: LimitationFacts): Limitation {
  const { version, hugepages } = facts;
  const about = { id: "root", stated: "root privilege is a must" } as const;
  const alone = "as an ordinary user: --dut testpmd,huge=off,container=none";
  if (!isAtLeast(version, "19.08")) {
    const why = `${named(version)} resolves physical addresses; from 19.08 it does without where it may not`;
    return { ...about, holds: true, why, remedy: "run as root" };
  }
  const writable = hugepages.mounts.find((mount) => mount.writable);
  if (facts.root) {
    const why = "lifted in 19.08 for virtual devices; and this is root";
    return { ...about, holds: false, why, remedy: `it can do without, ${alone}` };
  }
  if (writable === undefined) {
    const why = "lifted in 19.08, but this user may write to no mounted hugepages";
    return { ...about, holds: true, why: `${why}, which huge=on needs`, remedy: alone };
  }
  const why = `lifted in 19.08: this user may write to ${writable.path}`;
  return { ...about, holds: false, why, remedy: "nothing to do" };
}

/** All five, in the plan's order. */
export const limitations = (facts: LimitationFacts): Limitation[] => [
  hugeUnlink(facts),
  noHuge(facts),
  regions(facts),
  fileNames(facts),
  root(facts),
];

/** `auto`: hugepages where there are enough that this user may write to, else none. */
export const hugeChoices = ["auto", "on", "off"] as const;
export type HugeChoice = (typeof hugeChoices)[number];

export type MemoryChoice =
  | { readonly huge: false; readonly why: string }
  | { readonly huge: true; readonly mount: string; readonly singleFileSegments: boolean; readonly why: string };

/**
 * How a testpmd gets its memory, so that limitation 3 cannot bite. `on` takes a mount even where its pages seem too
 * few, for EAL to say so; null: `on` was asked for and nothing is mounted that this user may write to.
 */
export function chooseMemory(choice: HugeChoice, hugepages: HugepageFacts, memoryMib: number): MemoryChoice | null {
  if (choice === "off") return { huge: false, why: "huge=off" };
  const enough = (sizeBytes: number): boolean => {
    const pool = hugepages.pools.find((candidate) => candidate.sizeBytes === sizeBytes);
    return pool !== undefined && (pool.free - pool.promised) * sizeBytes >= memoryMib * mib;
  };
  const usable = hugepages.mounts.filter((mount) => mount.writable);
  const mount = usable.find(({ sizeBytes }) => enough(sizeBytes)) ?? (choice === "on" ? usable[0] : undefined);
  if (mount === undefined) {
    return choice === "on" ? null : { huge: false, why: "no mounted hugepages are free and writable here" };
  }
  const files = regionsOf(memoryMib, mount.sizeBytes);
  const singleFileSegments = files > maxRegions;
  const why = `${memoryMib} MB of ${pageSizeText(mount.sizeBytes)} pages at ${mount.path}`;
  return { huge: true, mount: mount.path, singleFileSegments, why };
}
