/**
 * Profiles that are modules, in any thread: JavaScript as it is, TypeScript with its types taken out (amaro, what Node
 * itself uses; lines and columns stay, so that a stack points at the source). Inside one, `pktgen-ts` means this
 * package wherever the file lies, and relative imports are plain JavaScript.
 */
import { readFileSync } from "node:fs";
import { dirname, extname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { usageError } from "../errors.js";
import { programFunctions } from "../stream/program-api.js";
import type { EachFrame } from "../stream/program-frame.js";
import { isPlain, type Traffic } from "../stream/spec.js";

const typed: ReadonlySet<string> = new Set([".ts", ".mts"]);
const plain: ReadonlySet<string> = new Set([".js", ".mjs"]);
const specifiers = /(\bfrom\s*|\bimport\s*\(?\s*)(["'])([^"'\n]+)\2/g;

export const isProgramFile = (file: string): boolean => typed.has(extname(file)) || plain.has(extname(file));

/** What the module exports by default; a usage error where it cannot be loaded. */
export async function loadProgram(file: string): Promise<unknown> {
  try {
    const text = readFileSync(file, "utf8");
    const script = typed.has(extname(file)) ? await withoutTypes(text) : text;
    const resolved = script.replace(specifiers, (_, before, quote, specifier) => {
      return before + quote + resolvedSpecifier(specifier, file) + quote;
    });
    const source = `${resolved}\n//# sourceURL=${pathToFileURL(resolve(file)).href}\n`;
    const module = (await import(`data:text/javascript;base64,${Buffer.from(source).toString("base64")}`)) as {
      default?: unknown;
    };
    return module.default;
  } catch (cause) {
    const what = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw usageError(`the program cannot be loaded: ${what}`, {
      where: file,
      accepted: 'a module (.ts, .mts, .js, .mjs) with export default stream({ … }) from "pktgen-ts"',
      cause,
    });
  }
}

async function withoutTypes(text: string): Promise<string> {
  const { transformSync } = await import("amaro");
  return transformSync(text, { mode: "strip-only" }).code;
}

function resolvedSpecifier(specifier: string, file: string): string {
  if (specifier === "pktgen-ts") return new URL("../index.js", import.meta.url).href;
  return /^\.\.?\//.test(specifier) ? pathToFileURL(resolve(dirname(file), specifier)).href : specifier;
}

/** The functions of all streams of this traffic, by the modules' URLs; loaded once each. */
export class LoadedPrograms {
  readonly #functions = new Map<string, readonly (EachFrame | null)[]>();

  async load(urls: readonly string[]): Promise<void> {
    for (const url of urls) this.#functions.set(url, programFunctions(await loadProgram(fileURLToPath(url))));
  }

  of(traffic: Traffic): readonly (EachFrame | null)[] {
    if (isPlain(traffic)) return [];
    return traffic.streams.map(({ program }) =>
      program === null ? null : (this.#functions.get(program.url)?.[program.stream] ?? null),
    );
  }
}

/** The modules that a traffic's streams are programs of. */
export const programUrls = (traffic: Traffic): readonly string[] =>
  isPlain(traffic)
    ? []
    : [...new Set(traffic.streams.flatMap(({ program }) => (program === null ? [] : [program.url])))];
