/** What is shown without measuring anything: help, version, ports, doctor, and what that may load. */
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { portKinds } from "../../src/port/kinds.js";
import { builtMain, runCli } from "../support/run-cli.js";

describe("--help", () => {
  it("shows commands, all options of run, examples, units and exit codes", async () => {
    const { code, stdout, stderr } = await runCli(["--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const command of ["run", "dut", "ports", "doctor"]) expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
    const options =
      "sizes dut queues rate duration count tx rx seed profile loss min-rate json csv streams-csv junit flows dst-mac src-mac vlan ip " +
      "warmup repeat cores ndjson integrity busy line-rate settle start-sequence wait-peer";
    for (const option of options.split(" ")) expect(stdout).toMatch(new RegExp(`^  --${option}( |$)`, "m"));
    expect(stdout).toMatch(/Examples:\n {2}pktgen-ts --sizes 64,1518 /);
    expect(stdout).toMatch(/130 interrupted/);
  });

  it("of a command is the same, whichever word comes first", async () => {
    const [one, other] = [await runCli(["--help", "ndr"]), await runCli(["ndr", "--help"])];
    expect(one).toEqual(other);
    expect(one.stdout).toMatch(/^Usage: pktgen-ts ndr /);
    expect((await runCli(["--help", "nrd"])).stderr).toMatch(/unknown command 'nrd'.*did you mean ndr\?/);
  });

  it.each([["--help"], ["ndr", "--help"], ["run", "--help"], ["soak", "--help"]])(
    "%s %s: what is said to be below is below",
    async (...args) => {
      const { stdout } = await runCli(args.filter((arg) => arg !== undefined));
      expect(stdout).toMatch(/--hop <hop> .*\(below\).*Sources of --hop .*netdev:IFACE/s);
    },
  );

  it("fits a terminal of 120 columns", async () => {
    const { stdout } = await runCli(["--help"]);
    expect(stdout.split("\n").filter((line) => line.length > 120)).toEqual([]);
  });

  it("of run has the options of the embedded device", async () => {
    expect((await runCli(["run", "--help"])).stdout).toMatch(/ {2}loss=0\.1% +loses frames/);
    expect((await runCli(["dut", "embedded", "--help"])).stdout).toMatch(/ {2}freeze=50ms +stands still/);
  });

  it("loads neither libc, nor yaml, nor zod, nor tables, nor the engine", () => {
    const seen = new Set<string>();
    const packages = new Set<string>();
    const follow = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.ES2023);
      for (const statement of source.statements) {
        const isImport = ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement);
        if (!isImport || statement.moduleSpecifier === undefined) continue;
        const name = (statement.moduleSpecifier as ts.StringLiteral).text;
        if (name.startsWith(".")) follow(resolve(dirname(file), name));
        else if (!name.startsWith("node:")) packages.add(name);
      }
    };
    // The command's start loads the program only when its handlers are there.
    for (const file of [builtMain(), join(dirname(builtMain()), "command-line.js")]) follow(file);
    expect([...packages]).toEqual(["commander"]);
    const engine = [...seen].filter((file) =>
      /\/dist\/(engine\/(?!forward\/(fault-spec|modes))|method\/(?!rfc2544\/settings)|(capture|labplan|measure|profile|program|report|result|ring|stats|stream)\/)/.test(
        file,
      ),
    );
    expect(engine).toEqual([]);
  });
});

describe("--version", () => {
  it("is the package's", async () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8")) as {
      version: string;
    };
    expect(await runCli(["--version"])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: "" });
  });
});

describe("ports", () => {
  it("shows every kind with every option", async () => {
    const { code, stdout } = await runCli(["ports"]);
    expect(code).toBe(0);
    for (const { name, target, options } of portKinds) {
      expect(stdout).toContain(`${name}:${target}\n`);
      for (const option of options) expect(stdout).toMatch(new RegExp(`^  ${option.name}= +${option.default} `, "m"));
    }
  });
});

describe("doctor", () => {
  it("finds what the main job needs, and says how to mend the rest", async () => {
    const { code, stdout, stderr } = await runCli(["doctor"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const name of ["Node", "libc \\(koffi\\)", "shared memory", "Unix sockets", "memory"]) {
      expect(stdout).toMatch(new RegExp(`^  ok +${name} `, "m"));
    }
    expect(stdout).toMatch(/^The main job can run\.$/m);
    const lines = stdout.split("\n");
    const unmended = lines.filter((line, i) => line.startsWith("  missing") && !/^ +→ \S/.test(lines[i + 1] ?? ""));
    expect(unmended).toEqual([]);
  });

  it("finds nothing outside PATH, and does not need it for the main job", async () => {
    const { code, stdout } = await runCli(["doctor"], { env: { PATH: "/nowhere" } });
    expect(code).toBe(0);
    expect(stdout).toMatch(/missing +dpdk-testpmd +not in PATH\n +→ sudo npm run lab:setup/);
    expect(stdout).toMatch(/missing +containers/);
  });

  it("fails where the main job can't run", async () => {
    const { code, stdout } = await runCli(["doctor"], { env: { TMPDIR: "/nowhere/at/all" } });
    expect(code).toBe(3);
    expect(stdout).toMatch(/missing +Unix sockets .*\n +→ point TMPDIR/);
    expect(stdout).toMatch(/cannot run/);
  });
});
