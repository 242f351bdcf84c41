/** The documents' recipes for devices behind two ports, as printed: by the script that makes them, without root. */
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { expect, it, vi } from "vitest";
import { printedCommands, root } from "../support/documents.js";
import { describeLab, missing } from "../support/probe.js";
import { builtMain } from "../support/run-cli.js";

vi.setConfig({ testTimeout: 60_000 });

const script = "scripts/lab/device.sh";
/** An unprivileged user; root here, but without any of root's rights in the namespaces' parent. */
const user = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];

const printed = printedCommands(script).map((command) => command.replaceAll("\\\n", " "));
const isReplay = (line: string): boolean => line.includes(" pktgen-ts replay ");
/** Each once: the README prints one that docs/recipes has, too, and docs/start.md has one of its own. */
const recipes = [...new Set(printed.filter((line) => !isReplay(line)))];
const replays = printed.filter(isReplay);

const run = (line: string) => {
  builtMain();
  // The script finds the command by itself; node is what the shell has.
  const PATH = `${dirname(process.execPath)}:/usr/sbin:/usr/bin:/sbin:/bin`;
  const env = { PATH, HOME: "/tmp", NO_COLOR: "1" };
  return spawnSync("setpriv", [...user, "sh", "-c", line], { cwd: root, env, encoding: "utf8" });
};

describeLab("the recipes' devices", ["netns"], () => {
  it("are all there", () => {
    expect(recipes.map((line) => line.split(" ")[1])).toEqual(["bridge", "bridge", "vlan", "veth", "router", "router"]);
    expect(replays.length).toBe(1);
  });

  it.each(recipes)("%s", (recipe) => {
    const vlan = recipe.startsWith(`${script} vlan`) && missing("bridge_vlan") !== null;
    const { status, stdout, stderr } = run(`${recipe} --count 1000 --rate 2kpps --settle 300ms --json -`);
    if (vlan) {
      expect(stderr).toContain("this kernel has no bridges with VLANs (CONFIG_BRIDGE_VLAN_FILTERING)");
      expect(status).toBe(3);
      return;
    }
    expect(stderr).toBe("");
    const { trials } = JSON.parse(stdout);
    expect(trials.length).toBeGreaterThan(0);
    for (const trial of trials) {
      const unaccounted = recipe.includes("--hop") ? 0 : null;
      expect(trial).toMatchObject({ sent: 1000, accepted: 1000, lost: 0, unaccounted });
    }
    // 4 where others on this machine spoiled the pace.
    expect([0, 4]).toContain(status);
  });

  it.each(replays)("%s", (recipe) => {
    const { status, stdout, stderr } = run(recipe);
    expect(stderr).toBe("");
    expect(stdout).toContain("same 24   changed 0   missing 0   unexpected 0");
    expect(status).toBe(0);
  });

  it("say how they are used", () => {
    const { status, stderr } = spawnSync(join(root, script), ["bridge"], { encoding: "utf8" });
    expect(status).toBe(2);
    expect(stderr).toMatch(/^usage: .*bridge\|vlan\|router\|veth COMMAND/);
  });
});
