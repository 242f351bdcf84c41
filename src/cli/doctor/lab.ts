/** What Linux interfaces, fleets and the tests of this project use: tun, capabilities, nats-server, tshark. testpmd-lab.ts has the testpmd lab. */
import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { type Capability, grantHint, hasCapability } from "../../sys/capabilities.js";
import { type DoctorCheck, reasonOf } from "./check.js";

const commandTimeoutMs = 5_000;

/** Both outputs of a command; null where there is none of that name. Whether it ended well does not matter. */
const outputOf = (command: string, args: readonly string[]): Promise<string | null> =>
  new Promise((resolve) => {
    execFile(command, [...args], { timeout: commandTimeoutMs, killSignal: "SIGKILL" }, (error, stdout, stderr) => {
      resolve(error !== null && "code" in error && error.code === "ENOENT" ? null : `${stdout}\n${stderr}`);
    });
  });

function checkTun(): DoctorCheck {
  try {
    accessSync("/dev/net/tun", constants.R_OK | constants.W_OK);
    return { name: "/dev/net/tun", state: "ok", found: "may be opened" };
  } catch (error) {
    return { name: "/dev/net/tun", state: "missing", found: reasonOf(error), fix: "sudo modprobe tun" };
  }
}

/** What packet: ports need, what tap: needs beside, what xdp: needs beside. */
const interfaceCapabilities: readonly Capability[] = ["CAP_NET_RAW", "CAP_NET_ADMIN", "CAP_BPF"];

export function checkCapabilities(root = ""): DoctorCheck {
  const name = "capabilities";
  const missing = interfaceCapabilities.filter((capability) => !hasCapability(capability, root));
  if (missing.length === 0) return { name, state: "ok", found: interfaceCapabilities.join(", ") };
  const held = interfaceCapabilities.filter((capability) => !missing.includes(capability));
  const found = held.length === 0 ? "none of those for network interfaces" : `only ${held.join(", ")}`;
  return { name, state: "missing", found, fix: grantHint(interfaceCapabilities) };
}

const AF_PACKET = 17;
const AF_XDP = 44;
const SOCK_RAW = 3;
const SYS_IO_URING_SETUP = 425;

/** Whether the kernel has sockets of a family, for this user. */
async function checkSockets(name: string, family: number, option: string): Promise<DoctorCheck> {
  const { errno, errnoName, libc } = await import("../../sys/libc.js");
  const fd = libc.socket(family, SOCK_RAW, 0);
  if (fd >= 0) {
    libc.close(fd);
    return { name, state: "ok", found: "may be opened" };
  }
  const code = errnoName(errno());
  const fix = code === "EPERM" ? grantHint(["CAP_NET_RAW"]) : `use a kernel with ${option}`;
  return { name, state: "missing", found: code === "EPERM" ? "not permitted" : `this kernel has none (${code})`, fix };
}

/** Asked for without its parameters, it fails: with EFAULT where it is there and allowed. */
async function checkIoUring(): Promise<DoctorCheck> {
  const { errno, errnoName, libc } = await import("../../sys/libc.js");
  libc.syscall(SYS_IO_URING_SETUP, 1, 0, 0, 0, 0, 0);
  const code = errnoName(errno());
  if (code === "EFAULT") return { name: "io_uring", state: "ok", found: "may be used" };
  const fix = "sudo sysctl kernel.io_uring_disabled=0 (tap: ports do without, a system call a frame)";
  return { name: "io_uring", state: "missing", found: code === "ENOSYS" ? "this kernel has none" : code, fix };
}

async function checkTshark(): Promise<DoctorCheck> {
  const version = /TShark \(Wireshark\) (\d[\d.]*)/.exec((await outputOf("tshark", ["--version"])) ?? "")?.[1];
  if (version !== undefined) return { name: "tshark", state: "ok", found: version };
  return { name: "tshark", state: "missing", found: "not in PATH", fix: "sudo apt-get install tshark" };
}

/** Servers before it have known security holes. */
const soundNats = [2, 11, 16] as const;

/** `said`: what `nats-server --version` prints; null: there is none. */
export function checkNatsServer(said: string | null): DoctorCheck {
  const name = "nats-server";
  const version = /v?(\d+)\.(\d+)\.(\d+)/.exec(said ?? "");
  if (version === null) return { name, state: "note", found: "not in PATH; one host of the fleet needs it" };
  const parts = version.slice(1).map(Number);
  const at = soundNats.findIndex((least, i) => parts[i] !== least);
  const found = parts.join(".");
  if (at < 0 || parts[at]! > soundNats[at]!) return { name, state: "ok", found };
  const fix = "on loopback alone, or go install github.com/nats-io/nats-server/v2@latest";
  return {
    name,
    state: "note",
    found: `${found}, which has known security holes (before ${soundNats.join(".")})`,
    fix,
  };
}

export const checkFleet = async (): Promise<DoctorCheck[]> => [
  checkNatsServer(await outputOf("nats-server", ["--version"])),
];

export const checkInterfaces = async (): Promise<DoctorCheck[]> => [
  checkCapabilities(),
  await checkSockets("AF_PACKET sockets", AF_PACKET, "CONFIG_PACKET"),
  await checkSockets("AF_XDP sockets", AF_XDP, "CONFIG_XDP_SOCKETS"),
  checkTun(),
  await checkIoUring(),
];

export const checkDevelopment = async (): Promise<DoctorCheck[]> => [await checkTshark()];
