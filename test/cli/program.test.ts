/** Profiles that are programs, through the command: payloads compared, and modules beside them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runCli } from "../support/run-cli.js";

const scratch = mkdtempSync(join(tmpdir(), "pktgen-cli-program-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const write = (name: string, text: string): string => {
  writeFileSync(join(scratch, name), text);
  return join(scratch, name);
};

const writesPayload = `import { stream, udp4 } from "pktgen-ts";
import { portOf } from "./ports.ts";
export default stream({ packet: udp4(), eachFrame(frame, index: number) {
  frame.udp.srcPort = portOf(index);
  if (index % 3 === 0) frame.set32(50, index);
} });
`;

describe("a program", () => {
  it("may write into the payload, which --integrity compares as it left; and import a module beside it", async () => {
    write(
      "ports.ts",
      "import { first } from './first.mjs';\nexport const portOf = (n: number): number => first + (n % 5);\n",
    );
    write("first.mjs", "export const first = 2000;\n");
    const profile = write("payload.ts", writesPayload);
    const args = ["--profile", profile, "--sizes", "128", "--count", "1500", "--rate", "3kpps", "--integrity"];
    const whole = await runCli([...args, "--json", "-"]);
    expect(whole.stderr).not.toMatch(/pktgen-ts:/);
    const { trials } = JSON.parse(whole.stdout) as { trials: { accepted: number; corrupt: number }[] };
    expect(trials).toMatchObject([{ accepted: 1500, corrupt: 0 }]);
  });

  it("is shown and checked as other profiles are", async () => {
    const shown = await runCli(["profile", "show", "profiles/program.ts"]);
    expect([shown.code, shown.stderr]).toEqual([0, ""]);
    expect(shown.stdout).toMatch(/program {3}eachFrame\n/);
    expect(shown.stdout).toMatch(/ipv4\.src +198\.18\.0\.0\n/);
    const checked = await runCli(["profile", "check", "profiles/program.ts"]);
    expect([checked.code, checked.stderr]).toEqual([0, "profiles/program.ts: 1 stream, nothing wrong\n"]);
  });

  it.each([
    [
      "is not there",
      "./nowhere.ts",
      /nowhere\.ts cannot be read \(ENOENT\); accepted: a module beside it, with its ending/,
    ],
    [
      "imports it again",
      "./circle-b.ts",
      /circle-a\.ts is imported by what it imports itself; accepted: .*without a circle/,
    ],
  ])("is refused where a module that it imports %s", async (_, specifier, sentence) => {
    write("circle-b.ts", 'import a from "./circle-a.ts";\nexport const b = a;\n');
    const profile = write("circle-a.ts", `import * as other from "${specifier}";\nexport default other;\n`);
    const { code, stdout, stderr } = await runCli(["profile", "check", profile]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(sentence);
  });
});
