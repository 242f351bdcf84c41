/** After a build: takes away what an older source left, and the declarations that nothing exported reaches, which are only weight. */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";

const dist = join(import.meta.dirname, "../dist");
const reached = new Set();
const left = ["index.d.ts", "packet/index.d.ts", "pcap/codec.d.ts"].map((file) => join(dist, file));
for (let file = left.pop(); file !== undefined; file = left.pop()) {
  if (reached.has(file) || !existsSync(file)) continue;
  reached.add(file);
  for (const [, path] of readFileSync(file, "utf8").matchAll(/(?:from|import)\s*\(?"(\.[^"]+)\.js"/g)) {
    left.push(normalize(join(dirname(file), `${path}.d.ts`)));
  }
}
for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  const file = join(entry.parentPath, entry.name);
  if (!entry.isFile()) continue;
  const source = join(dist, "../src", relative(dist, file).replace(/(\.d)?\.(ts|js)$/, ".ts"));
  const isLeftOver = /\.(ts|js)$/.test(file) && !existsSync(source);
  if (isLeftOver || (file.endsWith(".d.ts") && !reached.has(file))) rmSync(file);
}
