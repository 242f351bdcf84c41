/** Hugepages and mounts of this machine, made and given back. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { prepareHugepages, readHugepages, removeUnusedHugepageFiles } from "../../src/dut/testpmd/hugepages.js";
import { describeLab, missing } from "../support/probe.js";

const defaultPool = () => {
  const { defaultSizeBytes, pools } = readHugepages();
  const pool = pools.find(({ sizeBytes }) => sizeBytes === defaultSizeBytes);
  if (pool === undefined) throw new Error("this kernel has no hugepages");
  return pool;
};
const mountsBelow = (folder: string): string[] =>
  readHugepages()
    .mounts.map(({ path }) => path)
    .filter((path) => path.startsWith(folder));

const until = async (condition: () => boolean): Promise<void> => {
  for (let attempt = 0; attempt < 100 && !condition(); attempt++) await sleep(50);
  if (!condition()) throw new Error("it did not come to that in 5 s");
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pktgen-ts-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describeLab("hugepages", ["root", "hugetlbfs"], () => {
  it("are reserved and mounted where they are missing, and only that is undone", () => {
    const before = defaultPool();
    const wish = { mount: join(folder, "huge"), sizeBytes: null, count: before.free - before.promised + 4 };
    const heard: string[] = [];
    const prepared = prepareHugepages(wish, (step) => heard.push(step));
    expect(defaultPool().total).toBe(before.total + 4);
    expect(mountsBelow(folder)).toEqual([wish.mount]);
    expect(prepared.actions).toEqual([
      expect.stringMatching(/^echo \d+ > .*nr_hugepages: 4 more hugepages/),
      expect.stringMatching(/^mount -t hugetlbfs .*huge$/),
    ]);
    const again = prepareHugepages(wish);
    expect(again.actions).toEqual([]);
    again[Symbol.dispose]();
    expect(mountsBelow(folder)).toEqual([wish.mount]);
    prepared[Symbol.dispose]();
    prepared[Symbol.dispose]();
    expect(defaultPool().total).toBe(before.total);
    expect(existsSync(wish.mount)).toBe(false);
    expect(heard.slice(2)).toEqual([`umount ${wish.mount}`, expect.stringMatching(/^gave back 4 hugepages/)]);
  });

  it("that memory does not allow are refused, and nothing is changed", () => {
    const before = defaultPool();
    const wish = { mount: join(folder, "huge"), sizeBytes: null, count: 100_000_000 };
    expect(() => prepareHugepages(wish)).toThrow(
      expect.objectContaining({ exitCode: 3, hint: expect.stringContaining("sudo npm run lab:setup") }),
    );
    expect(defaultPool().total).toBe(before.total);
    expect(existsSync(wish.mount)).toBe(false);
  });

  it("are given back where the mount fails after they were reserved", () => {
    const before = defaultPool();
    writeFileSync(join(folder, "file"), "");
    const wish = { mount: join(folder, "file"), sizeBytes: null, count: before.free - before.promised + 2 };
    expect(() => prepareHugepages(wish)).toThrow(expect.objectContaining({ exitCode: 3 }));
    expect(defaultPool().total).toBe(before.total);
  });

  it("are not asked for by an ordinary user, who hears the command", () => {
    process.seteuid?.("nobody");
    try {
      expect(() => prepareHugepages({ mount: join(folder, "huge"), sizeBytes: null, count: 0 })).toThrow(
        expect.objectContaining({
          exitCode: 3,
          message: expect.stringContaining("no hugetlbfs is mounted"),
          hint: expect.stringContaining("sudo npm run lab:setup"),
        }),
      );
    } finally {
      process.seteuid?.(0);
    }
  });

  it("left behind by a run that was killed are freed, those of one that lives are not", async () => {
    const lack = missing("testpmd");
    const mount = join(folder, "huge");
    const free = defaultPool().free;
    using prepared = prepareHugepages({ mount, sizeBytes: null, count: 40 });
    expect(prepared.mount).toBe(mount);
    if (lack === null) {
      const prefix = `pktgen-ts-test-${process.pid}`;
      const args = [
        "-m",
        "64",
        "--no-pci",
        "--huge-dir",
        mount,
        `--file-prefix=${prefix}`,
        "--no-telemetry",
        "--",
        "-i",
      ];
      const testpmd = spawn("dpdk-testpmd", args, { stdio: ["pipe", "pipe", "ignore"] });
      try {
        await until(() => readFileSync(`/proc/${testpmd.pid}/maps`, "utf8").includes(`${prefix}map_`));
        expect(removeUnusedHugepageFiles(mount, 0)).toEqual([]);
      } finally {
        const ended = once(testpmd, "exit");
        testpmd.kill("SIGKILL");
        await ended;
        rmSync(`/var/run/dpdk/${prefix}`, { recursive: true, force: true });
      }
    } else {
      writeFileSync(join(mount, "pktgen-ts-1-vhostmap_0"), "");
    }
    // Not earlier: EAL clears away what nobody uses when it starts, whoever's it is.
    writeFileSync(join(mount, "othermap_0"), "");
    expect(removeUnusedHugepageFiles(mount, 0).length).toBeGreaterThan(0);
    expect(readdirSync(mount)).toEqual(["othermap_0"]);
    expect(defaultPool().free).toBeGreaterThanOrEqual(free);
  });
});
