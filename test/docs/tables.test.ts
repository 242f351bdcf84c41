/** CONTRIBUTING says where a new thing goes; here is what holds it to that, and each table to its folder. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { CommandDefinition } from "../../src/cli/command.js";
import { commandWords, loadCommands } from "../../src/cli/commands/index.js";
import { nameOf, type Option } from "../../src/options/option.js";
import { protocolNames } from "../../src/packet/protocols.js";
import { codeWordsOf, readDocument, root, sectionOf, tableRowsOf } from "../support/documents.js";

const read = (path: string): string => readFileSync(join(root, path), "utf8");
const places = tableRowsOf(sectionOf(readDocument("CONTRIBUTING.md"), "Where a new thing goes"));

/** Of protocols, what profiles call them: `ipv6HopByHop` and its like are "its extension headers". */
const inProfiles = protocolNames.filter((name) => !/^ipv6.|Data$/.test(name));

describe("where a new thing goes", () => {
  it("is said of what people add", () => {
    const things = places.map(([thing]) => thing);
    const asked = ["protocol", "port kind", "device under test", "report", "option", "command", "cause"];
    expect(asked.filter((word) => !things.some((thing) => thing!.includes(word)))).toEqual([]);
  });

  it("is a place that exists", () => {
    const named = places
      .flatMap((cells) => cells.join(" ").match(/`[\w.-]+\/[^`]*`/g) ?? [])
      .map((word) => word.slice(1, -1));
    const folderOf = (path: string): string =>
      path.includes("<") ? dirname(path.slice(0, path.indexOf("<")).concat("x")) : path;
    expect(named.filter((path) => !existsSync(join(root, folderOf(path))))).toEqual([]);
  });
});

it("docs/recipes/traffic.md names every header", () => {
  const named = codeWordsOf(readDocument("docs/recipes/traffic.md"));
  expect(inProfiles.filter((name) => !named.includes(name))).toEqual([]);
});

interface Table {
  readonly path: string;
  /** Files or folders that belong into it. */
  readonly members: readonly string[];
}

/** Files below `folder` whose text says that they are of this kind. */
function filesWith(folder: string, kind: RegExp, deep = false): string[] {
  const entries = readdirSync(join(root, folder), { recursive: deep, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
  return paths.filter((path) => path.endsWith(".ts") && basename(path) !== "index.ts" && kind.test(read(path)));
}

const foldersIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `${folder}/${entry.name}`);

/** The commands that measure by a method: its folder of options has a file for each. */
const methods = filesWith("src/options/methods", /^export const \w+Entry\b/m).map((path) => basename(path, ".ts"));

const profiles = readdirSync(join(root, "profiles")).filter((name) => name.endsWith(".yaml"));

const tables: readonly Table[] = [
  { path: "src/packet/protocols.ts", members: filesWith("src/packet", /^export const \w+Protocol\b/m) },
  {
    path: "src/port/kinds.ts",
    members: foldersIn("src/port").flatMap((path) => [`${path}/spec.ts`, `${path}/port.ts`]),
  },
  { path: "src/port/movers.ts", members: filesWith("src/port", /^export (const|function|class) \w*[mM]over/m, true) },
  {
    path: "src/dut/start.ts",
    members: foldersIn("src/dut").filter((path) => existsSync(join(root, path, "start.ts"))),
  },
  { path: "src/report/index.ts", members: filesWith("src/report", /^export function render\w+\(\w+: RunResult\b/m) },
  {
    path: "src/cli/commands/index.ts",
    members: filesWith("src/cli/commands", /^export const \w+: CommandDefinition\b/m),
  },
  { path: "src/labplan/deeds/index.ts", members: filesWith("src/labplan/deeds", /: Deed</) },
  {
    path: "src/engine/main.ts",
    members: filesWith("src/engine", /^export (const|function|async function) createJob\b/m, true),
  },
  { path: "src/cli/commands/index.ts", members: methods.map((name) => `src/cli/commands/${name}.ts`) },
  { path: "bench/run.ts", members: filesWith("bench", /^export (const|async function|function) \w+Bench\b/m) },
];

const optionTables = filesWith("src/options", /^export const \w+ = \{[\s\S]*?satisfies OptionTable/m).map((path) => ({
  path,
}));

type AnyTable = Readonly<Record<string, Option<never, unknown>>>;

const isOptionTable = (value: unknown): value is AnyTable =>
  typeof value === "object" &&
  value !== null &&
  Object.values(value).length > 0 &&
  Object.values(value).every((one) => typeof one === "object" && one !== null && "flags" in one && "read" in one);

const optionsOf = ({ options, children = [] }: CommandDefinition): string[] => [
  ...Object.values(options).flatMap((table) => Object.values(table).map(nameOf)),
  ...children.flatMap(optionsOf),
];
const commands = await loadCommands(commandWords);
const takenOptions = new Set(commands.flatMap(optionsOf));

describe("every file of a table's folder is in its table", () => {
  it.each(tables)("$path", ({ path, members }) => {
    expect(members.length).toBeGreaterThan(0);
    const text = read(path);
    const nameIn = (member: string): string => member.slice(dirname(path).length + 1).replace(/\.ts$/, "");
    const missing = members.filter(
      (member) => member !== path && !new RegExp(`"\\./${nameIn(member)}(/[\\w-]+)?(\\.js)?"`).test(text),
    );
    expect(missing).toEqual([]);
  });
});

describe("what is no file of a table's folder", () => {
  it("a method: the library has it, or it is known to be the command line's alone", () => {
    const library = read("src/api/methods.ts");
    const missing = methods.filter((name) => !library.includes(`import("../options/methods/${name}.js")`));
    expect(missing).toEqual(["burst", "y1564"]);
  });

  it.each(optionTables)("the options of $path are taken by a command", async ({ path }) => {
    const exported = Object.values<unknown>(await import(join(root, path))).filter(isOptionTable);
    expect(exported.length).toBeGreaterThan(0);
    const names = exported.flatMap((table) => Object.values(table).map(nameOf));
    expect(names.filter((name) => !takenOptions.has(name))).toEqual([]);
  });

  it.each(profiles)("the profile %s says what it is for, and documents name it", (file) => {
    expect(read(`profiles/${file}`)).toMatch(/^# \w/);
    const name = basename(file, ".yaml");
    for (const path of ["docs/recipes/traffic.md", "pcaps/README.md"]) {
      expect(read(path), path).toMatch(new RegExp(`(?<![\\w-])${name}(?![\\w-])`));
    }
  });
});
