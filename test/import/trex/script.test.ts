/** scripts/trex_profile_to_json.py, with a stand-in for TRex's library that gives back what it is asked for. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const script = new URL("../../../scripts/trex_profile_to_json.py", import.meta.url).pathname;
const hasPython = spawnSync("python3", ["--version"]).status === 0;

const standIn = `
class STLProfile:
    @staticmethod
    def load_py(path, direction, port_id, tunables):
        profile = STLProfile()
        profile.to_json = lambda: tunables
        return profile
`;

describe.skipIf(!hasPython)("trex_profile_to_json.py (python3)", () => {
  const scratch = mkdtempSync(join(tmpdir(), "pktgen-ts-trex-script-"));
  const profile = join(scratch, "p.py");

  beforeAll(() => {
    const library = join(scratch, "interactive/trex/stl");
    mkdirSync(library, { recursive: true });
    writeFileSync(join(library, "trex_stl_streams.py"), standIn);
    writeFileSync(profile, "");
  });
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  const run = (...words: readonly string[]) => {
    // Nothing is left in the tree: no __pycache__.
    const { status, stdout, stderr } = spawnSync("python3", ["-B", script, "--trex", scratch, profile, ...words], {
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  };

  it.each([
    ["in one -t", ["-t", "a=1", "b=2"]],
    ["in a -t each", ["-t", "a=1", "-t", "b=2"]],
    ["in both ways", ["-t", "a=1", "--tunable", "b=2"]],
  ])("tunables %s all come to the profile", (_, words) => {
    const { status, stdout } = run(...words);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual(["--a", "1", "--b", "2"]);
  });

  it("needs no tunable, and refuses one without a value in any -t", () => {
    expect(JSON.parse(run().stdout)).toEqual([]);
    expect(run("-t", "a", "-t", "b=2")).toEqual({
      status: 2,
      stdout: "",
      stderr: "trex_profile_to_json: a is no tunable; accepted: name=value\n",
    });
  });
});
