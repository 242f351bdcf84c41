/** Test plans: the shipped ones load, and mistakes are shown at their place in the file. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PktgenError } from "../../src/errors.js";
import { loadExpected, parseExpected } from "../../src/labplan/file/expected.js";
import { loadTestPlan, parseTestPlan } from "../../src/labplan/file/index.js";

const folder = join(import.meta.dirname, "../../profiles/plans");
const shipped = readdirSync(folder).filter((name) => name.endsWith(".yaml"));

const failure = (text: string): string => {
  try {
    parseTestPlan(text, "p.yaml");
  } catch (error) {
    if (error instanceof PktgenError) return `${error.exitCode} ${error.toLine()}`;
    throw error;
  }
  return "no error";
};

const devices = `title: t
devices:
  vhost: { in: host, hugepages: false, vdevs: { net_vhost1: { iface: gen.sock }, net_vhost0: { iface: vhost-net } } }
  box: { in: container, hugepages: false, vdevs: { virtio_user0: { path: vhost-net } } }
traffic: { socket: gen.sock }
`;
/** A plan with these steps; the first of them stands in line 9. */
const withSteps = (...steps: string[]): string =>
  `${devices}cases:\n  - name: one\n    steps:\n${steps.map((step) => `      - ${step}\n`).join("")}`;
const launched = ["{ do: launch, device: vhost }", "{ do: launch, device: box }"];

describe("shipped plans", () => {
  it("have the six of the container-networking family among them, and those on interfaces", () => {
    const wanted = [
      "af-packet.yaml",
      "loopback-multi-queues.yaml",
      "net-tap.yaml",
      "port-stop-start.yaml",
      "virtio-paths.yaml",
      "virtio-user-container-networking.yaml",
      "virtio-user-no-huge.yaml",
      "virtio-user-server-mode-reconnect.yaml",
    ];
    expect(wanted.filter((name) => !shipped.includes(name))).toEqual([]);
  });

  it.each(shipped)("%s begins with a comment, loads, and says where it comes from", (name) => {
    expect(readFileSync(join(folder, name), "utf8")).toMatch(/^# /);
    const plan = loadTestPlan(join(folder, name));
    expect(plan.title).not.toBe("");
    expect(plan.source).toContain("test_plan");
    expect(plan.cases.length).toBeGreaterThan(0);
  });

  it("the container-networking plan keeps the literal command lines, and sets what Case 2 lacks", () => {
    const { cases, hugepages } = loadTestPlan(join(folder, "virtio-user-container-networking.yaml"));
    expect(hugepages).toEqual({ mount: "/mnt/huge", pageBytes: 2 ** 21, count: 256 });
    expect(cases.map(({ steps }) => steps.filter(({ heading }) => heading !== null).length)).toEqual([4, 4]);
    for (const [i, { devices: both, steps }] of cases.entries()) {
      expect(both.map(({ queues, cores }) => [queues, cores])).toEqual([
        [i + 1, i + 1],
        [i + 1, i + 1],
      ]);
      expect(both[0].literal).toContain(`queues=${i + 1},client=0`);
      expect(both[1].literal).toMatch(/^docker run -i -t --privileged/);
      const [send] = steps.filter((step) => step.do === "send");
      expect(send.traffic.sizes).toEqual(
        [64, 128, 256, 512, 1024, 1518].map((frameBytes) => ({ kind: "fixed", frameBytes })),
      );
      expect(send.check).toEqual({ loss: 0, unaccounted: 0, queues: "forwarded", counters: "equal" });
    }
    expect(cases[1].notes.join(" ")).toContain("--rxq=2 --txq=2");
  });

  it("the plan of all paths has ten that differ in their rings alone", () => {
    const { cases } = loadTestPlan(join(folder, "virtio-paths.yaml"));
    const paths = cases.map(({ devices: all }) => {
      const vdev = all[1].vdevs[0];
      if (vdev.driver !== "virtio_user") throw new Error("no virtio_user");
      return [vdev.packed, vdev.mergeable, vdev.inOrder, vdev.vectorized].map(Number).join("");
    });
    expect(new Set(paths).size).toBe(10);
    expect(paths.filter((path) => path.startsWith("1"))).toHaveLength(5);
  });
});

describe("parseTestPlan", () => {
  it("merges what a case says into what the plan says, key by key", () => {
    const plan = parseTestPlan(
      `${devices}steps: [{ do: launch, device: vhost }, { do: send, count: 7 }]
cases:
  - name: Two queues, packed!
    devices: { vhost: { queues: 2 }, box: { queues: 2, vdevs: { virtio_user0: { packed_vq: 1, queue_size: 1025 } } } }
    traffic: { sizes: [64, 1518], flows: 3, rate: 20kpps }
`,
      "p.yaml",
    );
    const [only] = plan.cases;
    expect(only.id).toBe("two_queues_packed");
    expect(only.devices.map(({ queues }) => queues)).toEqual([2, 2]);
    expect(only.devices[0].vdevs.map(({ name }) => name)).toEqual(["net_vhost1", "net_vhost0"]);
    expect(only.devices[1].vdevs[0]).toEqual({
      driver: "virtio_user",
      name: "virtio_user0",
      socket: "vhost-net",
      server: false,
      mac: "00:11:22:33:44:10",
      queueSize: 1025,
      packed: true,
      mergeable: true,
      inOrder: true,
      vectorized: false,
    });
    const [, send] = only.steps;
    if (send.do !== "send") throw new Error(send.do);
    expect(send.traffic).toMatchObject({
      socket: "gen.sock",
      rate: { kind: "pps", pps: 20_000 },
      count: 7,
      durationNs: null,
    });
    expect(send.traffic.sizes).toHaveLength(2);
    expect(send.traffic.stream.flows).toBe(3);
    expect(send.place).toBe("p.yaml:6:40");
  });

  it("a duration in a step takes the place of the plan's count", () => {
    const plan = parseTestPlan(withSteps(launched[0], "{ do: send, duration: 2s }"), "p.yaml");
    const send = plan.cases[0].steps[1];
    if (send.do !== "send") throw new Error(send.do);
    expect([send.traffic.count, send.traffic.durationNs]).toEqual([null, 2e9]);
  });
});

/** File → line:column, what is wrong there, what is accepted, and what was meant. */
const mistakes: readonly (readonly [name: string, text: string, sentence: string])[] = [
  ["no title", "cases: []\n", "2 p.yaml:1:1: title is missing; accepted: a text"],
  [
    "unknown key",
    `${devices}cases: [{}]\ncase: []\n`,
    '2 p.yaml:7:1: unknown key "case"; accepted: title, source, notes, hugepages, devices, traffic, steps, cases; did you mean cases?',
  ],
  ["no cases", `${devices}cases: []\n`, "2 p.yaml:6:8: cases can't be a list; accepted: a list of cases"],
  [
    "unknown step",
    withSteps("{ do: lanch, device: vhost }"),
    '2 p.yaml:9:15: unknown step "lanch"; accepted: mount hugepages, launch, command, send, start traffic, watch traffic, stop traffic, wait for link, wait, quit, kill; did you mean launch?',
  ],
  [
    "a step without a verb",
    withSteps("launch"),
    "2 p.yaml:9:9: a step says what to do; accepted: do: mount hugepages, launch",
  ],
  [
    "unknown device",
    withSteps("{ do: launch, device: vhots }"),
    '2 p.yaml:9:31: unknown device "vhots"; accepted: vhost, box; did you mean vhost?',
  ],
  [
    "a device twice",
    withSteps(launched[0], launched[0]),
    "2 p.yaml:10:31: vhost runs already; accepted: do: quit or do: kill before it is launched again",
  ],
  [
    "a command too early",
    withSteps("{ do: command, device: box, text: start }"),
    "2 p.yaml:9:32: box does not run at this step; accepted: a step { do: launch, device: box } before it",
  ],
  [
    "a command after a kill",
    withSteps(...launched, "{ do: kill, device: box }", "{ do: command, device: box, text: start }"),
    "2 p.yaml:12:32: box does not run at this step",
  ],
  [
    "an unknown check",
    withSteps(...launched, "{ do: send, check: { los: 0 } }"),
    '2 p.yaml:11:30: unknown key "los"; accepted: loss, unaccounted, queues, counters, least-rate; did you mean loss?',
  ],
  [
    "a check's value",
    withSteps(...launched, "{ do: send, check: { loss: 2 } }"),
    '2 p.yaml:11:36: "2" is not a ratio; accepted: 0 to 1',
  ],
  ["a size", withSteps(...launched, "{ do: send, sizes: [64, 10] }"), "2 p.yaml:11:33: frame size 10 is below 64"],
  [
    "a rate",
    withSteps(...launched, "{ do: send, rate: fast }"),
    '2 p.yaml:11:27: "fast" is not a rate; accepted: max, 10kpps',
  ],
  [
    "count and duration",
    withSteps(...launched, "{ do: send, count: 5, duration: 1s }"),
    "2 p.yaml:11:31: count and duration contradict each other",
  ],
  [
    "a socket of nobody",
    withSteps(...launched, "{ do: send, socket: gne.sock }"),
    '2 p.yaml:11:9: no net_vhost has the socket "gne.sock", and no interface is on such a link; accepted: gen.sock; did you mean gen.sock?',
  ],
  [
    "traffic to nobody",
    withSteps("{ do: send }"),
    "2 p.yaml:9:9: vhost, which has the generator's socket, does not run at this step",
  ],
  [
    "traffic never stopped",
    withSteps(...launched, "{ do: start traffic }"),
    "2 p.yaml:9:7: the traffic that this case starts is never stopped",
  ],
  [
    "traffic never started",
    withSteps(...launched, "{ do: stop traffic }"),
    "2 p.yaml:11:9: no traffic runs at this step",
  ],
  [
    "a port that is not there",
    withSteps(...launched, "{ do: wait for link, device: box, port: 1, is: up }"),
    "2 p.yaml:11:49: box has no port 1; accepted: 0 to 0",
  ],
  [
    "an unknown vdev",
    `${devices.replace("net_vhost0", "net_vhosts0")}cases: [{ name: a, steps: [] }]\n`,
    '2 p.yaml:3:82: unknown virtual device "net_vhosts0"; accepted: net_vhost, virtio_user, net_af_packet, net_tap, net_af_xdp and a number, e.g. net_vhost0; did you mean net_vhost0?',
  ],
  [
    "an unknown vdev option",
    `${devices.replace("path: vhost-net", "path: vhost-net, packed: 1")}cases: [{ name: a, steps: [] }]\n`,
    '2 p.yaml:4:85: unknown key "packed"',
  ],
  [
    "a flag that is no flag",
    `${devices.replace("path: vhost-net", "path: vhost-net, server: true")}cases: [{ name: a, steps: [] }]\n`,
    "2 p.yaml:4:93: server can't be true; accepted: 0 or 1, as DPDK writes it",
  ],
  [
    "both sides listen",
    devices.replace("path: vhost-net", "path: vhost-net, server: 1") +
      "cases:\n  - { name: a, steps: [{ do: launch, device: box }] }\n",
    "2 p.yaml:7:5: both sides listen on the socket vhost-net; accepted: client: 0 with server: 0, or client: 1 with server: 1",
  ],
  [
    "a split ring of any size",
    devices.replace("path: vhost-net", "path: vhost-net, queue_size: 1000") +
      "cases:\n  - { name: a, steps: [{ do: launch, device: box }] }\n",
    "2 p.yaml:4:97: a split ring of 1000 cannot be; accepted: a power of two, unless packed_vq is 1",
  ],
  [
    "hugepages of nobody",
    devices.replace("hugepages: false", "hugepages: true") +
      "cases:\n  - { name: a, steps: [{ do: launch, device: box }] }\n",
    "2 p.yaml:3:10: vhost uses hugepages, and the plan has none",
  ],
  [
    "no steps",
    `${devices}cases: [{ name: a }]\n`,
    "2 p.yaml:6:9: the case has no steps; accepted: steps: here, or for all cases of the plan",
  ],
  [
    "one id twice",
    `${devices}steps: [{ do: launch, device: box }]\ncases: [{ name: a }, { name: A }]\n`,
    "2 p.yaml:7:22: two cases are called a",
  ],
  [
    "a page size",
    `hugepages: { mount: /mnt/huge, size: big, count: 1 }\n${devices}cases: [{ name: a }]\n`,
    '2 p.yaml:1:38: "big" is not a number of bytes',
  ],
];

describe("devices on interfaces", () => {
  const onLink = (vdevs: string, traffic: string, place = "host"): string =>
    `title: t
devices:
  vhost: { in: ${place}, hugepages: false, vdevs: { ${vdevs} } }
cases:
  - name: one
    steps:
      - { do: launch, device: vhost }
      - { do: send, ${traffic} }
`;

  it("are joined to the generator by a link", () => {
    const text = onLink("net_af_packet0: { link: gen, framecnt: 64 }", 'socket: gen, port: "packet:{iface}"');
    const [one] = parseTestPlan(text, "p.yaml").cases;
    expect(one!.devices[0]!.vdevs).toEqual([
      { driver: "net_af_packet", name: "net_af_packet0", socket: "gen", options: ["framecnt=64"] },
    ]);
    expect(one!.steps[1]).toMatchObject({ do: "send", traffic: { socket: "gen", port: "packet:{iface}" } });
  });

  it.each([
    ["net_tap0: {}", "socket: gen", "host", /link of net_tap0 is missing; accepted: the name of a link, e\.g\. gen/],
    ["net_tap0: { link: Gen0 }", "socket: gen", "host", /link/],
    ["net_tap0: { link: g }, net_af_xdp0: { link: g }", "socket: g", "host", /share the link g/],
    ["net_tap0: { link: gen }", "socket: gone", "host", /no net_vhost has the socket "gone", and no interface/],
    ["net_vhost0: { iface: s }", 'socket: s, port: "packet:a"', "host", /port is for links/],
    ["net_tap0: { link: gen }", "socket: gen", "container", /net_tap0 cannot be in a container/],
  ])("%s with %s in %s is refused", (vdevs, traffic, place, sentence) => {
    expect(failure(onLink(vdevs, traffic, place))).toMatch(sentence);
  });
});

describe("a mistake", () => {
  it.each(mistakes)("%s", (_, text, sentence) => {
    expect(failure(text).slice(0, sentence.length)).toBe(sentence);
  });

  it("is never anything but a PktgenError, whatever becomes of a plan's text", () => {
    const whole = readFileSync(join(folder, "port-stop-start.yaml"), "utf8");
    const words = fc.constantFrom(
      "do:",
      "launch",
      "- ",
      "{",
      "}",
      ":",
      "vdevs",
      "*send",
      "&a",
      "[]",
      "null",
      "1",
      "\n",
      "  ",
      "__proto__:",
    );
    const change = fc.tuple(fc.nat(whole.length), fc.nat(40), words);
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const text = changes.reduce((now, [at, gone, word]) => now.slice(0, at) + word + now.slice(at + gone), whole);
        return typeof failure(text) === "string";
      }),
      { numRuns: 300 },
    );
  });

  it("in the file's name: a plan that is not there, a folder", () => {
    expect(() => loadTestPlan("/nowhere/plan.yaml")).toThrow("the test plan /nowhere/plan.yaml does not exist");
    expect(() => loadTestPlan(folder)).toThrow(`the test plan ${folder} is a folder`);
  });
});

describe("expected values", () => {
  it("are read from JSON and YAML", () => {
    expect(parseExpected('{ "test_a": { "64": { "1024": 0.5 } } }', "e.json")).toEqual({
      test_a: { 64: { 1024: 0.5 } },
    });
    expect(parseExpected("test_a:\n  64: { 1024: 0.5 }\n", "e.yaml")).toEqual({ test_a: { 64: { 1024: 0.5 } } });
    expect(parseExpected("", "e.yaml")).toEqual({});
  });

  it("that are none are refused at their place", () => {
    expect(() => parseExpected("test_a:\n  64: { 1024: fast }\n", "e.yaml")).toThrow(/can't be "fast"/);
    expect(() => parseExpected("- 1\n", "e.yaml")).toThrow(/can't be a list/);
  });

  it("may be absent only where they are about to be written", () => {
    expect(loadExpected("/nowhere/e.json", true)).toEqual({});
    expect(() => loadExpected("/nowhere/e.json", false)).toThrow("/nowhere/e.json does not exist");
  });
});
