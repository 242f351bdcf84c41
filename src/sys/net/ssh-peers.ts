/**
 * Finds the SSH peers of this machine's user. Programs like sudo drop SSH_CONNECTION, so it is looked for in the
 * environments of the programs that started this one, too. For programs that lost it as well (tmux, su -), there is the
 * kernel's table of connections to the SSH port. `root`: a folder in the place of / for tests.
 */
import { readFileSync } from "node:fs";

const sshPort = 22;
const tcpEstablished = "01";
const mostAncestors = 64;

/** The other end of a connection, e.g. `198.18.9.9`, `fe80::1%eth0`. */
export interface SshPeer {
  readonly address: string;
  /** This program was started over it. */
  readonly ours: boolean;
}

const read = (path: string): string => {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return ""; // gone meanwhile, or of another user
  }
};

/** `peer port local port`, as sshd writes it. */
const addressOf = (connection: string | undefined): string[] => {
  const [address] = (connection ?? "").split(" ");
  return address === undefined || address === "" ? [] : [address];
};

function ancestorConnections(root: string, pid: number): string[] {
  const found: string[] = [];
  let next = pid;
  for (let seen = 0; next > 1 && seen < mostAncestors; seen++) {
    const variables = read(`${root}/proc/${next}/environ`).split("\0");
    found.push(...addressOf(variables.find((each) => each.startsWith("SSH_CONNECTION="))?.slice(15)));
    // `pid (name) state ppid …`; a name may hold blanks and parentheses.
    next = Number(/^.*\) \S (\d+)/s.exec(read(`${root}/proc/${next}/stat`))?.[1] ?? 0);
  }
  return found;
}

/**
 * Hexadecimal words of 32 bits in this machine's order (proc(5), /proc/net/tcp); null: a link-local address, on any
 * interface.
 */
function tableAddress(hex: string): string | null {
  const bytes = Buffer.from(hex, "hex");
  for (let at = 0; at < bytes.length; at += 4) bytes.subarray(at, at + 4).reverse();
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16));
  if (groups.slice(0, 5).every((group) => group === "0") && groups[5] === "ffff") return bytes.subarray(12).join(".");
  return (bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80) || bytes.length !== 16 ? null : groups.join(":");
}

/** Of the calling thread's network namespace. */
function tableConnections(root: string): string[] {
  const tables = ["tcp", "tcp6"].map((name) => read(`${root}/proc/thread-self/net/${name}`));
  return tables
    .join("\n")
    .split("\n")
    .flatMap((line) => {
      const [, local = "", remote = "", state] = line.trim().split(/\s+/);
      if (state !== tcpEstablished || Number.parseInt(local.split(":")[1] ?? "", 16) !== sshPort) return [];
      const address = tableAddress(remote.split(":")[0] ?? "");
      return address === null ? [] : [address];
    });
}

/** Each once, those that this program was started over first. */
export function sshPeers(
  environment: Readonly<Record<string, string | undefined>>,
  root = "",
  parent: number = process.ppid,
): SshPeer[] {
  const own = new Set([...addressOf(environment["SSH_CONNECTION"]), ...ancestorConnections(root, parent)]);
  const others = new Set(tableConnections(root).filter((address) => !own.has(address)));
  return [
    ...[...own].map((address) => ({ address, ours: true })),
    ...[...others].map((address) => ({ address, ours: false })),
  ];
}
