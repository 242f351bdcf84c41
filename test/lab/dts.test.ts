/**
 * The adapter for the DPDK Test Suite (integrations/dts). Its framework is in no package registry, so that these tests
 * have a stand-in for it, with a real terminal, the real server and veths. With `PKTGEN_DTS_TREE` (a DPDK source tree) and
 * `PKTGEN_DTS_PYTHON` (a Python with DTS's dependencies) the whole runs in DTS itself, over ssh.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { makeNetns, makeVeth } from "../support/netns.js";
import { describeLab, scapyPython } from "../support/probe.js";
import { builtMain } from "../support/run-cli.js";

vi.setConfig({ testTimeout: 300_000 });

const root = join(import.meta.dirname, "../..");
const integration = join(root, "integrations/dts");
const here = join(import.meta.dirname, "dts");
const command = join(root, "scripts/bin/pktgen-ts");

function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "pktgen-ts-dts-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

interface Answer {
  readonly error?: string;
  readonly message?: string;
  readonly [more: string]: unknown;
}

/** What these cases answer, on interfaces a and b of a namespace of their own. */
async function answersOf(...names: readonly string[]): Promise<Readonly<Record<string, Answer>>> {
  builtMain();
  using space = makeNetns();
  using folder = temporaryFolder();
  makeVeth({ netns: space.name, name: "a" }, { netns: space.name, name: "b" });
  const words = [
    "netns",
    "exec",
    space.name,
    scapyPython,
    join(here, "adapter_cases.py"),
    command,
    folder.path,
    ...names,
  ];
  return await new Promise((resolve, reject) => {
    const child = spawn("ip", words, { env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" } });
    let [out, errors] = ["", ""];
    child.stdout.on("data", (piece) => (out += piece));
    child.stderr.on("data", (piece) => (errors += piece));
    child.on("close", (code) =>
      code === 0 ? resolve(JSON.parse(out.trim().split("\n").at(-1)!)) : reject(new Error(errors)),
    );
  });
}

const all = ["udp", "arp", "lldp", "icmp", "icmpv6", "behind", "unknown"];
const but = (...names: readonly string[]) => all.filter((name) => !names.includes(name));

const refusals = [
  ["invalid", "InvalidTrialError", "the measurement is invalid: 86 bytes forward: "],
  ["too-long", "PktgenTsError", "The longest has 1614 bytes, and a has an MTU of 1500: at most 1514"],
  ["no-such-interface", "ConfigurationError", "nope0"],
  ["no-interface", "ConfigurationError", "needs the kernel's driver there, not 'vfio-pci'"],
  ["wrong-drivers", "ConfigurationError", "set its os_driver_for_dpdk to its os_driver, 'i40e'"],
  ["other-version", "ConfigurationError", "speaks version 1 of its interface, and this adapter version 0"],
  ["no-program", "PktgenTsError", "/nowhere/pktgen-ts"],
  ["bad-port", "PktgenTsError", "nothing:"],
  ["other-system", "ConfigurationError", "Linux is the only operating system"],
  ["long-request", "ConfigurationError", "at sizes"],
  ["dead-server", "InteractiveSSHTimeoutError", "/version"],
] as const;

describeLab("the adapter for the DPDK Test Suite, on a stand-in of its framework", ["netns", "scapy"], () => {
  it("sends frames byte by byte, and filters what comes back", async () => {
    expect((await answersOf("exchange"))["exchange"]).toEqual({
      "": all,
      no_lldp: but("lldp"),
      no_arp: but("arp"),
      no_icmp: but("icmp", "icmpv6", "behind"),
      all: ["udp", "unknown"],
      nothing: [],
    });
  });

  it("has rates of whole trials, and the result beside them", async () => {
    const { stats, length, artifacts } = (await answersOf("rates"))["rates"]!;
    const { tx_pps, rx_pps, tx_bps, rx_bps, frame_size } = stats as Record<string, number>;
    expect([rx_pps, rx_bps, frame_size]).toEqual([tx_pps, tx_bps, length]);
    expect(tx_bps! / tx_pps!).toBeCloseTo(8 * ((length as number) + 4), 6);
    expect(artifacts).toEqual(["pktgen-ts-N.json", "pktgen-ts-N.txt"]);
  });

  it("runs on sockets that have no PCI address, and ends twice without harm", async () => {
    expect((await answersOf("vhost"))["vhost"]).toEqual({ sent: 100, accepted: 100, report: true });
  });

  it("raises DTS's errors, which say what to do", async () => {
    const answers = await answersOf(...refusals.map(([name]) => name));
    for (const [name, error, message] of refusals) {
      expect([name, answers[name]?.error]).toEqual([name, error]);
      expect(answers[name]?.message).toContain(message);
    }
  });
});

const tree = process.env["PKTGEN_DTS_TREE"];
const skipped = tree === undefined ? " (skipped: PKTGEN_DTS_TREE names no tree)" : "";
const python = process.env["PKTGEN_DTS_PYTHON"] ?? "python3";

/** A copy of the tree's DTS with the integration in it. */
function patchedTree(source: string, folder: string): string {
  const copy = join(folder, "tree");
  mkdirSync(copy, { recursive: true });
  for (const part of ["dts", "usertools"]) cpSync(join(source, part), join(copy, part), { recursive: true });
  const patch = readdirSync(integration).find((name) => name.endsWith(".patch"))!;
  execFileSync("git", ["init", "-q"], { cwd: copy });
  execFileSync("git", ["apply", join(integration, patch)], { cwd: copy });
  cpSync(join(integration, "pktgen_ts.py"), join(copy, "dts/framework/testbed_model/traffic_generator/pktgen_ts.py"));
  cpSync(
    join(integration, "TestSuite_virtio_user_container.py"),
    join(copy, "dts/tests/TestSuite_virtio_user_container.py"),
  );
  return copy;
}

/** DTS's own summary. */
function summaryOf(folder: string, words: readonly string[]): string {
  const run = spawnSync("bash", [join(here, "testbed.sh"), join(folder, "tree"), python, folder, command, ...words], {
    env: { ...process.env, PKTGEN_PERF: "true" },
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  const summary = run.stdout.slice(run.stdout.lastIndexOf("Results\n"));
  return run.stdout.includes("Results\n") ? summary : run.stdout + run.stderr;
}

describeLab("the DPDK Test Suite itself", ["netns", "testpmd"], () => {
  it.skipIf(tree === undefined)(`passes virtio-user for container networking${skipped}`, () => {
    using folder = temporaryFolder();
    patchedTree(tree!, folder.path);
    writeFileSync(join(folder.path, "tests.yaml"), `virtio_user_container: { generator: ${command} }\n`);
    const summary = summaryOf(folder.path, ["--", "--test-suite", "virtio_user_container"]);
    expect(summary).toContain("single_queue: PASS");
    expect(summary).toContain("two_queues: PASS");
    const ledger = JSON.parse(
      readFileSync(join(folder.path, "tree/dts/output/virtio_user_container/two_queues/ledger-1518.json"), "utf8"),
    );
    expect(Object.values(ledger.hops)).toEqual(Array.from({ length: 8 }, () => 1000));
  });

  it.skipIf(tree === undefined)(
    `passes suites that need only packets and capture, and rates, on veths${skipped}`,
    () => {
      using folder = temporaryFolder();
      patchedTree(tree!, folder.path);
      const parameters = "{ frame_size: 64, num_descriptors: 512, expected_mpps: 0.001 }";
      writeFileSync(
        join(folder.path, "tests.yaml"),
        `single_core_forward_perf: { test_parameters: [${parameters}] }\n`,
      );
      const suites = [
        "port_control",
        "single_core_forward_perf",
        "qinq test_qinq_forwarding",
        "unified_packet l2_packet_detect nsh_packet_detect",
      ];
      const words = suites.flatMap((suite) => ["--test-suite", ...suite.split(" ")]);
      expect(summaryOf(folder.path, ["veth", "--", ...words])).toContain("PASS      = 7\n");
    },
  );
});
