/** What the scheduler grants: the kernel's own words, made up, and one real look that must leave nothing behind. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hasCapability } from "../../src/sys/capabilities.js";
import { scheduling } from "../../src/sys/scheduling.js";
import { threadId } from "../../src/sys/thread.js";

let root: string;
const put = (path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};

const limits = (nice: string, priority: string): string =>
  [
    "Limit                     Soft Limit           Hard Limit           Units     ",
    `Max nice priority         ${nice.padEnd(20)} 40                   `,
    `Max realtime priority     ${priority.padEnd(20)} 99                   `,
  ].join("\n");

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "pktgen-ts-scheduling-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe("scheduling", () => {
  it("goes by the limits of the process where it has not the capability", () => {
    put("proc/self/status", "CapEff:\t0000000000000000\n");
    put("proc/self/limits", limits("0", "0"));
    expect(scheduling(root)).toMatchObject({ realTimePriority: 0, lowestNice: 0, isolatedCpus: [] });
    put("proc/self/limits", limits("25", "0"));
    expect(scheduling(root)).toMatchObject({ realTimePriority: 0, lowestNice: -5 });
    put("proc/self/limits", limits("unlimited", "0"));
    expect(scheduling(root).lowestNice).toBe(-20);
  });

  it("says that nothing is granted where the kernel tells nothing", () => {
    expect(scheduling(root)).toMatchObject({ realTimePriority: 0, lowestNice: 0, isolatedCpus: [] });
  });

  it("reads the isolated CPUs", () => {
    put("sys/devices/system/cpu/isolated", "2-3,7\n");
    expect(scheduling(root).isolatedCpus).toEqual([2, 3, 7]);
  });

  it("leaves the thread as it was", () => {
    // Fields 18, 19, 40 and 41 of stat(5): priority, nice, real-time priority, policy.
    const attributes = (): string[] => {
      const stat = readFileSync(`/proc/self/task/${threadId()}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return [fields[15]!, fields[16]!, fields[37]!, fields[38]!];
    };
    const before = attributes();
    const found = scheduling();
    expect(attributes()).toEqual(before);
    if (hasCapability("CAP_SYS_NICE")) expect(found.lowestNice).toBe(-20);
  });
});
