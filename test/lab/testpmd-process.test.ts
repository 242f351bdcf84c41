/** One real testpmd, or two: what its start, its prompt, its death and its end are like, and every known complaint. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { findLauncher } from "../../src/dut/testpmd/containers.js";
import { describePair, planMac, type TestpmdDescription } from "../../src/dut/testpmd/description.js";
import { prepareHugepages, readHugepages } from "../../src/dut/testpmd/hugepages.js";
import type { Launcher } from "../../src/dut/testpmd/launcher.js";
import { layOutLcores } from "../../src/dut/testpmd/lcores.js";
import { parseForwardStats, parsePortXstats } from "../../src/dut/testpmd/parse.js";
import { type ProcessSetup, startTestpmd, type TestpmdProcess } from "../../src/dut/testpmd/process.js";
import { TelemetryClient } from "../../src/dut/testpmd/telemetry.js";
import { allowedCpus } from "../../src/sys/thread.js";
import { describeLab } from "../support/probe.js";

let scratch: string;
let launcher: Launcher;
const running: TestpmdProcess[] = [];

beforeEach(async () => {
  scratch = mkdtempSync(join(tmpdir(), "lab-"));
  launcher = await findLauncher("none");
});
afterEach(async () => {
  for (const each of running.splice(0).reverse()) await each[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

const prefix = `pktgen-ts-test-${process.pid}`;

function pair(queues = 1): { readonly host: TestpmdDescription; readonly container: TestpmdDescription } {
  return describePair({
    program: "dpdk-testpmd",
    queues,
    maxFrameBytes: 1518,
    socketDirectory: scratch,
    socketDirectoryInside: scratch,
    prefix,
    lcores: layOutLcores(allowedCpus(), queues, "share", null),
    hugepages: { host: { kind: "off" }, container: { kind: "off" } },
    queueSize: 256,
    variant: null,
    mode: "io",
    containerMac: planMac,
    generatorSide: { kind: "vhost" },
  });
}

const setup = (name: string, more: Partial<ProcessSetup> = {}): ProcessSetup => ({
  launcher,
  name: `${prefix}-${name}`,
  mounts: [],
  runtimeDirectory: scratch,
  sockets: [],
  hugepageDirectory: null,
  ...more,
});

const hostSockets = (): string[] => ["gen.sock", "vhost-net"].map((name) => join(scratch, name));

async function start(description: TestpmdDescription, how: ProcessSetup): Promise<TestpmdProcess> {
  const started = await startTestpmd(description, how);
  running.push(started);
  return started;
}

const startHost = (queues = 1): Promise<TestpmdProcess> =>
  start(pair(queues).host, setup("host", { sockets: hostSockets() }));

const failure = async (starting: Promise<TestpmdProcess>): Promise<{ code: number; line: string }> => {
  try {
    running.push(await starting);
  } catch (error) {
    const { exitCode, toLine } = error as { exitCode: number; toLine: () => string };
    return { code: exitCode, line: toLine.call(error) };
  }
  throw new Error("it started");
};

describeLab("a testpmd at its prompt", ["testpmd"], () => {
  it("answers whole, in order, also when asked at once, and keeps the evidence", async () => {
    const host = await startHost(2);
    expect(host.version?.text).toMatch(/^\d\d\.\d\d/);
    const answers = await Promise.all(
      ["show port info all", "bogus", "show port stats all"].map((text) => host.run(text)),
    );
    expect(answers[0]).toMatch(/^\*+ Infos for port 0[\s\S]*Infos for port 1/);
    expect(answers[1]).toBe("Command not found\n");
    expect(answers[2]).toMatch(/NIC statistics for port 0[\s\S]*NIC statistics for port 1[\s\S]*#\n$/);
    expect(host.evidence()).toMatch(/^# stdbuf -oL dpdk-testpmd -v[\s\S]*! EAL: RTE Version[\s\S]*\n\$ bogus\n/);
  });

  it("sends nothing twice and nothing late: a slow answer is not taken for the next one's", async () => {
    const host = await startHost();
    await expect(host.run("show port info all", 0)).rejects.toMatchObject({ exitCode: 4 });
    expect(await host.run("bogus")).toBe("Command not found\n");
  });

  it("is sampled by telemetry while it forwards, with the prompt's own numbers", async () => {
    const host = await startHost(2);
    const container = await start(pair(2).container, setup("container"));
    await container.run("start");
    await host.run("set fwd io");
    await host.run("start tx_first");
    expect(host.telemetryPath()).toBe(join(scratch, "dpdk", `${prefix}-vhost`, "dpdk_telemetry.v2"));
    using telemetry = await TelemetryClient.connect(host.telemetryPath() ?? "");
    expect(telemetry.greeting.version?.text).toBe(host.version?.text);
    expect(await telemetry.ports()).toEqual([0, 1]);
    const first = await telemetry.stats(1);
    await host.run("stop");
    await container.run("stop");
    const last = await telemetry.stats(1);
    expect(last!.txPackets).toBeGreaterThanOrEqual(first!.txPackets);
    expect(last!.txPackets).toBeGreaterThan(0);
    const [, port1] = parsePortXstats(await host.run("show port xstats all"));
    expect(await telemetry.xstats(1)).toEqual(port1!.queues);
    expect(await telemetry.query("/nothing/of/this/kind")).toBeNull();
  });

  it("leaves nothing after its end", async () => {
    const host = await startHost();
    expect(readdirSync(scratch).sort()).toEqual(["dpdk", "gen.sock", "vhost-net"]);
    await host[Symbol.asyncDispose]();
    expect(host.ended()).toMatchObject({ code: 0, signal: null });
    expect(readdirSync(scratch)).toEqual([]);
  });
});

describeLab("a testpmd that dies", ["testpmd"], () => {
  it("is noticed at once, in a sentence, by whoever waits for it", async () => {
    const host = await startHost();
    const waiting = host.run("show port info all").then(() => host.run("show port info all"));
    host.kill("SIGKILL");
    await expect(waiting).rejects.toMatchObject({ exitCode: 4, message: expect.stringContaining("ended by SIGKILL") });
    expect(host.ended()).toMatchObject({ signal: "SIGKILL" });
    await expect(host.run("show port info all")).rejects.toMatchObject({ exitCode: 4 });
  });

  it("leaves its sockets behind, which the next one replaces", async () => {
    const first = await startHost();
    first.kill("SIGKILL");
    await expect(first.run("show port info all")).rejects.toThrow();
    expect(existsSync(join(scratch, "vhost-net"))).toBe(true);
    const second = await startHost();
    expect(await second.run("show port summary all")).toContain("Number of available ports: 2");
  });
});

describeLab("a testpmd that cannot start", ["testpmd"], () => {
  it("finds a folder at its socket's path", async () => {
    mkdirSync(join(scratch, "vhost-net"));
    const looked = await failure(startTestpmd(pair().host, setup("host", { sockets: hostSockets() })));
    expect(looked).toEqual({
      code: 3,
      line: `${scratch}/vhost-net: this is a folder, not a socket; choose another path for the socket`,
    });
    // Where nobody looks before, testpmd comes to its prompt with both ports and says so only in passing.
    const said = await failure(startTestpmd(pair().host, setup("host")));
    expect(said.code).toBe(3);
    expect(said.line).toMatch(/the host's testpmd cannot be used: it cannot make its socket: Address already in use;/);
    expect(statSync(join(scratch, "vhost-net")).isDirectory()).toBe(true);
  });

  it("finds its file prefix in use, and leaves the other one alone", async () => {
    const host = await startHost();
    const second = {
      ...pair().host,
      vdevs: [{ kind: "net_vhost", name: "net_vhost0", path: join(scratch, "x"), queues: 1, client: false }],
    } as const;
    const { code, line } = await failure(startTestpmd(second, setup("second", { sockets: [join(scratch, "x")] })));
    expect(code).toBe(3);
    expect(line).toMatch(
      new RegExp(`--file-prefix=${prefix}-vhost: .*the file prefix is in use by another DPDK program`),
    );
    expect(await host.run("show port summary all")).toContain("Number of available ports: 2");
    expect(readdirSync(join(scratch, "dpdk", `${prefix}-vhost`))).toContain("config");
  });

  it("finds nobody at the socket that it connects to", async () => {
    const { code, line } = await failure(startTestpmd(pair().container, setup("container")));
    expect(code).toBe(3);
    expect(line).toMatch(
      /the container's testpmd cannot be used: it cannot connect to the other side's socket: No such file/,
    );
  });

  it("may not use its CPUs", async () => {
    const lcores = { forwarding: 1, cpus: [[0], [999]] };
    const { code, line } = await failure(startTestpmd({ ...pair().host, lcores }, setup("host")));
    expect(code).toBe(3);
    expect(line).toMatch(/it may not use the CPUs it was given/);
  });

  it("has fewer queues than asked for", async () => {
    const { line } = await failure(startTestpmd({ ...pair().host, queues: 2 }, setup("host")));
    expect(line).toMatch(/a port has fewer than 2 queues/);
  });

  it("has too little memory for its buffers", async () => {
    const { line } = await failure(startTestpmd({ ...pair().host, memoryMib: 64, mbufs: 200_000 }, setup("host")));
    expect(line).toMatch(/too little memory for its frame buffers/);
  });

  it("is too old", async () => {
    const { code, line } = await failure(startTestpmd(pair().host, setup("host", { launcher: saying("18.11.2") })));
    expect(code).toBe(3);
    expect(line).toMatch(
      /the host's testpmd is DPDK 18\.11\.2, which is too old; accepted: DPDK 19\.05 or later; npm run lab:setup/,
    );
  });

  it("is waited for no longer when interrupted", async () => {
    const interrupt = new AbortController();
    const server = { ...pair().container.vdevs[0]!, server: true } as TestpmdDescription["vdevs"][number];
    // In server mode it waits for its peer before it comes to its prompt.
    const starting = startTestpmd({ ...pair().container, vdevs: [server] }, setup("container"), interrupt.signal);
    setTimeout(() => interrupt.abort(), 300);
    expect((await failure(starting)).line).toMatch(/interrupted while waiting for the container's testpmd/);
  });
});

/** A program that says it is this version, and comes to a prompt. No DPDK so old can be installed here. */
const saying = (version: string): Launcher => ({
  ...launcher,
  launch: (_, { env }) => ({
    file: "sh",
    args: ["-c", `echo "EAL: RTE Version: 'DPDK ${version}'" >&2; sleep 0.1; printf 'testpmd> '; head -n 1 >/dev/null`],
    env: { PATH: process.env["PATH"] ?? "", ...env },
  }),
});

describeLab("a testpmd without the vhost driver", ["testpmd", "root"], () => {
  it("says so", async () => {
    const args = ["/usr/lib", "/usr/local/lib", "-type", "f", "-name", "librte_net_vhost.so.*"];
    const drivers = execFileSync("find", args, { encoding: "utf8" }).trim().split("\n");
    const hide = drivers.map((file) => `mount --bind /dev/null ${file}`).join(" && ");
    const without: Launcher = {
      ...launcher,
      launch: (argv, options) => {
        const { env } = launcher.launch(argv, options);
        return { file: "unshare", args: ["-m", "sh", "-c", `${hide} && exec "$@"`, "sh", ...argv], env };
      },
    };
    const { code, line } = await failure(startTestpmd(pair().host, setup("host", { launcher: without })));
    expect(code).toBe(3);
    expect(line).toMatch(
      /this DPDK lacks a driver \(\S+\), and net_vhost and net_virtio_user are needed; npm run lab:setup/,
    );
  });
});

const pageBytes = readHugepages().defaultSizeBytes ?? 0;

describeLab("hugepages", ["testpmd", "root", "hugetlbfs"], () => {
  const on = (directory: string | null, singleFileSegments: boolean): TestpmdDescription["hugepages"] => ({
    kind: "on",
    directory,
    singleFileSegments,
  });

  it("that are too few are said to be", async () => {
    const mount = join(scratch, "huge");
    await using pages = prepareHugepages({ mount, sizeBytes: null, count: 8 });
    const host = { ...pair().host, memoryMib: 1_000_000, hugepages: on(pages.mount, true) };
    const { code, line } = await failure(startTestpmd(host, setup("host", { hugepageDirectory: mount })));
    expect(code).toBe(3);
    // Another program may take those 8 first: then EAL says that there are none.
    expect(line).toMatch(/free hugepages are (?:too few for it \(requested 1000000MB|mounted).*huge=off/);
    expect(readdirSync(mount)).toEqual([]);
  });

  it("that are mounted nowhere are said to be", async () => {
    const host = { ...pair().host, hugepages: on(join(scratch, "nowhere"), true) };
    const { code, line } = await failure(startTestpmd(host, setup("host")));
    expect(code).toBe(3);
    expect(line).toMatch(/no free hugepages are mounted/);
  });

  it("in more than 8 files cannot be shared, in one they can; nothing of a killed one is left", async () => {
    const mount = join(scratch, "huge");
    const memoryMib = 64;
    await using pages = prepareHugepages({ mount, sizeBytes: null, count: (3 * memoryMib * 2 ** 20) / pageBytes });
    const small = { memoryMib, mbufs: 8192, hugepages: on(pages.mount, true) };
    const host = await start(
      { ...pair().host, ...small },
      setup("host", { sockets: hostSockets(), hugepageDirectory: mount }),
    );
    const inPages = { ...pair().container, ...small, hugepages: on(pages.mount, false) };
    const { code, line } = await failure(startTestpmd(inPages, setup("container", { hugepageDirectory: mount })));
    expect(code).toBe(3);
    expect(line).toMatch(/in more than 8 files, and vhost-user shares at most 8 regions; add --single-file-segments/);
    const container = await start({ ...pair().container, ...small }, setup("container", { hugepageDirectory: mount }));
    await container.run("start");
    await host.run("start tx_first");
    await host.run("stop");
    const { ports } = parseForwardStats(await container.run("stop"));
    expect(ports[0]!.rxPackets).toBeGreaterThan(0);
    host.kill("SIGKILL");
    for (const each of running.splice(0).reverse()) await each[Symbol.asyncDispose]();
    expect(readdirSync(mount)).toEqual([]);
  });
});

it("everything that was started here has ended", () => {
  const { stdout } = spawnSync("ps", ["-eo", "args"], { encoding: "utf8" });
  expect(stdout.split("\n").filter((line) => line.includes(`${prefix}-`))).toEqual([]);
});
