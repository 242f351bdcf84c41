/** snappi, installed by name into a folder of the tests; where that cannot be, its tests are skipped. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const packages = ["snappi==1.62.0"];
const folder = join(
  tmpdir(),
  `pktgen-ts-otg-${createHash("sha256").update(packages.join()).digest("hex").slice(0, 12)}`,
);
export const python = join(folder, "bin/python");

/** null: it is there. */
function installed(): string | null {
  if (existsSync(join(folder, "ready"))) return null;
  try {
    execFileSync("python3", ["-m", "venv", folder], { stdio: "ignore" });
    execFileSync(python, ["-m", "pip", "install", "-q", ...packages], { stdio: "ignore", timeout: 300_000 });
    mkdirSync(join(folder, "ready"));
    return null;
  } catch {
    rmSync(folder, { recursive: true, force: true });
    return `${packages.join(" ")} cannot be installed here`;
  }
}

/** Why its tests are skipped; null: it is there. */
export const missingClient = process.env["PKTGEN_LAB"] === "none" ? "nothing is looked for" : installed();
