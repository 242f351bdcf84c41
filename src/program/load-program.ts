/**
 * Loads profiles that are modules, in any thread. JavaScript is taken as it is. TypeScript loses its types through
 * amaro, which Node itself uses; lines and columns stay, so that a stack points at the source. Inside a module,
 * `pktgen-ts` means this package, wherever the file lies. Relative imports may be of either kind.
 */
import { readFileSync } from "node:fs";
import { dirname, extname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { PktgenError, usageError } from "../errors.js";
import { programFunctions } from "../stream/program/api.js";
import type { EachFrame } from "../stream/program/frame.js";
import type { TrafficSpec } from "../stream/spec/traffic.js";

const typed: ReadonlySet<string> = new Set([".ts", ".mts"]);
const plain: ReadonlySet<string> = new Set([".js", ".mjs"]);
const specifiers = /(\bfrom\s*|\bimport\s*\(?\s*)(["'])([^"'\n]+)\2/g;

export const isProgramFile = (file: string): boolean => typed.has(extname(file)) || plain.has(extname(file));

/** What the module exports by default; a usage error where it cannot be loaded. */
export async function loadProgram(file: string): Promise<unknown> {
  try {
    const module = (await import(await moduleUrl(resolve(file), []))) as { default?: unknown };
    return module.default;
  } catch (cause) {
    if (cause instanceof PktgenError) throw cause;
    const what = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw usageError(`the program cannot be loaded: ${what}`, {
      where: file,
      accepted: 'a module (.ts, .mts, .js, .mjs) with export default stream({ … }) from "pktgen-ts"',
      cause,
    });
  }
}

/** The module as text that Node can import, with the modules that it imports by relative names in the same form. */
async function moduleUrl(file: string, importers: readonly string[]): Promise<string> {
  const text = readFileSync(file, "utf8");
  const script = typed.has(extname(file)) ? await withoutTypes(text) : text;
  const urls = new Map<string, string>();
  for (const [, , , specifier] of script.matchAll(specifiers)) {
    if (!urls.has(specifier)) urls.set(specifier, await specifierUrl(specifier, file, [...importers, file]));
  }
  const resolved = script.replace(specifiers, (_, before, quote, specifier) => {
    return before + quote + urls.get(specifier) + quote;
  });
  const source = `${resolved}\n//# sourceURL=${pathToFileURL(file).href}\n`;
  return `data:text/javascript;base64,${Buffer.from(source).toString("base64")}`;
}

async function withoutTypes(text: string): Promise<string> {
  const { transformSync } = await import("amaro");
  return transformSync(text, { mode: "strip-only" }).code;
}

async function specifierUrl(specifier: string, file: string, importers: readonly string[]): Promise<string> {
  if (specifier === "pktgen-ts") return packageIndex();
  if (!/^\.\.?\//.test(specifier)) return specifier;
  const path = resolve(dirname(file), specifier);
  if (!isProgramFile(path)) return pathToFileURL(path).href;
  if (importers.includes(path)) {
    throw usageError(`${specifier} is imported by what it imports itself`, {
      where: file,
      accepted: "programs that import each other without a circle",
    });
  }
  try {
    return await moduleUrl(path, importers);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined) throw cause;
    const accepted = "a module beside it, with its ending: .ts, .mts, .js, .mjs";
    throw usageError(`${specifier} cannot be read (${code})`, { where: file, accepted, cause });
  }
}

/** Of this package, built: sources run by a test runner have no other form that Node can import. */
const packageIndex = (): string =>
  new URL(import.meta.url.endsWith(".ts") ? "../../dist/index.js" : "../index.js", import.meta.url).href;

/** The functions of all streams of this traffic, by the modules' URLs; loaded once each. */
export class LoadedPrograms {
  readonly #functions = new Map<string, readonly (EachFrame | null)[]>();

  async load(urls: readonly string[]): Promise<void> {
    for (const url of urls) this.#functions.set(url, programFunctions(await loadProgram(fileURLToPath(url))));
  }

  of(traffic: TrafficSpec): readonly (EachFrame | null)[] {
    return traffic.streams.map(({ program }) =>
      program === null ? null : (this.#functions.get(program.url)?.[program.stream] ?? null),
    );
  }
}

/** The modules that a traffic's streams are programs of. */
export const programUrls = (traffic: TrafficSpec): readonly string[] => [
  ...new Set(traffic.streams.flatMap(({ program }) => (program === null ? [] : [program.url]))),
];
