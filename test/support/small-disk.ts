/** A file system of a few MiB, to be filled up. Mounting one needs root. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** Mounts it for the tests of this file. Returns its folder; null: this user may not mount one. */
export function smallDisk(megabytes: number): string | null {
  const point = mkdtempSync(join(tmpdir(), "pktgen-small-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", point]).status === 0;
  afterAll(() => {
    if (mounted) spawnSync("umount", [point]);
    rmSync(point, { recursive: true, force: true });
  });
  return mounted ? point : null;
}

/** For `skips`. */
export const noSmallDisk = (disk: string | null): string | null =>
  disk === null ? "only root can mount a small disk" : null;
