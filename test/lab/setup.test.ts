/** The setup scripts, on this machine: what is there stays, what was changed is given back. */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readHugepages } from "../../src/dut/testpmd/hugepages.js";
import { describeLab } from "../support/probe.js";

const setupScript = "scripts/lab/setup.sh";
const imageScript = "scripts/lab/image.sh";

interface Outcome {
  readonly code: number | null;
  readonly output: string;
}
const bash = (args: readonly string[], options: { readonly uid?: number; readonly path?: string } = {}): Outcome => {
  const { status, stdout, stderr } = spawnSync("bash", [...args], {
    encoding: "utf8",
    env: { ...process.env, ...(options.path === undefined ? {} : { PATH: options.path }) },
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid, cwd: "/" }),
  });
  return { code: status, output: stdout + stderr };
};
const reservedPages = (): number => readHugepages().pools.reduce((sum, { total }) => sum + total, 0);
const nobody = 65_534;

let folder: string;
let state: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pktgen-ts-test-"));
  state = join(folder, "state");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describeLab("lab:setup, where the lab is set up", ["root", "hugetlbfs", "testpmd", "podman"], () => {
  it("reserves what is missing once, and gives back what it reserved", () => {
    const before = reservedPages();
    const args = [setupScript, "--state", state, "--hugepages", `${before + 3}`];
    try {
      const first = bash(args);
      expect(first).toMatchObject({ code: 0, output: expect.stringContaining("install nothing") });
      expect(first.output).toMatch(/reserved 3 hugepages/);
      expect(first.output).toMatch(/has pktgen-ts-dpdk with DPDK \S+: nothing to do/);
      const second = bash(args);
      expect(second).toMatchObject({ code: 0, output: expect.stringContaining("reserve 0 hugepages") });
      expect(reservedPages()).toBe(before + 3);
      expect(readFileSync(state, "utf8")).toMatch(/^reserved=3\n/);
    } finally {
      const undone = bash([setupScript, "--state", state, "--undo"]);
      expect(undone).toMatchObject({ code: 0, output: expect.stringContaining("gave back 3 hugepages") });
    }
    expect(reservedPages()).toBe(before);
    expect(existsSync(state)).toBe(false);
    expect(bash([setupScript, "--state", state, "--undo"])).toMatchObject({
      code: 0,
      output: expect.stringContaining("nothing to undo"),
    });
  });
});

describeLab("lab:setup as an ordinary user", ["root"], () => {
  it("says what it would do, and the sudo line", () => {
    const script = join(folder, "setup.sh");
    copyFileSync(setupScript, script);
    copyFileSync("scripts/lab/say.sh", join(folder, "say.sh"));
    spawnSync("chmod", ["-R", "a+rX", folder]);
    const { code, output } = bash([script, "--hugepages", "7"], { uid: nobody });
    expect(code).toBe(3);
    expect(output).toMatch(/this will, as root:\n.* - (install|reserve)/);
    expect(output).toContain("run: sudo npm run lab:setup -- --hugepages 7");
  });
});

describe("what the scripts refuse", () => {
  it.each([
    [setupScript, ["--hugepages", "many"], "--hugepages takes a number of pages"],
    [setupScript, ["--what"], "unknown option --what"],
    [imageScript, ["--engine", "lxc"], "--engine takes podman or docker"],
  ])("%s %j", (script, args, message) => {
    expect(bash([script, ...args])).toMatchObject({ code: 2, output: expect.stringContaining(message) });
  });

  it("lab:image without an engine", () => {
    for (const name of ["bash", "timeout"]) {
      writeFileSync(join(folder, name), `#!/bin/sh\nexec /usr/bin/${name} "$@"\n`, { mode: 0o755 });
    }
    const outcome = spawnSync("/bin/bash", [imageScript], { encoding: "utf8", env: { PATH: folder } });
    expect(outcome.status).toBe(3);
    expect(outcome.stderr).toContain("neither podman nor docker answers; sudo npm run lab:setup");
  });
});
