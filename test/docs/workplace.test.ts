/** What editors and containers are told agrees with what the project says elsewhere. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { root } from "../support/documents.js";

const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** JSON with comments, as editors read it. */
function settings(path: string): Readonly<Record<string, unknown>> {
  const { config, error } = ts.parseConfigFileTextToJson(path, read(path));
  expect(error, path).toBeUndefined();
  return config;
}

describe("the dev container", () => {
  it("has the packages of the lab, but for container engines", () => {
    const setup = read("scripts/lab/setup.sh").match(/^packages\+?=\(([^)]*)\)/gm) ?? [];
    const names = setup.flatMap((line) => line.replace(/^.*\(|\)/g, "").split(" "));
    const wanted = names.filter((name) => !/^("|podman|runc|mmdebstrap)/.test(name));
    expect(wanted.length).toBeGreaterThan(5);
    const installed = read(".devcontainer/Dockerfile").split(/\s+/);
    expect(wanted.filter((name) => !installed.includes(name))).toEqual([]);
  });

  it("says why it is given what it is given, and is not privileged", () => {
    const { runArgs } = settings(".devcontainer/devcontainer.json") as { readonly runArgs: readonly string[] };
    expect(runArgs).not.toContain("--privileged");
    const lines = read(".devcontainer/devcontainer.json").split("\n");
    const unsaid = runArgs.filter((arg) => {
      const at = lines.findIndex((line) => line.includes(`"${arg}"`));
      return !/^\s*\/\//.test(lines[at - 1] ?? "");
    });
    expect(unsaid).toEqual([]);
  });
});

describe("editors", () => {
  it("are told the formatter's width", () => {
    const { formatter } = settings("biome.json") as { readonly formatter: { readonly lineWidth: number } };
    expect(read(".editorconfig")).toContain(`max_line_length = ${formatter.lineWidth}`);
  });

  it("are told a Node that the package supports", () => {
    const { engines } = settings("package.json") as { readonly engines: { readonly node: string } };
    expect(engines.node).toMatch(new RegExp(`^>=${read(".nvmrc").trim()}\\.`));
  });

  it("start what the build makes", () => {
    const { configurations } = settings(".vscode/launch.json") as {
      readonly configurations: readonly { readonly name: string; readonly program?: string }[];
    };
    const { bin } = settings("package.json") as { readonly bin: Readonly<Record<string, string>> };
    const programs = configurations.map(({ program }) => program?.replace(/^.*?}\//, ""));
    expect(programs).toContain(bin["pktgen-ts"]);
    expect(read("docs/debugging.md")).toContain(configurations[0]!.name);
  });
});
