/** Host facts from a made-up /proc and /sys, and from the real one. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hostFacts, involuntarySwitches, parseCpuList, stealMs, watchDisturbance } from "../../src/sys/host.js";

let root: string;
const put = (path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "pktgen-ts-host-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe("hostFacts", () => {
  it("reads a machine with everything", () => {
    put(
      "proc/cpuinfo",
      "processor\t: 0\nmodel name\t: Some CPU @ 3.0GHz\ncpu MHz\t\t: 2999.6\nflags\t\t: fpu hypervisor\n",
    );
    put("proc/meminfo", "MemTotal:       16000000 kB\nMemAvailable:    8000000 kB\n");
    put("proc/self/status", "Cpus_allowed_list:\t2-3,7\n");
    put("proc/self/cgroup", "0::/work.slice\n");
    put("sys/fs/cgroup/work.slice/cpu.max", "150000 100000\n");
    put("sys/fs/cgroup/work.slice/memory.max", "1000000000\n");
    put("proc/sys/kernel/osrelease", "6.1.0-test\n");
    put("sys/devices/system/cpu/online", "0-7\n");
    put("sys/devices/system/cpu/smt/active", "1\n");
    put("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n");
    put("sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "1800000\n");
    put("sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n");
    put("sys/class/dmi/id/product_name", "KVM\n");
    expect(hostFacts(root)).toEqual({
      cpu: "Some CPU @ 3.0GHz",
      cores: 8,
      coresAllowed: 3,
      coresQuota: 1.5,
      kernel: "6.1.0-test",
      arch: process.arch,
      governor: "powersave",
      frequencyMHz: 1800,
      smt: true,
      clocksource: "hpet",
      virtualised: ["KVM"],
      memoryBytes: 16_384_000_000,
      memoryAvailableBytes: 8_192_000_000,
      memoryLimitBytes: 1_000_000_000,
    });
  });

  it("reads control groups of version 1", () => {
    put("proc/self/cgroup", "4:memory:/a\n2:cpu,cpuacct:/a\n");
    put("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "-1\n");
    put("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
    put("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712\n");
    expect(hostFacts(root)).toMatchObject({ coresQuota: null, memoryLimitBytes: null });
    put("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "50000\n");
    expect(hostFacts(root).coresQuota).toBe(0.5);
  });

  it("makes do with nothing, and with nonsense", () => {
    expect(hostFacts(root)).toMatchObject({ cpu: "unknown", cores: 1, coresAllowed: 1, governor: null, smt: null });
    put("proc/cpuinfo", "\0\n::\n");
    put("proc/meminfo", "MemTotal: lots\n");
    put("proc/self/status", "Cpus_allowed_list:\tff\n");
    expect(hostFacts(root)).toMatchObject({ cpu: "unknown", cores: 1, coresAllowed: 1, memoryBytes: null });
  });

  it("knows this machine", () => {
    const { cores, coresAllowed, memoryBytes, kernel } = hostFacts();
    expect(cores).toBeGreaterThanOrEqual(coresAllowed);
    expect(coresAllowed).toBeGreaterThanOrEqual(1);
    expect(memoryBytes).toBeGreaterThan(0);
    expect(kernel).toMatch(/^\d+\.\d+/);
  });
});

describe("disturbance", () => {
  it("is the difference since the last look", () => {
    put("proc/stat", "cpu  1 2 3 4 5 6 7 100 0 0\ncpu0 1 2 3 4 5 6 7 100 0 0\n");
    put("proc/self/task/11/status", "voluntary_ctxt_switches:\t5\nnonvoluntary_ctxt_switches:\t40\n");
    const look = watchDisturbance([11], root);
    put("proc/stat", "cpu  1 2 3 4 5 6 7 103 0 0\n");
    put("proc/self/task/11/status", "nonvoluntary_ctxt_switches:\t42\n");
    expect(look()).toEqual({ stealMs: 30, switches: 2 });
    expect(look()).toEqual({ stealMs: 0, switches: 0 });
  });

  it("is none where the kernel counts none", () => {
    expect(stealMs(root)).toBe(0);
    expect(involuntarySwitches([1, 2], root)).toBe(0);
  });
});

describe("parseCpuList", () => {
  it.each([
    ["0-3,8,10-11", [0, 1, 2, 3, 8, 10, 11]],
    ["5", [5]],
    ["", []],
    ["ff,1", [1]],
  ])("%j", (text, cpus) => {
    expect(parseCpuList(text)).toEqual(cpus);
  });
});
