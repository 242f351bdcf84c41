/** CONTRIBUTING says where a new thing goes; here is what holds it to that, and each table to its folder. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
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
  { path: "bench/run.ts", members: filesWith("bench", /^export (const|async function|function) \w+Bench\b/m) },
];

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
