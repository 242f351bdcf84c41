/** The command line of testpmd for every description of it. */
import { describe, expect, it } from "vitest";
import { commandLine, shellLine, vdevText } from "../../../src/dut/testpmd/command-line.js";
import { describePair, type PairInputs, planMac, portsOf } from "../../../src/dut/testpmd/description.js";
import { parseGeneratorSide } from "../../../src/dut/testpmd/generator-port.js";
import { layOutLcores, lcoreArguments } from "../../../src/dut/testpmd/lcores.js";
import { type RingVariant, ringVariants } from "../../../src/dut/testpmd/vdev.js";
import { parseDpdkVersion } from "../../../src/dut/testpmd/version.js";

const inputs: PairInputs = {
  program: "dpdk-testpmd",
  queues: 2,
  maxFrameBytes: 1518,
  socketDirectory: "/run/x",
  socketDirectoryInside: "/tmp/inside",
  prefix: "p",
  lcores: layOutLcores([0, 1, 2, 3, 4], 2, "auto", null),
  hugepages: { host: { kind: "off" }, container: { kind: "off" } },
  queueSize: 1024,
  variant: null,
  mode: "io",
  containerMac: planMac,
  generatorSide: { kind: "vhost" },
};

describe("the plan's pair", () => {
  const { host, container, generatorSocket } = describePair(inputs);

  it("has the generator's vhost device first, so that port ids are the plan's", () => {
    expect(commandLine(host, null)).toEqual([
      ...[
        "dpdk-testpmd",
        "-v",
        "--lcores",
        "0@1,1@1,2@2",
        "--no-huge",
        "-m",
        "192",
        "--no-pci",
        "--file-prefix=p-vhost",
      ],
      "--vdev=net_vhost1,iface=/run/x/gen.sock,queues=2,client=0",
      "--vdev=net_vhost0,iface=/run/x/vhost-net,queues=2,client=0",
      ...["--", "-i", "--nb-cores=2", "--rxq=2", "--txq=2", "--total-num-mbufs=16384", "--no-mlockall"],
    ]);
    expect(generatorSocket).toBe("/run/x/gen.sock");
    expect([portsOf(host), portsOf(container)]).toEqual([2, 1]);
  });

  it("has what else faces the generator as port 0, too", () => {
    const vdevs = (text: string): readonly string[] =>
      commandLine(describePair({ ...inputs, generatorSide: parseGeneratorSide(text, "port") }).host, null).filter(
        (word) => word.startsWith("--vdev") || word === "-a" || word === "--no-pci" || word.includes(":"),
      );
    const second = "--vdev=net_vhost0,iface=/run/x/vhost-net,queues=2,client=0";
    expect(vdevs("af_packet:veth1")).toEqual(["--no-pci", "--vdev=net_af_packet0,iface=veth1,qpairs=2", second]);
    const xdp = "--vdev=net_af_xdp0,iface=veth1,start_queue=0,queue_count=2";
    expect(vdevs("af_xdp:veth1")).toEqual(["--no-pci", xdp, second]);
    expect(vdevs("tap:dtap0")).toEqual(["--no-pci", "--vdev=net_tap0,iface=dtap0", second]);
    expect(vdevs("pci:0000:03:00.0")).toEqual(["-a", "0000:03:00.0", second]);
    expect(portsOf(describePair({ ...inputs, generatorSide: { kind: "pci", address: "0000:03:00.0" } }).host)).toBe(2);
  });

  it("has the plan's virtio-user port in the container, by the path seen there", () => {
    expect(commandLine(container, null)).toContain(
      "--vdev=virtio_user0,mac=00:11:22:33:44:10,path=/tmp/inside/vhost-net,queues=2,queue_size=1024",
    );
  });

  it("has buffers and memory for long frames", () => {
    const long = describePair({ ...inputs, maxFrameBytes: 9018 }).host;
    expect(commandLine(long, null)).toContain("--mbuf-size=9216");
    expect(long.memoryMib).toBeGreaterThan((long.mbufs * 9216) / 2 ** 20);
  });

  it("takes hugepages as one file where asked", () => {
    const hugepages = { kind: "on", directory: "/dev/hugepages", singleFileSegments: true } as const;
    const argv = commandLine({ ...container, hugepages }, null).join(" ");
    expect(argv).toContain("-m 192 --huge-dir /dev/hugepages --single-file-segments");
    expect(argv).not.toContain("--no-huge");
  });

  it("names physical ports as the version does", () => {
    const nic = { ...host, pciDevices: ["0000:01:00.0"] };
    expect(commandLine(nic, parseDpdkVersion("22.11.1"))).toContain("-a");
    expect(commandLine(nic, parseDpdkVersion("20.08"))).toContain("-w");
    expect(commandLine(nic, null)).not.toContain("--no-pci");
  });
});

describe("the ten virtio paths", () => {
  const argument = (variant: RingVariant): string => {
    const { container } = describePair({ ...inputs, variant });
    return vdevText(container.vdevs[0]!).replace(/^.*queue_size=1024,/, "");
  };

  it.each([
    ["split-mergeable", "mrg_rxbuf=1,in_order=0"],
    ["split-inorder-non-mergeable", "mrg_rxbuf=0,in_order=1"],
    ["split-vectorized", "mrg_rxbuf=0,in_order=0,vectorized=1"],
    ["packed-non-mergeable", "packed_vq=1,mrg_rxbuf=0,in_order=0"],
    ["packed-vectorized", "packed_vq=1,mrg_rxbuf=0,in_order=1,vectorized=1"],
  ] as const)("%s is %s", (variant, text) => {
    expect(argument(variant)).toBe(text);
  });

  it("are all different", () => {
    const names = Object.keys(ringVariants) as RingVariant[];
    expect(new Set(names.map(argument)).size).toBe(10);
  });

  it("packed and vectorized needs wide registers to be allowed, where EAL knows that", () => {
    const { container } = describePair({ ...inputs, variant: "packed-vectorized" });
    expect(commandLine(container, parseDpdkVersion("22.11"))).toContain("--force-max-simd-bitwidth=512");
    expect(commandLine(container, parseDpdkVersion("19.11"))).not.toContain("--force-max-simd-bitwidth=512");
  });
});

describe("lcores", () => {
  it("get CPUs of their own where there are enough, the generator first", () => {
    expect(layOutLcores([2, 3, 4], 1, "auto", null)).toEqual({
      host: { forwarding: 1, cpus: [[3], [3]] },
      container: { forwarding: 1, cpus: [[4], [4]] },
      shared: false,
      leavesGenerator: true,
    });
  });

  it("share all CPUs where there are not, and one forwards for all queues", () => {
    const layout = layOutLcores([0, 1], 2, "auto", null);
    expect(layout).toMatchObject({ shared: true, leavesGenerator: false });
    expect(lcoreArguments(layout.host)).toEqual(["--lcores", "0@(0,1),1@(0,1)"]);
  });

  it("are those that are named", () => {
    const layout = layOutLcores([0, 1, 2, 3], 2, "auto", { host: 2, container: 3 });
    expect(lcoreArguments(layout.host)).toEqual(["--lcores", "0@2,1@2"]);
    expect(layout).toMatchObject({ container: { cpus: [[3], [3]] }, shared: false });
    const one = layOutLcores([0, 1], 1, "auto", { host: 1, container: 1 });
    expect(one).toMatchObject({ host: { cpus: [[1], [1]] }, shared: true, leavesGenerator: true });
  });

  it("of their own are refused where there are too few", () => {
    expect(() => layOutLcores([0, 1], 1, "own", null)).toThrow(/cores=own needs 3 CPUs .* may use 2/);
  });

  it("that are CPUs one by one need no map", () => {
    expect(lcoreArguments({ forwarding: 1, cpus: [[4], [6]] })).toEqual(["-l", "4,6"]);
  });
});

it("a line for people is quoted as a shell needs it", () => {
  expect(shellLine(["a", "--lcores", "0@(0,1)", "it's"])).toBe("a --lcores '0@(0,1)' 'it'\\''s'");
});
