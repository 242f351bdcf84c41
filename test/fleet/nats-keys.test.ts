/** Agents that are known to the server by a key: the right one is taken, a wrong one is refused in a sentence. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { agentProcess, endProcesses } from "../support/fleet-processes.js";
import { fleetRig } from "../support/fleet-rig.js";
import { natsPrograms, type RunningNats, startNats } from "../support/nats.js";
import { nkeyUser, signedWorld } from "../support/nats-keys.js";
import { runCli } from "../support/run-cli.js";

const [program] = natsPrograms;
const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-keys-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const { keep } = fleetRig();
afterEach(endProcesses);

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

async function serverOf(config: string): Promise<RunningNats> {
  const nats = await startNats(program!, ["-c", file("server.conf", config)]);
  keep({ [Symbol.asyncDispose]: () => nats.stop() });
  return nats;
}

/** What the command says that only asks who is there. */
const asks = async (nats: RunningNats, ...who: string[]) => runCli(["fleet", "ls", "--fleet", nats.url, ...who]);

const refused = /^pktgen-ts: 127\.0\.0\.1:\d+: no connection to the fleet's server: .*[Aa]uthorization/;

describe.skipIf(program!.missing !== null)(
  `a server that knows keys${program!.missing === null ? "" : ` (${program!.missing})`}`,
  () => {
    it("takes the seed of a user that it knows, and refuses another one, and none", async () => {
      const [known, other] = [nkeyUser(), nkeyUser()];
      const nats = await serverOf(`authorization { users: [{ nkey: ${known.publicKey} }] }`);
      const right = await asks(nats, "--nkey", file("user.nk", `${known.seed}\n`));
      expect([right.code, right.stdout]).toEqual([0, "no agent answers\n"]);
      const wrong = await asks(nats, "--nkey", file("other.nk", other.seed));
      expect([wrong.code, wrong.stderr]).toEqual([3, expect.stringMatching(refused)]);
      expect((await asks(nats)).code).toBe(3);
    });

    it("takes credentials that its operator's account signed, and refuses those of another world", async () => {
      const [world, foreign] = [signedWorld(), signedWorld()];
      const nats = await serverOf(world.config);
      const right = await asks(nats, "--creds", file("agent.creds", world.credentials()));
      expect([right.code, right.stdout]).toEqual([0, "no agent answers\n"]);
      const wrong = await asks(nats, "--creds", file("foreign.creds", foreign.credentials()));
      expect([wrong.code, wrong.stderr]).toEqual([3, expect.stringMatching(refused)]);
    });

    it("that knows an agent no more ends it with a sentence, and keeps nobody waiting", async () => {
      const user = nkeyUser();
      const config = (key: string): string => `authorization { users: [{ nkey: ${key} }] }`;
      const nats = await serverOf(config(user.publicKey));
      const agent = await agentProcess(nats.url, "a1", {
        more: ["--nkey", file("agent.nk", user.seed)],
        stderr: "pipe",
      });
      let said = "";
      agent.stderr!.on("data", (data: Buffer) => {
        said += String(data);
      });
      const exit = new Promise((resolve) => agent.removeAllListeners("exit").once("exit", resolve));
      file("server.conf", config(nkeyUser().publicKey));
      await nats.restart();
      expect(await exit).toBe(3);
      expect(said).toMatch(
        /^pktgen-ts: 127\.0\.0\.1:\d+: the fleet's server does not take this agent any more: .*Authoriz/,
      );
    });

    it("is not asked with a file that has no key: the option is named, and what it takes", async () => {
      const nats = await serverOf("");
      for (const [option, text] of [
        ["--nkey", "no seed"],
        ["--creds", "no credentials"],
      ] as const) {
        const { code, stderr } = await asks(nats, option, file("nothing", text));
        expect([code, stderr]).toEqual([2, expect.stringMatching(new RegExp(`${option}: .* ha(s|ve) no `))]);
        expect(stderr).not.toMatch(/at .*\.js/);
      }
    });
  },
);
