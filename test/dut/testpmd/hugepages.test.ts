/** Hugepages of made-up kernels, and the pages of this one where a wish cannot be met. */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  checkMountFolder,
  pageSizeText,
  parsePageSize,
  prepareHugepages,
  readHugepages,
  removeUnusedHugepageFiles,
} from "../../../src/dut/testpmd/hugepages.js";

let root: string;
const put = (path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "pktgen-ts-host-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const putPool = (kB: number, total: number, free: number, promised = 0): void => {
  const pool = `sys/kernel/mm/hugepages/hugepages-${kB}kB`;
  put(`${pool}/nr_hugepages`, `${total}\n`);
  put(`${pool}/free_hugepages`, `${free}\n`);
  put(`${pool}/resv_hugepages`, `${promised}\n`);
};

describe("the folder that hugepages are mounted at", () => {
  const asked = (path: string): string => {
    try {
      checkMountFolder(path, root);
      return "taken";
    } catch (error) {
      return (error as { toLine(): string }).toLine();
    }
  };

  it("is a new one, or an empty one of this user's", () => {
    mkdirSync(join(root, "mnt/huge"), { recursive: true });
    expect(asked("/mnt/huge")).toBe("taken");
    expect(asked("/mnt/not/there")).toBe("taken");
    expect(asked("/mnt")).toBe(
      "hugepages: hugepages are not mounted at /mnt: that folder is not empty; accepted: a folder that is empty or not there yet, e.g. /mnt/huge",
    );
    put("etc/passwd", "root");
    expect(asked("/etc")).toMatch(/that folder is not empty/);
    expect(asked("/etc/passwd")).toMatch(/that is no folder/);
    symlinkSync(join(root, "etc"), join(root, "link"));
    expect(asked("/link")).toMatch(/that is no folder/);
    put("proc/self/mounts", "tmpfs /mnt/huge tmpfs rw 0 0\n");
    expect(asked("/mnt/huge")).toMatch(/something else is mounted there/);
  });

  it.skipIf(process.getuid?.() !== 0)("is nobody else's", () => {
    mkdirSync(join(root, "theirs"));
    chownSync(join(root, "theirs"), 65534, 65534);
    expect(asked("/theirs")).toMatch(/that folder is another user's/);
  });
});

describe("readHugepages", () => {
  it("reads sizes, counts and mounts", () => {
    put("proc/meminfo", "HugePages_Free:  9\nHugepagesize:       2048 kB\n");
    putPool(1048576, 4, 4);
    putPool(2048, 1024, 1000, 24);
    put(
      "proc/self/mounts",
      "nodev /mnt/huge hugetlbfs rw,relatime,pagesize=2M 0 0\n" +
        "nodev /mnt/hu\\040ge hugetlbfs rw,pagesize=1024M 0 0\n" +
        "nodev /mnt/plain hugetlbfs rw 0 0\n" +
        "nodev /mnt/hidden hugetlbfs rw,pagesize=2M 0 0\ntmpfs /mnt/hidden tmpfs rw 0 0\n",
    );
    mkdirSync(join(root, "mnt/huge"), { recursive: true });
    chmodSync(join(root, "mnt/huge"), 0o1777);
    const { defaultSizeBytes, pools, mounts } = readHugepages(root);
    expect(defaultSizeBytes).toBe(2 ** 21);
    expect(pools).toEqual([
      { sizeBytes: 2 ** 21, total: 1024, free: 1000, promised: 24 },
      { sizeBytes: 2 ** 30, total: 4, free: 4, promised: 0 },
    ]);
    expect(mounts.map(({ path, sizeBytes }) => [path, sizeBytes])).toEqual([
      ["/mnt/huge", 2 ** 21],
      ["/mnt/hu ge", 2 ** 30],
      ["/mnt/plain", 2 ** 21],
    ]);
    expect(mounts[0]).toMatchObject({ writable: true, writers: "everybody" });
    expect(mounts[1]).toMatchObject({ writable: false, writers: "unknown" });
  });

  it("finds nothing on a kernel without them", () => {
    expect(readHugepages(root)).toEqual({ defaultSizeBytes: null, pools: [], mounts: [] });
  });
});

describe("page sizes", () => {
  it.each([
    ["2M", 2 ** 21, "2 MB"],
    ["1024M", 2 ** 30, "1 GB"],
    ["1G", 2 ** 30, "1 GB"],
    ["64K", 2 ** 16, "64 kB"],
  ])("%s", (text, sizeBytes, said) => {
    expect(parsePageSize(text)).toBe(sizeBytes);
    expect(pageSizeText(sizeBytes)).toBe(said);
  });

  it.each([undefined, "", "M", "2T"])("%s is none", (text) => {
    expect(parsePageSize(text)).toBeNull();
  });
});

describe("prepareHugepages", () => {
  it("refuses a size that the kernel does not have, naming those it has", () => {
    const wish = { mount: join(root, "huge"), sizeBytes: 12_345 * 1024, count: 1 };
    expect(() => prepareHugepages(wish)).toThrow(
      expect.objectContaining({ exitCode: 3, message: expect.stringMatching(/no hugepages of 12345 kB/) }),
    );
  });
});

describe("removeUnusedHugepageFiles", () => {
  it("touches no names but ours, and none that is just being made", () => {
    for (const name of ["pktgen-ts-1-vhostmap_0", "othermap_0", "pktgen-ts-notes"]) put(name, "");
    expect(removeUnusedHugepageFiles(root)).toEqual([]);
    expect(removeUnusedHugepageFiles(join(root, "nowhere"))).toEqual([]);
  });
});
