/** A strict reader for the XML that tests look at: elements, attributes, text, the five entities and numeric ones. */

export interface Element {
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly children: Element[];
  text: string;
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const token = /<\/([\w-]+)>|<([\w-]+)((?: [\w-]+="[^"<]*")*)(\/?)>|([^<]+)/y;

/** Throws on anything that is not well-formed. */
export function parseXml(text: string): Element {
  const root: Element = { name: "", attributes: {}, children: [], text: "" };
  const open = [root];
  token.lastIndex = text.startsWith("<?xml") ? text.indexOf("?>") + 2 : 0;
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const match = token.exec(text);
    if (match === null) throw new Error(`not well-formed at ${at}: ${text.slice(at, at + 40)}`);
    const [, closing, name, attributes, empty, characters] = match;
    const parent = open[open.length - 1];
    if (characters !== undefined) parent.text += decode(characters);
    else if (closing !== undefined) {
      if (open.pop()?.name !== closing) throw new Error(`unexpected </${closing}> at ${at}`);
    } else {
      const element: Element = { name, attributes: parseAttributes(attributes), children: [], text: "" };
      parent.children.push(element);
      if (empty === "") open.push(element);
    }
  }
  if (open.length !== 1 || root.children.length !== 1 || root.text.trim() !== "") throw new Error("not one document");
  return root.children[0];
}

function parseAttributes(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/ ([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name, decode(value)]));
}

function decode(text: string): string {
  // XML 1.0 §2.2: no other control characters, and no lone surrogates.
  if (/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.test(text))
    throw new Error("a character XML can't hold");
  return text.replace(/&(?:#(\d+)|(\w+))?;?/g, (whole, code?: string, name?: string) => {
    const found = code === undefined ? entities[name ?? ""] : String.fromCodePoint(Number(code));
    if (found === undefined || !whole.endsWith(";")) throw new Error(`unknown entity ${whole}`);
    return found;
  });
}
