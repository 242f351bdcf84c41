/**
 * What this machine has of the lab. A test names what it needs and is skipped by name, with the reason, where that is
 * missing. With PKTGEN_LAB=required a skip is a failure; with PKTGEN_LAB=none everything is said to be missing.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, it } from "vitest";
import { errno, errnoName, libc } from "../../src/sys/libc.js";
import { guestFiles } from "./guest.js";
import { vswitchd } from "./ovs.js";

export type Need =
  | "chromium"
  | "python3"
  | "scapy"
  | "prometheus"
  | "tshark"
  | "capinfos"
  | "zstd"
  | "ovs"
  | "guest"
  | "testpmd"
  | "root"
  | "podman"
  | "podman_base"
  | "frr"
  | "docker"
  | "hugetlbfs"
  | "netns"
  | "bridge_vlan"
  | "af_xdp"
  | "tun"
  | "io_uring";

const inPath = (program: string): boolean =>
  (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, program)));

const hasImage = (engine: string, image: string): boolean => {
  try {
    execFileSync(engine, ["image", "inspect", image], { stdio: "ignore", timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
};

const engineLacks = (engine: string, image = "pktgen-ts-dpdk", fix = "npm run lab:image"): string | null => {
  if (!inPath(engine)) return `${engine} is not in PATH`;
  return hasImage(engine, image) ? null : `${engine} has no image ${image}: ${fix}`;
};

/** The interpreter for which the lab's set-up installs scapy. */
export const scapyPython = "/usr/bin/python3";

const scapyLacks = (): string | null =>
  spawnSync(scapyPython, ["-c", "import scapy"]).status === 0 ? null : "python3-scapy is not installed";

/** Whether the kernel makes a socket of this kind; null: it does. */
const socketLacks = (family: number, type: number, what: string): string | null => {
  const fd = libc.socket(family, type, 0);
  if (fd < 0) return `this kernel, or this user, has no ${what}`;
  libc.close(fd);
  return null;
};

/** A namespace can be made, and a veth pair in it. */
const netnsLacks = (): string | null => {
  if (process.getuid?.() !== 0) return "not root";
  if (!inPath("ip")) return "ip (iproute2) is not in PATH: npm run lab:setup";
  const name = `pktgen-probe-${process.pid}`;
  const ip = (...args: readonly string[]): unknown => execFileSync("ip", args, { stdio: "ignore" });
  try {
    ip("netns", "add", name);
  } catch {
    return "no network namespace can be made";
  }
  try {
    ip("-n", name, "link", "add", "name", "a", "type", "veth", "peer", "name", "b");
    return null;
  } catch {
    return "the kernel has no veth";
  } finally {
    ip("netns", "del", name);
  }
};

/** The kernel's bridge can filter VLANs: CONFIG_BRIDGE_VLAN_FILTERING. */
const bridgeVlanLacks = (): string | null => {
  const lacks = netnsLacks();
  if (lacks !== null) return lacks;
  const name = `pktgen-probe-vlan-${process.pid}`;
  const ip = (...args: readonly string[]): unknown => execFileSync("ip", args, { stdio: "ignore" });
  ip("netns", "add", name);
  try {
    ip("-n", name, "link", "add", "name", "br", "type", "bridge", "vlan_filtering", "1");
    return null;
  } catch {
    return "the kernel's bridge does not know VLANs (CONFIG_BRIDGE_VLAN_FILTERING)";
  } finally {
    ip("netns", "del", name);
  }
};

const AF_XDP = 44;
const SOCK_RAW = 3;
const SYS_IO_URING_SETUP = 425;

const ioUringLacks = (): string | null => {
  // Without parameters it fails: with EFAULT where it is there, with ENOSYS or EPERM where it is not.
  libc.syscall(SYS_IO_URING_SETUP, 1, 0, 0, 0, 0, 0);
  return errnoName(errno()) === "EFAULT" ? null : "io_uring is not there, or not allowed";
};

const probes: Readonly<Record<Need, () => string | null>> = {
  chromium: () => (inPath("chromium") ? null : "chromium is not in PATH: npm run lab:setup"),
  python3: () => (inPath("python3") ? null : "python3 is not in PATH: npm run lab:setup"),
  scapy: scapyLacks,
  prometheus: () =>
    inPath("prometheus") && inPath("promtool") ? null : "prometheus is not in PATH: npm run lab:setup -- --peers",
  tshark: () => (inPath("tshark") ? null : "tshark is not installed"),
  capinfos: () => (inPath("capinfos") ? null : "capinfos is not installed"),
  zstd: () => (inPath("zstd") ? null : "zstd is not installed"),
  ovs: () => (existsSync(vswitchd) ? null : "openvswitch-switch-dpdk is not installed: npm run lab:setup"),
  guest: () => {
    if (!inPath("qemu-system-x86_64")) return "qemu-system-x86_64 is not in PATH: npm run lab:setup";
    return guestFiles.every((file) => existsSync(file)) ? null : "there is no guest: npm run lab:guest";
  },
  testpmd: () => (inPath("dpdk-testpmd") ? null : "dpdk-testpmd is not in PATH: npm run lab:setup"),
  root: () => (process.getuid?.() === 0 ? null : "not root"),
  podman: () => engineLacks("podman"),
  podman_base: () => engineLacks("podman", "pktgen-ts-base", "bash scripts/lab/base.sh"),
  frr: () => (existsSync("/usr/lib/frr/zebra") ? null : "frr is not installed: npm run lab:setup -- --peers"),
  docker: () => engineLacks("docker"),
  hugetlbfs: () =>
    readFileSync("/proc/filesystems", "utf8").includes("hugetlbfs") ? null : "the kernel has no hugetlbfs",
  netns: netnsLacks,
  bridge_vlan: bridgeVlanLacks,
  af_xdp: () => socketLacks(AF_XDP, SOCK_RAW, "AF_XDP sockets"),
  tun: () => (existsSync("/dev/net/tun") ? null : "there is no /dev/net/tun"),
  io_uring: ioUringLacks,
};

const none = process.env["PKTGEN_LAB"] === "none";
const answers = new Map<Need, string | null>();

/** null: it is there. Each is looked for once. */
export function missing(need: Need): string | null {
  if (none) return "PKTGEN_LAB=none";
  if (!answers.has(need)) answers.set(need, probes[need]());
  return answers.get(need) ?? null;
}

const required = process.env["PKTGEN_LAB"] === "required";

/** What a kernel is built with or without: no set-up brings it, so that its absence is a skip even where the lab is required. */
const ofTheKernel: ReadonlySet<Need> = new Set<Need>(["bridge_vlan"]);

/**
 * For `skipIf`: whether a test that needs something else than a `Need` is skipped. `why`: what is lacking, null if nothing is.
 * @throws Error where the lab is required: then a skip is a failure.
 */
export function skips(why: string | null): boolean {
  if (why !== null && required) throw new Error(`PKTGEN_LAB=required, and ${why}`);
  return why !== null;
}

/** `describe` for tests of the lab. */
export function describeLab(name: string, needs: readonly Need[], body: () => void): void {
  const lacking = needs.filter((need) => missing(need) !== null);
  const reasons = lacking.map(missing);
  if (lacking.length === 0) {
    describe(name, body);
  } else if (required && lacking.some((need) => !ofTheKernel.has(need))) {
    describe(name, () => {
      it("can run here, as PKTGEN_LAB=required asks", () => {
        throw new Error(reasons.join("; "));
      });
    });
  } else {
    describe.skip(`${name} (${reasons.join("; ")})`, body);
  }
}

/** Processes whose environment holds `NAME=value`: what a run with that in its own has started. */
export function processesWith(variable: string): { readonly pid: number; readonly command: string }[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid)
    .flatMap((pid) => {
      try {
        if (!readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(variable)) return [];
        return [{ pid, command: readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ").trim() }];
      } catch {
        return [];
      }
    });
}
