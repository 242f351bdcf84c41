/**
 * What must hold before the tests run, in two lanes: the build and its API; types, rooms, unused code and lint.
 * `--built`: `dist` is of these sources, as it is right after `npm ci`.
 */
import { spawn } from "node:child_process";

const isBuilt = process.argv.includes("--built");
const lanes = [isBuilt ? ["lint:api"] : ["build", "lint:api"], ["lint:types", "lint:rooms", "lint:unused", "lint"]];

/** Resolves with the check's exit code once its output is printed. */
function run(check) {
  const child = spawn("npm", ["run", check], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      said += text;
    });
  }
  return new Promise((resolve) => {
    child.on("error", (error) => {
      process.stdout.write(`${check}: ${error.message}\n`);
      resolve(1);
    });
    child.on("close", (code) => {
      process.stdout.write(said);
      resolve(code ?? 1);
    });
  });
}

async function work(lane) {
  for (const check of lane) {
    if ((await run(check)) === 0) continue;
    process.exitCode = 1;
    process.stdout.write(`failed: npm run ${check}\n`);
  }
}
await Promise.all(lanes.map(work));
