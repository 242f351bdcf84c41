/** Wireshark's command-line tools, where they are installed. */
import { spawnSync } from "node:child_process";

/** Every checksum is validated that tshark can; none over IPv6 is right for a tunnel (RFC 6935). */
const preferences = [
  "ip.check_checksum:TRUE",
  "udp.check_checksum:TRUE",
  "udp.ignore_ipv6_zero_checksum:TRUE",
  "tcp.check_checksum:TRUE",
  "sctp.checksum:CRC 32c",
].flatMap((preference) => ["-o", preference]);

/** One row per frame with these fields, checksums validated. */
export function tsharkFields(path: string, fields: readonly string[]): string[][] {
  const wanted = ["-T", "fields", "-E", "separator=|", ...fields.flatMap((field) => ["-e", field])];
  return run(["-n", "-r", path, ...preferences, ...wanted]).map((line) => line.split("|"));
}

/** Of each frame: all values of each of these fields, in the frame's order. Fragments are looked at one by one. */
export function tsharkValues(path: string, fields: readonly string[]): string[][][] {
  const wanted = [
    "-T",
    "fields",
    "-E",
    "separator=|",
    "-E",
    "aggregator=;",
    ...fields.flatMap((field) => ["-e", field]),
  ];
  const rows = run(["-n", "-r", path, ...eachFragment, ...wanted]);
  return rows.map((row) => row.split("|").map((values) => (values === "" ? [] : values.split(";"))));
}

/** Frames that tshark would show for this filter, checksums validated. */
export const tsharkCount = (path: string, filter: string): number =>
  run(["-n", "-r", path, ...preferences, "-Y", filter]).length;

function run(options: readonly string[]): string[] {
  const { status, stderr, stdout } = spawnSync("tshark", options, { encoding: "utf8", maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(stderr);
  return stdout.split("\n").filter((line) => line !== "");
}

/** Numbers of the frames that tshark would show for this filter. Fragments are looked at one by one. */
export const tsharkNumbers = (path: string, filter: string): number[] =>
  run(["-n", "-r", path, ...eachFragment, "-Y", filter, "-T", "fields", "-e", "frame.number"]).map(Number);

const eachFragment = ["ip.defragment:FALSE", "ipv6.defragment:FALSE"].flatMap((preference) => ["-o", preference]);
