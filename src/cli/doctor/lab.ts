/** What Linux interfaces and the tests of this project use: tun, capabilities, tshark. testpmd-lab.ts has the testpmd lab. */
import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { fieldOf, readKernelFile } from "../../sys/host.js";
import { type Check, reasonOf } from "./check.js";

const commandTimeoutMs = 5_000;

/** Both outputs of a command; null where there is none of that name. Whether it ended well does not matter. */
const outputOf = (command: string, args: readonly string[]): Promise<string | null> =>
  new Promise((resolve) => {
    execFile(command, [...args], { timeout: commandTimeoutMs, killSignal: "SIGKILL" }, (error, stdout, stderr) => {
      resolve(error !== null && "code" in error && error.code === "ENOENT" ? null : `${stdout}\n${stderr}`);
    });
  });

function checkTun(): Check {
  try {
    accessSync("/dev/net/tun", constants.R_OK | constants.W_OK);
    return { name: "/dev/net/tun", state: "ok", found: "may be opened" };
  } catch (error) {
    return { name: "/dev/net/tun", state: "missing", found: reasonOf(error), fix: "sudo modprobe tun" };
  }
}

/** Bits of CapEff, from linux/capability.h. */
const capabilities = { CAP_NET_ADMIN: 12, CAP_NET_RAW: 13, CAP_SYS_NICE: 23, CAP_BPF: 39 } as const;

export function checkCapabilities(root = ""): Check {
  const mask = fieldOf(readKernelFile("/proc/self/status", root), "CapEff") ?? "0";
  const bits = /^[0-9a-f]+$/.test(mask) ? BigInt(`0x${mask}`) : 0n;
  const entries = Object.entries(capabilities);
  const held = entries.filter(([, bit]) => ((bits >> BigInt(bit)) & 1n) === 1n).map(([name]) => name);
  if (held.length === entries.length) return { name: "capabilities", state: "ok", found: held.join(", ") };
  const found = held.length === 0 ? "none of those for network interfaces" : `only ${held.join(", ")}`;
  return {
    name: "capabilities",
    state: "missing",
    found,
    fix: "run as root, or under: sudo setpriv --ambient-caps +net_raw,+net_admin",
  };
}

async function checkTshark(): Promise<Check> {
  const version = /TShark \(Wireshark\) (\d[\d.]*)/.exec((await outputOf("tshark", ["--version"])) ?? "")?.[1];
  if (version !== undefined) return { name: "tshark", state: "ok", found: version };
  return { name: "tshark", state: "missing", found: "not in PATH", fix: "sudo apt-get install tshark" };
}

export const checkInterfaces = (): Check[] => [checkTun(), checkCapabilities()];

export const checkDevelopment = async (): Promise<Check[]> => [await checkTshark()];
