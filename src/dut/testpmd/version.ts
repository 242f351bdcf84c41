/** DPDK's versions, `22.11.4`: year and month, then the patch level of a stable release. Pure. */

export interface DpdkVersion {
  readonly year: number;
  readonly month: number;
  /** As the program says it: `22.11.11`, `26.07.0-rc1`. */
  readonly text: string;
}

/** The first version with `show fwd stats`. Without it, a running testpmd does not tell what it dropped. */
export const oldestVersion = "19.05";

/** From `RTE Version: 'DPDK 22.11.11'` (EAL's -v), the telemetry greeting, or the bare number; null: none in it. */
export function parseDpdkVersion(text: string): DpdkVersion | null {
  const match = /\bDPDK (\d\d)\.(\d\d)(\S*?)['"\s]/.exec(`${text}\n`) ?? /^\s*v?(\d\d)\.(\d\d)([.\w-]*)\s*$/.exec(text);
  if (match === null) return null;
  const [, year, month, rest] = match;
  return { year: Number(year), month: Number(month), text: `${year}.${month}${rest}` };
}

/** Whether `version` is that release (`22.03`) or a later one; an unknown version counts as a late one. */
export function isAtLeast(version: DpdkVersion | null, release: string): boolean {
  if (version === null) return true;
  const [year = 0, month = 0] = release.split(".").map(Number);
  return version.year > year || (version.year === year && version.month >= month);
}
