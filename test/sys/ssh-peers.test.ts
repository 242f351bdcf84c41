/** Who sits at this machine over SSH, on made-up machines and on this one. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sshPeers } from "../../src/sys/net/ssh-peers.js";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "pktgen-ssh-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const put = (path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const putProcess = (pid: number, parent: number, name: string, ...environment: readonly string[]): void => {
  put(`proc/${pid}/stat`, `${pid} (${name}) S ${parent} 1 1 0`);
  put(`proc/${pid}/environ`, environment.map((each) => `${each}\0`).join(""));
};

describe("who sits here over SSH", () => {
  it("is in the environment", () => {
    expect(sshPeers({ SSH_CONNECTION: "198.18.9.9 50000 198.18.9.1 22" }, root, 1)).toEqual([
      { address: "198.18.9.9", ours: true },
    ]);
    expect(sshPeers({ SSH_CONNECTION: "fe80::1%eth0 50000 fe80::2 22" }, root, 1)).toEqual([
      { address: "fe80::1%eth0", ours: true },
    ]);
    expect(sshPeers({ SSH_CONNECTION: "" }, root, 1)).toEqual([]);
  });

  it("is in that of a program that started this one, where sudo dropped it from ours", () => {
    putProcess(40, 30, "sudo", "SUDO_USER=u");
    putProcess(30, 20, "bash (login) x", "HOME=/home/u", "SSH_CONNECTION=198.18.9.9 50000 198.18.9.1 22");
    putProcess(20, 1, "sshd");
    expect(sshPeers({}, root, 40)).toEqual([{ address: "198.18.9.9", ours: true }]);
    expect(sshPeers({}, root, 20)).toEqual([]);
  });

  it("is in the kernel's table, whoever started what", () => {
    const row = (local: string, remote: string, state: string): string =>
      `  0: ${local} ${remote} ${state} 00000000:0\n`;
    put(
      "proc/thread-self/net/tcp",
      `  sl  local_address rem_address   st\n${row("010912C6:0016", "090912C6:C350", "01")}${row("00000000:0016", "00000000:0000", "0A")}${row("010912C6:0050", "0A0912C6:C351", "01")}`,
    );
    put(
      "proc/thread-self/net/tcp6",
      `  sl\n${row("00000000000000000000000001000000:0016", "02000120000000000000000007000000:C352", "01")}${row("x:0016", "0000000000000000FFFF0000080912C6:C353", "01")}${row("x:0016", "000080FE000000000000000001000000:C354", "01")}`,
    );
    expect(sshPeers({ SSH_CONNECTION: "198.18.9.9 50000 198.18.9.1 22" }, root, 1)).toEqual([
      { address: "198.18.9.9", ours: true },
      { address: "2001:2:0:0:0:0:0:7", ours: false },
      { address: "198.18.9.8", ours: false },
    ]);
  });

  it("is found through real processes", () => {
    const script = `import("${new URL("../../dist/sys/net/ssh-peers.js", import.meta.url).href}").then(({ sshPeers }) => console.log(JSON.stringify(sshPeers(process.env))))`;
    const shell = `env -u SSH_CONNECTION ${process.execPath} -e '${script}'; true`;
    const env = { ...process.env, SSH_CONNECTION: "198.18.9.77 50000 198.18.9.1 22" };
    const said = execFileSync("/bin/sh", ["-c", shell], { env, encoding: "utf8" });
    expect(JSON.parse(said)).toContainEqual({ address: "198.18.9.77", ours: true });
  });
});
