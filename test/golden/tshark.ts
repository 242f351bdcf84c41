/** Wireshark's command-line tools, where they are installed. */
import { spawnSync } from "node:child_process";

/** Why tests with this tool are skipped; null if it is here. */
export function missing(tool: "tshark" | "capinfos"): string | null {
  return spawnSync(tool, ["--version"]).status === 0 ? null : `${tool} is not installed`;
}

/** One row per frame with these fields, checksums validated. */
export function tsharkFields(path: string, fields: readonly string[]): string[][] {
  const validate = ["ip.check_checksum", "udp.check_checksum"].flatMap((name) => ["-o", `${name}:TRUE`]);
  const wanted = ["-T", "fields", "-E", "separator=|", ...fields.flatMap((field) => ["-e", field])];
  const run = spawnSync("tshark", ["-n", "-r", path, ...validate, ...wanted], { encoding: "utf8" });
  if (run.status !== 0) throw new Error(run.stderr);
  return run.stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("|"));
}

/** Frames that tshark would show for this filter, checksums validated. */
export function tsharkCount(path: string, filter: string): number {
  const validate = ["ip.check_checksum", "udp.check_checksum"].flatMap((name) => ["-o", `${name}:TRUE`]);
  const run = spawnSync("tshark", ["-n", "-r", path, ...validate, "-Y", filter], { encoding: "utf8" });
  if (run.status !== 0) throw new Error(run.stderr);
  return run.stdout.split("\n").filter((line) => line !== "").length;
}
