/**
 * Bundles the page (src/page) into one module of two strings, script and style: `src/report/page-bundle.ts`. It is
 * written by every build and is not under version control. It is written only if it changed, and in one step, since
 * others may read it meanwhile.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const root = join(import.meta.dirname, "..");
const target = join(root, "src/report/page-bundle.ts");

/** The licence that preact, @preact/signals and uPlot share asks to come with every copy. */
const notice = `/*! preact (c) 2015-present Jason Miller; @preact/signals (c) 2022-present Preact Team; uPlot (c) 2022 Leon Sorokin.
MIT License. Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions: The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software. THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE. */`;

/**
 * What the page has no use for in uPlot: ways of drawing, axes of dates, helpers for its users. What nobody refers to is
 * left out of the bundle: 3 kB compressed.
 */
const unused = [
  ...[
    "(paths.bars    = bars);",
    "(paths.spline  = monotoneCubic);",
    "uPlot.addGap = addGap;",
    "uPlot.clipGaps = clipGaps;",
  ],
  ...["uPlot.rangeAsinh = rangeAsinh;", "uPlot.join = join;", "uPlot.orient   = orient;", "uPlot.fmtNum = fmtNum;"],
  ...["uPlot.fmtDate = fmtDate;", "uPlot.tzDate  = tzDate;"],
  "const [ timeIncrsMs, _timeAxisStampsMs, timeAxisSplitsMs ] = genTimeStuffs(1);",
  "const [ timeIncrsS,  _timeAxisStampsS,  timeAxisSplitsS  ] = genTimeStuffs(1e-3);",
  "const _tzDate  = (opts.tzDate || (ts => new Date(round(ts / ms))));",
  "const _fmtDate = (opts.fmtDate || fmtDate);",
  "const _timeAxisSplits = (ms == 1 ? timeAxisSplitsMs(_tzDate) : timeAxisSplitsS(_tzDate));",
  "const _timeAxisVals   = timeAxisVals(_tzDate, timeAxisStamps((ms == 1 ? _timeAxisStampsMs : _timeAxisStampsS), _fmtDate));",
  "const _timeSeriesVal  = timeSeriesVal(_tzDate, timeSeriesStamp(_timeSeriesStamp, _fmtDate));",
  "isTime ? (isStr(sv) ? timeSeriesVal(_tzDate, timeSeriesStamp(sv, _fmtDate)) : sv || _timeSeriesVal) :",
  "isTime ? (ms == 1 ? timeIncrsMs : timeIncrsS) :",
  "isTime && sc.distr == 1 ? _timeAxisSplits :",
  /isTime \? \(\n[^;]*?_timeAxisVals\s*\) :/,
];

const lighterPlot = {
  name: "lighter uPlot",
  setup: ({ onLoad }) =>
    onLoad({ filter: /uPlot\.esm\.js$/ }, ({ path }) => {
      let contents = readFileSync(path, "utf8");
      for (const part of unused) {
        const without = contents.replace(part, "");
        if (without === contents) throw new Error(`${path} has no "${part}" any more: scripts/page.mjs`);
        contents = without;
      }
      return { contents };
    }),
};

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ["src/page/main.tsx"],
  outdir: "page",
  bundle: true,
  minify: true,
  write: false,
  format: "iife",
  target: ["chrome111", "firefox113", "safari16.4"],
  tsconfig: "src/page/tsconfig.json",
  plugins: [lighterPlot],
  legalComments: "none",
  banner: { js: notice },
  define: { "process.env.NODE_ENV": '"production"' },
  logLevel: "warning",
});
const textOf = (ending) => outputFiles.find(({ path }) => path.endsWith(ending))?.text.trim() ?? "";
// The script stands in an HTML document: nothing in it may look like the end of its element, or like a comment.
const script = textOf(".js").replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
const style = textOf(".css");
const sha = (text) => `sha256-${createHash("sha256").update(text).digest("base64")}`;
const module = `/** The page of src/page, bundled by scripts/page.mjs: made anew by every build. */
export const pageScript: string = ${JSON.stringify(script)};
export const pageScriptHash: string = "${sha(script)}";
export const pageStyle: string = ${JSON.stringify(style)};
export const pageStyleHash: string = "${sha(style)}";
`;
if (!existsSync(target) || readFileSync(target, "utf8") !== module) {
  writeFileSync(`${target}.new`, module);
  renameSync(`${target}.new`, target);
}
