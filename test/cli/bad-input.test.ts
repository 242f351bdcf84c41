/** Whatever is wrong on the command line: one sentence that names it and says what is accepted, exit code 2, no stack. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { describeFailure } from "../../src/cli/output/failure.js";
import { type CliResult, runCli } from "../support/run-cli.js";
import { runHere } from "../support/run-here.js";

const scratch = mkdtempSync(join(tmpdir(), "pktgen-ts-bad-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const brokenProfile = join(scratch, "broken.yaml");
writeFileSync(brokenProfile, "flows: 4\nvlann:\n  id: 5\n");

function expectRefusal(result: CliResult, exitCode: number, sentence: RegExp): void {
  expect(result.stderr).toMatch(sentence);
  expect(result.stderr).toMatch(/^pktgen-ts: [^\n]+\n$/);
  expect(result.stderr).not.toMatch(/PktgenError|this is a bug/);
  expect(result).toMatchObject({ code: exitCode, signal: null, stdout: "" });
}

const longPath = `/tmp/${"x".repeat(120)}`;

type Refusal = readonly [args: readonly string[], sentence: RegExp];

/** Checked as a user meets them, in a process each. */
const asProcess: readonly Refusal[] = [
  [["--sizes", "abc"], /--sizes: "abc" is not a frame size; accepted: .*64 to 9018/],
  [["--sizes", "63"], /--sizes: frame size 63 is below 64/],
  [["--sizes", "9019"], /--sizes: frame size 9019 .*9018/],
  [["--queues", "0"], /--queues: "0".*1 to 8/],
  [["--rate", "5foo"], /--rate: "5foo" is not a rate; accepted: max, 10kpps/],
  [
    ["--count", "10", "--duration", "1s"],
    /--count: --count and --duration contradict each other; accepted: one of them/,
  ],
  [
    ["--dut", "external", "--tx", `virtio-user:${longPath}`],
    /the socket path is \d+ bytes long; accepted: at most 107/,
  ],
  [["--json", "/nowhere/at/all.json"], /--json: the folder \/nowhere\/at does not exist/],
  [["--szies", "64"], /unknown option '--szies'; Did you mean --sizes\?/],
  [["docter"], /unknown command 'docter'; accepted: .*did you mean doctor\?/],
];

/** Checked through the same code in this process, which is a hundred times as quick. */
const inProcess: readonly Refusal[] = [
  [
    ["fleet", "ls", "--fleet", "nats://127.0.0.1:4222", "--tls-ca", "ca.pem"],
    /--tls-ca: this server is not spoken to over TLS; accepted: with --fleet tls:/,
  ],
  [
    ["fleet", "ls", "--fleet", "tls://localhost:4222", "--tls-ca", "/nowhere/ca.pem"],
    /--tls-ca: \/nowhere\/ca.pem cannot be read; accepted: a file that you may read/,
  ],
  [
    ["replay", "pcaps/golden/imix.pcap", "--tx", "null:", "--map-port", "80=81,53=54,80=82"],
    /--map-port: port 80 is mapped twice; accepted: each port once/,
  ],
  [
    ["replay", "pcaps/golden/imix.pcap", "--tx", "null:", "--map-port", "80:81"],
    /--map-port: "80:81" is no mapping; accepted: PORT=PORT/,
  ],
  [["--sizes", "64,,128"], /--sizes: .*empty place.*accepted/],
  [["--sizes", ""], /--sizes: .*accepted/],
  [["--sizes", "64.5"], /--sizes: .*accepted/],
  [["--sizes", "1518-64:64"], /--sizes: .*ends before it begins/],
  [["--sizes", "64", "1518"], /what is '1518'\?.*commas and no blanks/],
  [
    ["--sizes", "64", "--ip", "6"],
    /--sizes: UDP over IPv6 does not fit into a frame of 64 bytes; accepted: from 66 bytes/,
  ],
  [["--queues", "9"], /--queues: "9".*1 to 8/],
  [["--queues", "two"], /--queues: "two".*1 to 8/],
  [["--rate", "-1Mpps"], /--rate: .*accepted/],
  [["--rate", "0pps"], /--rate: .*not above 0/],
  [["--rate", "50%"], /--rate: 50% of what\?.*--line-rate/],
  [["--line-rate", "fast"], /--line-rate: "fast" is not a line rate/],
  [["--count", "0"], /--count: "0".*from 1/],
  [["--count", "1.5"], /--count: "1\.5"/],
  [["--duration", "5"], /--duration: "5" is not a duration; accepted: .*forever/],
  [["--duration", "forever", "--sizes", "64,128"], /--duration: forever never comes to an end, and 2 trials/],
  [["--seed", "-1"], /--seed: "-1"/],
  [["--loss", "200%"], /--loss: "200%" is not a ratio/],
  [["--min-rate", "max"], /--min-rate: max is no least rate/],
  [["--min-rate", "1Gbps", "--sizes", "64,128"], /--min-rate: "1Gbps" is another rate in frames for each size/],
  [["--repeat", "0"], /--repeat: "0"/],
  [["--flows", "0"], /--flows: "0"/],
  [
    ["--flows", "3", "--queues", "2", "--pin-flows"],
    /--pin-flows: 3 flows cannot be pinned to 2 queues; accepted: a multiple/,
  ],
  [["--pin-flows", "129"], /--pin-flows: flows cannot be pinned to 129 queues; accepted: 1 to 128/],
  [["--profile", "profiles/vxlan.yaml", "--pin-flows", "2"], /--pin-flows: .*has streams, which say that themselves/],
  [
    ["--frame", "hex:0200"],
    /--frame: 2 bytes are no Ethernet frame; accepted: 14 to 9014 bytes: a frame without its FCS/,
  ],
  [["--frame", "hex:xy"], /--frame: this is no frame in hex; accepted: pairs of hex digits/],
  [["--frame", "none.pcap"], /--frame: none\.pcap does not exist; accepted: hex:… or a file/],
  [["--frame", "README.md"], /--frame: this is no frame in hex/],
  [
    ["--frame", "pcaps/golden/imix.pcap"],
    /--frame: the capture has \d+ frames; accepted: FILE#N, .*; .*pktgen-ts replay/,
  ],
  [["--frame", "pcaps/golden/imix.pcap#0"], /--frame: the capture has \d+ frames, and no frame 0; accepted: 1 to/],
  [["--frame", brokenProfile, "--profile", brokenProfile], /--frame: --frame and --profile contradict each other/],
  [["--frame", `hex:${"00".repeat(64)}`, "--sizes", "64"], /--sizes: the frame is given, with all of its bytes/],
  [["--frame", `hex:${"00".repeat(64)}`, "--dst-mac", "02:00:00:00:00:01"], /--dst-mac: the frame is given/],
  [["--frame", `hex:${"00".repeat(64)}`, "--flows", "2"], /--flows: the frame is given/],
  [["--vlan", "4095"], /--vlan: "4095".*0 to 4094/],
  [["--ip", "5"], /--ip: "5" is no IP version; accepted: 4, 6/],
  [["--dst-mac", "zz:11:22:33:44:55"], /--dst-mac: .*MAC address.*00:11:22:33:44:10/],
  [["--cores", "0,0"], /--cores: CPU 0 is given twice/],
  [["--cores", "a"], /--cores: "a" is no CPU/],
  [["--cores", "1023"], /--cores: CPU 1023 is not there, or not for this process/],
  [["--start-sequence", "-4"], /--start-sequence: "-4"/],
  [["--warmup", "soon"], /--warmup: "soon" is not a duration/],
  [["--dut", "embeded"], /--dut: unknown device under test "embeded".*did you mean embedded\?/],
  [["--dut", "embedded,los=1%"], /--dut: the embedded device has no option "los".*did you mean loss/],
  [["--dut", "embedded,rate=1foo"], /--dut rate: "1foo" is not a rate/],
  [["--dut", "external"], /--tx: an external device needs a port to send on; accepted: e\.g\. virtio-user/],
  [
    ["--dut", "external", "--tx", "virtio-usr:/tmp/x"],
    /--tx virtio-usr:\/tmp\/x: unknown port kind.*did you mean virtio-user/,
  ],
  [["--dut", "external", "--tx", "eth0"], /--tx eth0: unknown port kind "eth0"; .*; did you mean packet:eth0\?/],
  [
    ["--dut", "external", "--tx", "null:", "--hop", "r,rx=qa"],
    /unknown source of a counter "qa"; .*did you mean netdev:qa\?/,
  ],
  [
    ["ndr", "--rate", "10kpps"],
    /unknown option '--rate'; the method decides that itself: see --min-load and --line-rate/,
  ],
  [["doctor", "now"], /too many arguments for 'doctor'\. Expected 0 arguments but got 1; see pktgen-ts doctor --help/],
  [["--profile-root", "/tmp"], /--profile-root: there is no profile whose files could be looked for/],
  [["--dut", "external", "--tx", "virtio-user:"], /--tx virtio-user:: the path of the socket is missing/],
  [["--dut", "external", "--tx", "null:,queues=1", "--queues", "2"], /--tx null:,queues=1: the port has 1 queue pairs/],
  [["--tx", "null:"], /--tx: the embedded device brings its own ports.*--dut external/],
  [["--live"], /--live: standard error is no terminal .*; accepted: a terminal; --verbose prints progress/],
  [["--csv", scratch], /--csv: .* is a folder; accepted: the path of a file/],
  [["--junit", "/etc/passwd/x.xml"], /--junit: .*not a folder/],
  [["--json", "-", "--csv", "-"], /--csv: standard output is taken by --json/],
  [["--json", "-", "--ndjson"], /--json: standard output is taken by --ndjson/],
  [["--json", "a.txt", "--csv", "./a.txt"], /--csv: .*a\.txt is taken by --json/],
  [["--json", ""], /--json: the path is empty/],
  [["--profile", "nowhere.yaml"], /--profile: the profile nowhere\.yaml does not exist; accepted: a YAML file/],
  [["--profile", brokenProfile], /broken\.yaml:2:1: unknown key "vlann"; accepted: .*vlan.*did you mean vlan\?/],
  [["--sizes"], /option '--sizes <list>' argument missing/],
  [["throughput", "--sizes", "64"], /unknown command 'throughput'; accepted: run, rfc2544, ndr, .*doctor/],
  [["--set", "vni=7"], /--set: there is no profile whose parameters could be set; accepted: --profile FILE/],
  [["--profile", "profiles/vxlan.yaml", "--set", "vnj=7"], /vnj.*did you mean vni\?/],
  [["ports", "all"], /too many arguments for 'ports'/],
  [["dut"], /dut: which device\?; accepted: embedded, testpmd/],
  [["dut", "tespmd"], /dut: unknown device under test 'tespmd'; accepted: embedded, testpmd/],
  [
    ["dut", "testpmd", "--options", "huge=maybe"],
    /--options huge: "maybe" is not one of its values; accepted: auto, on, off/,
  ],
  [["--dut", "testpmd,contaner=none"], /--dut: testpmd has no option "contaner"; .*did you mean container=\?/],
  [["--dut", "testpmd", "--tx", "null:"], /--tx: the testpmd device brings its own ports.*--dut external/],
  [["dut", "embedded", "--part", "guest"], /--part: "guest" is not known; accepted: both, host, container/],
  [["dut", "embedded", "--part", "container"], /--port: 0 ports for --part container; accepted: one/],
  [["dut", "embedded", "--part", "container", "--port", "foo"], /--port foo: unknown port kind "foo"/],
  [["dut", "embedded", "--options", "loss"], /--options: the option "loss" has no value; accepted: loss=/],
];

describe("a wrong command line is refused", () => {
  it.each(asProcess)("%j", async (args, sentence) => {
    expectRefusal(await runCli(args), 2, sentence);
  });

  it.each(inProcess)("%j (in process)", async (args, sentence) => {
    expectRefusal(await runHere(args), 2, sentence);
  });
});

describe("a bug", () => {
  it("says that it is one, on one line, with a reference, and ends with 4", () => {
    const { text, exitCode } = describeFailure(new TypeError("x is not a function"), false);
    expect(text).toMatch(
      /^pktgen-ts: this is a bug in pktgen-ts, not yours: x is not a function; .*reference [0-9a-f]{8} .*PKTGEN_DEBUG=1.*\n$/,
    );
    expect(exitCode).toBe(4);
  });

  it("shows its stack when asked", () => {
    expect(describeFailure(new TypeError("x is not a function"), true).text).toMatch(/\n\s+at .*bad-input\.test\.ts/);
  });
});

describe("what this machine or version lacks is said", () => {
  const missing: readonly Refusal[] = [
    [
      ["--dut", "testpmd,container=none,program=/nowhere/dpdk-testpmd"],
      /the host's testpmd cannot be used: dpdk-testpmd is not installed; npm run lab:setup/,
    ],
    [
      ["--dut", "external", "--tx", "virtio-user:/tmp/pktgen-ts-nobody"],
      /\/tmp\/pktgen-ts-nobody: there is no such socket; start the other side/,
    ],
    [["--dut", "external", "--tx", "virtio-user:/etc/passwd"], /\/etc\/passwd: this is not a socket/],
    [["--dut", "external", "--tx", "vhost:/etc/passwd"], /\/etc\/passwd: .*not a socket/],
  ];
  it.each(missing)("%j", async (args, sentence) => {
    expectRefusal(await runCli(args), 3, sentence);
  });
});
