/** The tarball and the .deb: built twice they are the same bytes, and in a clean Debian without Node.js they work. */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { runContainer } from "../support/containers.js";
import { root } from "../support/documents.js";
import { describeLab, missing, skips } from "../support/probe.js";
import { builtMain } from "../support/run-cli.js";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-packages-"));
chmodSync(folder, 0o755);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const script = join(root, "scripts/packages.sh");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly version: string };

/** Fast instead of small: what is in the packages is the same. null: they are there. Else why not. */
function build(name: string, ...more: readonly string[]): string | null {
  const words = [script, "--built", "--level", "0", "--out", join(folder, name), ...more];
  const env = { ...process.env, DEBFULLNAME: "Ada Example", DEBEMAIL: "ada@example.org" };
  const { status, stderr } = spawnSync("bash", words, { encoding: "utf8", stdio: ["ignore", "ignore", "pipe"], env });
  return status === 0 ? null : `the packages cannot be built: ${stderr.trim()}`;
}

const lacking = missing("podman_base");
if (lacking === null) builtMain();
const notBuilt = lacking ?? build("one");
const digestsIn = (name: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(join(folder, name)).map((file) => [
      file,
      createHash("sha256")
        .update(readFileSync(join(folder, name, file)))
        .digest("hex"),
    ]),
  );

const packageFile = (ending: string): string =>
  join(folder, "one", readdirSync(join(folder, "one")).find((name) => name.endsWith(ending))!);

/** A shell in the clean Debian, as root, with the packages at /packages. */
const inDebian = (line: string) =>
  runContainer([
    ...["--network", "none", "-v", `${join(folder, "one")}:/packages:ro`],
    ...["localhost/pktgen-ts-base", "bash", "-ec", line],
  ]);
const run = "--sizes 64 --rate 2kpps --count 500 --warmup 0";
const allCameBack = /500 frames sent, 500 accepted, 0 lost, 0 unaccounted/;

describeLab("packages with their own Node.js", ["podman_base"], () => {
  describe.skipIf(skips(notBuilt))(notBuilt ?? "are built", () => {
    it("have the same bytes when they are built again, by another user's umask and elsewhere", () => {
      const before = process.umask(0o077);
      try {
        expect(build("two")).toBe(null);
      } finally {
        process.umask(before);
      }
      const digests = digestsIn("one");
      expect(Object.keys(digests)).toHaveLength(2);
      expect(digestsIn("two")).toEqual(digests);
    });

    it("the tarball runs where it is unpacked, by a link, too", async () => {
      // A clean root has no xz: this machine's unpacks it.
      const unpacked = join(folder, "unpacked");
      execFileSync("mkdir", [unpacked]);
      execFileSync("tar", ["-xf", packageFile(".tar.xz"), "-C", unpacked]);
      const said = await runContainer([
        ...["--network", "none", "-v", `${unpacked}:/opt:ro`, "--user", "65534", "localhost/pktgen-ts-base"],
        ...["bash", "-ec", `ln -s /opt/*/bin/pktgen-ts /tmp/p; /tmp/p --version; /tmp/p ${run} || [ $? = 4 ]`],
      ]);
      expect([said.code, said.stderr]).toEqual([0, ""]);
      expect(said.stdout.startsWith(`${version}\n`)).toBe(true);
      expect(said.stdout).toMatch(allCameBack);
    });

    it("the .deb is installed, works, has a page of the manual, and goes without a trace", async () => {
      const files = "find / -xdev -path /proc -prune -o -path '*pktgen*' -print | grep -v ^/packages || true";
      const said = await inDebian(
        [
          "if command -v node; then exit 7; fi",
          "dpkg -i /packages/*.deb >/dev/null",
          // The clean root leaves manuals and documents out, whatever a package has.
          "if dpkg --verify pktgen-ts | grep -v /usr/share/; then exit 8; fi",
          "pktgen-ts --version",
          `pktgen-ts ${run} || [ $? = 4 ]`,
          "test -e /usr/share/doc/pktgen-ts/copyright",
          "dpkg -P pktgen-ts >/dev/null",
          `echo "left: $(${files})"`,
        ].join("\n"),
      );
      expect([said.code, said.stderr]).toEqual([0, ""]);
      expect(said.stdout.startsWith(`${version}\n`)).toBe(true);
      expect(said.stdout).toMatch(allCameBack);
      expect(said.stdout).toMatch(/left: \n$/);
    });

    it("the .deb says what it needs, and holds the manual; what it names is the package's own", () => {
      const deb = packageFile(".deb");
      const field = (name: string): string => execFileSync("dpkg-deb", ["-f", deb, name], { encoding: "utf8" }).trim();
      expect(field("Version")).toBe(`${version}-1`);
      expect(field("Maintainer")).toBe("Ada Example <ada@example.org>");
      expect(field("Depends")).toMatch(/^libc6 \(>= 2\.28\), /);
      const listed = execFileSync("dpkg-deb", ["-c", deb], { encoding: "utf8", maxBuffer: 1 << 24 });
      expect(listed).toContain("./usr/share/man/man1/pktgen-ts.1.gz");
      const paths = [...listed.matchAll(/ \.\/(\S+)/g)].map(([, path]) => path!);
      const places = /^usr\/$|^usr\/(bin|lib|share)\/$|^usr\/(lib\/pktgen-ts|bin\/pktgen-ts|share\/(doc|man|lintian))/;
      expect(paths.filter((path) => !places.test(path))).toEqual([]);
      // No owner, and no mode, of whoever built it.
      expect(
        listed
          .split("\n")
          .filter((line) => line !== "" && !/^[-dl](rw-r--r--|rwxr-xr-x|rwxrwxrwx) root\/root /.test(line)),
      ).toEqual([]);
    });
  });
});

describe("what scripts/packages.sh refuses", () => {
  it.each([
    [["--arch", "sparc"], "--arch takes x64 or arm64"],
    [["--only", "rpm"], "--only takes tarball, deb or tree"],
    [["--level", "best"], "--level takes a digit"],
    [["--what"], "unknown option --what"],
  ])("%j", (words, message) => {
    const { status, stderr } = spawnSync("bash", [script, ...words], { encoding: "utf8" });
    expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
    expect(existsSync(join(root, "packages"))).toBe(false);
  });

  it.each([{ DEBEMAIL: "nobody" }, { DEBEMAIL: "a@b\nDepends: x" }, { DEBFULLNAME: "A <b>" }])(
    "a maintainer that cannot be: %j",
    (given) => {
      const env = { ...process.env, ...given };
      const { status, stderr } = spawnSync("bash", [script, "--built"], { encoding: "utf8", env });
      expect([status, stderr]).toEqual([
        2,
        expect.stringContaining("DEBFULLNAME takes a name and DEBEMAIL an address"),
      ]);
    },
  );
});
