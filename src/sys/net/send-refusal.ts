/** Why the kernel sends nothing more on an interface, in a sentence. */

/** The interface went down, was removed, or was replaced: nothing will be sent any more. */
const gone: ReadonlySet<string> = new Set(["ENETDOWN", "ENXIO", "ENODEV", "ENOTCONN", "EBADF"]);

/** `code`: the errno's name. */
export function sendRefusal(name: string, code: string): string {
  if (gone.has(code)) return `interface ${name} went down or was removed (${code})`;
  if (code === "EMSGSIZE") return `a frame is too long for interface ${name} (EMSGSIZE)`;
  return `interface ${name} does not send (${code})`;
}
