/** Which names interfaces can have. Apart from netdev.ts, so that a port spec is read without loading libc. */
import { usageError } from "../../errors.js";

/** linux/if.h: with the 0 at the end. */
export const IFNAMSIZ = 16;

/**
 * @throws PktgenError (2): a name that no interface can have.
 */
export function checkInterfaceName(name: string, where: string): string {
  const bytes = Buffer.byteLength(name);
  if (bytes >= IFNAMSIZ) {
    throw usageError(`the interface name "${name}" has ${bytes} bytes`, { where, accepted: `at most ${IFNAMSIZ - 1}` });
  }
  if (name === "" || name === "." || name === ".." || /[/:\s\0]/.test(name)) {
    throw usageError(`"${name}" is no interface name`, {
      where,
      accepted: `1 to ${IFNAMSIZ - 1} bytes without slashes, colons and blanks`,
    });
  }
  return name;
}
