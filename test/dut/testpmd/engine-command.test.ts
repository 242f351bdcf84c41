/** Golden command lines, for each engine and kind of host. */
import { describe, expect, it } from "vitest";
import {
  cgroupKind,
  type HostLimits,
  hardLimit,
  listArguments,
  type RunVariant,
  removeArguments,
  runArguments,
  runVariants,
} from "../../../src/dut/testpmd/engine-command.js";

const host: HostLimits = { cgroups: "v2", openFiles: 1_048_576, processes: null, mayRaiseLimits: true };
const summaries = (variants: readonly RunVariant[]): string[] => variants.map(({ summary }) => summary);

const commandOf = (variant: RunVariant | undefined, limits: HostLimits): string => {
  if (variant === undefined) throw new Error("no such variant");
  const options = {
    name: "pktgen-ts-1-container",
    mounts: [
      { host: "/tmp/pktgen-ts-a", inside: "/tmp/lab" },
      { host: "/mnt/huge", inside: "/dev/hugepages" },
    ],
    env: { RUNTIME_DIRECTORY: "/tmp/lab" },
  };
  const argv = ["dpdk-testpmd", "-l", "0", "--vdev=virtio_user0,path=/tmp/lab/vhost-net", "--", "-i"];
  return runArguments({ variant, host: limits, image: "img", owner: "1-2-3", options, argv }).join(" ");
};

const mountsAndProgram =
  "-v /tmp/pktgen-ts-a:/tmp/lab -v /mnt/huge:/dev/hugepages -e RUNTIME_DIRECTORY=/tmp/lab img " +
  "dpdk-testpmd -l 0 --vdev=virtio_user0,path=/tmp/lab/vhost-net -- -i";
const common =
  "--pull=never --name pktgen-ts-1-container --label pktgen-ts.owner=1-2-3 --network none --log-driver none";

describe("podman", () => {
  it("takes its own runtime first where control groups are v2", () => {
    const [first, second] = runVariants("podman", host, "crun");
    expect(commandOf(first, host)).toBe(
      `run -i --rm ${common} --privileged --ulimit nofile=4096:4096 --ulimit nproc=4096:4096 ${mountsAndProgram}`,
    );
    expect(commandOf(second, host)).toMatch(/^--runtime runc run -i /);
    expect(first?.summary).toBe("crun, privileged");
  });

  it.each(["v1", "hybrid"] as const)("takes runc first where control groups are %s", (cgroups) => {
    const limits = { ...host, cgroups };
    const [first] = runVariants("podman", limits, "crun");
    expect(commandOf(first, limits)).toBe(
      `--runtime runc run -i --rm ${common} --privileged --ulimit nofile=4096:4096 --ulimit nproc=4096:4096 ${mountsAndProgram}`,
    );
  });
});

describe("docker", () => {
  it("is privileged where limits may be raised", () => {
    const [first] = runVariants("docker", host, null);
    expect(commandOf(first, host)).toBe(
      `run -i --rm ${common} --privileged --ulimit nofile=4096:4096 --ulimit nproc=4096:4096 ${mountsAndProgram}`,
    );
  });

  it("asks for three capabilities where CAP_SYS_RESOURCE is withheld", () => {
    const limits = { ...host, mayRaiseLimits: false };
    const [first, second] = runVariants("docker", limits, null);
    expect(commandOf(first, limits)).toBe(
      `run -i --rm ${common} --cap-add SYS_ADMIN --cap-add IPC_LOCK --cap-add SYS_NICE ` +
        `--ulimit nofile=4096:4096 --ulimit nproc=4096:4096 ${mountsAndProgram}`,
    );
    expect(second?.privileges).toEqual(["--privileged"]);
  });
});

describe("limits", () => {
  const limits =
    "Limit                     Soft Limit           Hard Limit           Units     \n" +
    "Max processes             96365                2000                 processes \n" +
    "Max open files            1024                 unlimited            files     \n";

  it("are never asked for above what the machine grants", () => {
    const low = { ...host, openFiles: 1000, processes: 500 };
    expect(commandOf(runVariants("podman", low, null)[0], low)).toContain(
      "--ulimit nofile=1000:1000 --ulimit nproc=500:500",
    );
  });

  it("are read from the kernel's table", () => {
    expect(hardLimit(limits, "Max processes")).toBe(2000);
    expect(hardLimit(limits, "Max open files")).toBeNull();
    expect(hardLimit("", "Max open files")).toBeNull();
  });
});

describe("control groups", () => {
  const v1 = "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0";
  const v2 = "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0";
  const unified = "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0";

  it.each([
    ["v2", v2, "v2"],
    ["v1", v1, "v1"],
    ["both", `${v1}\n${unified}`, "hybrid"],
    ["none", "proc /proc proc rw 0 0", "v1"],
    ["one elsewhere", `cgroup /mnt/cgroup cgroup rw 0 0\n${v2}`, "v2"],
  ])("%s", (_, mounts, kind) => {
    expect(cgroupKind(mounts)).toBe(kind);
  });

  it("decide the order of runtimes, not which there are", () => {
    const both = (cgroups: HostLimits["cgroups"]): string[] =>
      summaries(runVariants("podman", { ...host, cgroups }, null)).sort();
    expect(both("v1")).toEqual(both("v2"));
  });
});

describe("removing and listing", () => {
  it("asks each engine in its own words", () => {
    expect(removeArguments("podman", ["a", "b"])).toEqual(["rm", "-f", "-t", "0", "--ignore", "a", "b"]);
    expect(removeArguments("docker", ["a"])).toEqual(["rm", "-f", "a"]);
    expect(listArguments().join(" ")).toBe("ps -a -q --no-trunc --filter label=pktgen-ts.owner");
  });
});
