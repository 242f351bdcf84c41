/**
 * Packages that only some ports need. The user installs them if wanted: they compile at install, so we do not depend on
 * them. They run in the main thread only, because their native parts support no other.
 */
import { createRequire } from "node:module";
import { environmentError } from "../errors.js";

export interface OptionalPackage {
  readonly name: string;
  /** What npm is to install. */
  readonly version: string;
  /** What must be installed before that, as the end of a sentence. */
  readonly needs: string;
}

const require = createRequire(import.meta.url);

/** @throws PktgenError (3): it is not installed (with the command), or it does not load. */
export function loadOptional(wanted: OptionalPackage, where: string): unknown {
  const { name, version, needs } = wanted;
  const install = `npm install --no-save ${name}@${version}`;
  try {
    return require(name);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "MODULE_NOT_FOUND" && message.includes(`'${name}'`)) {
      throw environmentError(`the npm package ${name} is not installed`, {
        where,
        hint: `${install} (${needs})`,
        cause,
      });
    }
    const why = message.split("\n")[0]!;
    throw environmentError(`the npm package ${name} does not load with Node ${process.version}: ${why}`, {
      where,
      hint: `install it anew: ${install} (${needs})`,
      cause,
    });
  }
}
