/** Servers that ask who one is, and servers that show who they are: the right ones are used, others are refused. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { connectNats, type NatsSetup } from "../../src/fleet/nats/nats-bus.js";
import { parseNatsAddress } from "../../src/options/fleet-address.js";
import { natsPrograms, startNats } from "../support/nats.js";

const [program] = natsPrograms;
const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-access-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Does a server with these arguments take this side? The reason where it does not. */
async function tried(serverArgs: readonly string[], url: (port: number) => string, more: Partial<NatsSetup> = {}) {
  const server = await startNats(program!, serverArgs);
  try {
    await using bus = await connectNats({
      address: parseNatsAddress(url(server.port), "--fleet"),
      name: "access",
      ...more,
    });
    await bus.subscribe("who", ({ reply }) => reply({ from: "me" }));
    return (await bus.request("who", null, 10_000)).kind;
  } catch (error) {
    return (error as Error).message;
  } finally {
    await server.stop();
  }
}

describe.skipIf(program!.missing !== null)(
  `a server${program!.missing === null ? "" : ` (${program!.missing})`}`,
  () => {
    const asksWho = ["--user", "me", "--pass", "s3cret"];

    it("that asks for a password gets it", async () => {
      expect(await tried(asksWho, (port) => `nats://me:s3cret@127.0.0.1:${port}`)).toBe("answer");
    });

    it("that asks for a password refuses a wrong one, and nobody waits", async () => {
      for (const who of ["", "me:guess@"]) {
        expect(await tried(asksWho, (port) => `nats://${who}127.0.0.1:${port}`)).toMatch(
          /^no connection to the fleet's server/,
        );
      }
    });

    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const openssl = existsSync("/usr/bin/openssl");
    if (openssl) {
      const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
      const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
      execFileSync("openssl", [...args, "-keyout", key, "-out", cert, ...subject], { stdio: "ignore" });
    }
    const encrypted = ["--tls", "--tlscert", cert, "--tlskey", key];

    it.skipIf(!openssl)("with TLS is used where its certificate is known", async () => {
      expect(await tried(encrypted, (port) => `tls://localhost:${port}`, { tlsCaFile: cert })).toBe("answer");
    });

    it.skipIf(!openssl)("with TLS is refused where nobody vouches for its certificate", async () => {
      expect(await tried(encrypted, (port) => `tls://localhost:${port}`)).toMatch(
        /^no connection to the fleet's server/,
      );
    });

    it.skipIf(!openssl)("without TLS is refused where TLS was asked for", async () => {
      expect(await tried([], (port) => `tls://localhost:${port}`, { tlsCaFile: cert })).toMatch(/^no connection/);
    });
  },
);
