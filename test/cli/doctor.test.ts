/** The doctor's rules, on made-up hosts. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  checkCores,
  checkGovernor,
  checkIsolatedCpus,
  checkQuota,
  checkScheduler,
} from "../../src/cli/doctor/figures.js";
import { checkCapabilities, checkNatsServer } from "../../src/cli/doctor/lab.js";
import { checkMemory, checkNode } from "../../src/cli/doctor/main-job.js";
import { checkHugepages, checkTestpmd, checkTestpmdCores, readTestpmdProbe } from "../../src/cli/doctor/testpmd-lab.js";
import { hostFacts } from "../../src/sys/host.js";

let root: string;
const put = (path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "pktgen-ts-host-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe("the doctor's rules", () => {
  const host = hostFacts();

  it.each([
    ["20.18.9", "missing"],
    ["20.19.0", "ok"],
    ["18.20.0", "missing"],
    ["22.0.0", "ok"],
  ])("Node %s: %s", (version, state) => {
    expect(checkNode(version)).toMatchObject({ state, required: true });
  });

  it("asks for memory where a control group leaves too little", () => {
    expect(checkMemory({ ...host, memoryLimitBytes: 100e6 })).toMatchObject({ state: "missing", required: true });
    expect(checkMemory({ ...host, memoryAvailableBytes: 8e9, memoryLimitBytes: null })).toMatchObject({ state: "ok" });
    expect(checkMemory({ ...host, memoryAvailableBytes: null, memoryLimitBytes: null }).state).toBe("note");
  });

  it("remarks on cores, quota and governor", () => {
    expect(checkCores({ ...host, coresAllowed: 2 }).state).toBe("note");
    expect(checkCores({ ...host, coresAllowed: 8 }).state).toBe("ok");
    expect(checkQuota({ ...host, coresQuota: 1.5 }).found).toMatch(/1\.50 cores/);
    expect(checkGovernor({ ...host, governor: "powersave" }).fix).toMatch(/cpupower/);
  });

  it("says what the scheduler lets a thread ask for", () => {
    const all = { realTimePriority: 99, lowestNice: -20, ownSlice: true, isolatedCpus: [2, 3] };
    expect(checkScheduler(all)).toEqual({
      name: "scheduler",
      state: "ok",
      found: "real-time priorities up to 99, nice down to -20, time slices of its own",
    });
    expect(checkScheduler({ ...all, realTimePriority: 0, lowestNice: 0, ownSlice: false })).toEqual({
      name: "scheduler",
      state: "ok",
      found: "no real-time priority, no nice below 0, no time slice of its own",
    });
    expect(checkIsolatedCpus(all).found).toMatch(/^2,3; .*--cores 2,3/);
    expect(checkIsolatedCpus({ ...all, isolatedCpus: [] })).toMatchObject({
      state: "ok",
      found: expect.stringMatching(/^none/),
    });
  });

  it("counts capabilities", () => {
    put("proc/self/status", "CapEff:\t0000000000003000\n");
    expect(checkCapabilities(root)).toMatchObject({ state: "missing", found: "only CAP_NET_RAW, CAP_NET_ADMIN" });
  });

  it.each([
    ["nats-server: v2.9.10", "note", /^2\.9\.10, which has known security holes/],
    ["nats-server: v2.11.15", "note", /before 2\.11\.16/],
    ["nats-server: v2.11.16", "ok", /^2\.11\.16$/],
    ["nats-server: v2.14.5", "ok", /^2\.14\.5$/],
    [null, "note", /not in PATH/],
  ])("a fleet's server that says %s", (said, state, found) => {
    expect(checkNatsServer(said)).toMatchObject({ state, found: expect.stringMatching(found) });
  });

  it("wants hugepages reserved, free, mounted and writable", () => {
    const size = 2 ** 21;
    const pool = { sizeBytes: size, total: 1024, free: 1000, promised: 0 };
    const mount = { path: "/mnt/huge", sizeBytes: size, writable: true, writers: "root only" };
    const hugepages = { defaultSizeBytes: size, pools: [pool], mounts: [mount] };
    expect(checkHugepages(hugepages)).toMatchObject({
      state: "ok",
      found: "1024 of 2 MB, 1000 free, mounted at /mnt/huge (root only)",
    });
    expect(checkHugepages({ ...hugepages, pools: [{ ...pool, free: 10 }] }).state).toBe("note");
    expect(checkHugepages({ ...hugepages, mounts: [{ ...mount, writable: false }] })).toMatchObject({
      state: "note",
      fix: expect.stringContaining("as root"),
    });
    expect(checkHugepages({ ...hugepages, mounts: [] })).toMatchObject({
      state: "missing",
      found: expect.stringContaining("not mounted"),
    });
    expect(checkHugepages({ ...hugepages, pools: [{ ...pool, total: 0, free: 0 }] })).toMatchObject({
      state: "missing",
      fix: expect.stringContaining("sudo npm run lab:setup"),
    });
    expect(checkHugepages({ defaultSizeBytes: null, pools: [], mounts: [] }).found).toBe("this kernel has none");
  });

  it("wants a testpmd that is not too old and has both drivers", () => {
    const said = (version: string, refused: string): string =>
      `EAL: RTE Version: 'DPDK ${version}'\nEAL: failed to parse device "${refused}"\nEAL: Unable to parse device '${refused}'`;
    const check = (text: string) => checkTestpmd(readTestpmdProbe(text));
    expect(check(said("22.11.11", "pktgen_ts_none0"))).toMatchObject({ state: "ok" });
    expect(check(said("22.11.11", "virtio_user0"))).toMatchObject({
      state: "missing",
      found: "22.11.11, without a driver for virtio_user",
    });
    expect(check(said("22.11.11", "net_vhost0")).found).toContain("net_vhost");
    expect(check(said("18.11.0", "pktgen_ts_none0")).found).toBe("18.11.0, 19.05 or later is needed");
    expect(checkTestpmd(null)).toMatchObject({ state: "missing", fix: "sudo npm run lab:setup" });
  });

  it("counts the testpmd lab's pollers", () => {
    const fixOf = (coresAllowed: number): string | undefined => checkTestpmdCores({ ...host, coresAllowed }).fix;
    expect(fixOf(2)).toContain("use 3 cores");
    expect(fixOf(3)).toContain("use 5 cores");
    expect(fixOf(5)).toBeUndefined();
  });
});
