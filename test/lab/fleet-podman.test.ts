/** The agent in a container with exactly the capabilities, mounts and options of the manifest, on a bridge of the test. */
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { hostLimits } from "../../src/dut/testpmd/containers.js";
import { defaultImage, runVariants } from "../../src/dut/testpmd/engine-command.js";
import { makeSwitch } from "../support/fleet-hosts.js";
import { endProcesses, runIn } from "../support/fleet-processes.js";
import { natsPrograms, startNats } from "../support/nats.js";
import { ip, makeNetns, makeVeth } from "../support/netns.js";
import { describeLab } from "../support/probe.js";

const root = join(import.meta.dirname, "../..");
const manifest = parse(readFileSync(join(root, "examples/fleet/job.yaml"), "utf8"));
const [agent] = manifest.spec.template.spec.containers;
const { drop, add } = agent.securityContext.capabilities as { drop: string[]; add: string[] };
const [program] = natsPrograms;
const name = `pktgen-ts-agent-${process.pid}`;

/** As the manifest's security context says it; the program and its Node are mounted, since the image has neither. */
const asInManifest = (netns: string): string[] => [
  ...runVariants("podman", hostLimits(), null)[0]!.engineArguments,
  ...["run", "--rm", "--pull=never", "--name", name, "--network", `ns:/run/netns/${netns}`, "--log-driver", "none"],
  ...drop.flatMap((one) => ["--cap-drop", one]),
  ...add.flatMap((one) => ["--cap-add", one]),
  ...["--security-opt", "no-new-privileges", "--read-only", "--tmpfs", "/spool", "--env", "JOB_COMPLETION_INDEX=0"],
  ...["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"],
  ...["-v", `${process.execPath}:/usr/bin/node:ro`],
  ...["dist", "node_modules", "package.json"].flatMap((one) => ["-v", `${join(root, one)}:/app/${one}:ro`]),
  ...[defaultImage, "/usr/bin/node", "/app/dist/cli/main.js"],
];

/** The manifest's arguments, with this test's server and interfaces. */
const argumentsFor = (url: string): string[] => [
  ...(agent.args as string[])
    .filter((one) => !/^--(fleet|creds|port)=/.test(one))
    .map((one) => one.replace("$(JOB_COMPLETION_INDEX)", "0")),
  ...["--fleet", url, "--insecure", "--port", "packet:tx", "--port", "packet:rx"],
];

describeLab("an agent in podman, with the manifest's capabilities", ["netns", "podman"], () => {
  it.skipIf(program!.missing !== null)(
    "does its trial through a bridge, and ends when it is told to",
    async () => {
      using hub = makeNetns();
      using host = makeNetns();
      makeSwitch(hub.name, "bridge");
      for (const port of ["tx", "rx"]) {
        makeVeth({ netns: hub.name, name: port }, { netns: host.name, name: port });
        ip(hub.name, "link", "set", "dev", port, "master", "bridge");
      }
      makeVeth({ netns: hub.name, name: "way" }, { netns: host.name, name: "way" });
      ip(hub.name, "addr", "add", "198.18.0.1/30", "dev", "way");
      ip(host.name, "addr", "add", "198.18.0.2/30", "dev", "way");
      const nats = await startNats(program!, [], hub.name);
      const words = [...asInManifest(host.name), ...argumentsFor(`nats://198.18.0.1:${nats.port}`)];
      const container = spawn("podman", words, { stdio: ["ignore", "pipe", "inherit"] });
      try {
        await new Promise<void>((resolve, reject) => {
          container.once("exit", (code) => reject(new Error(`the container ended with ${code}`)));
          container.stdout.on("data", (data: Buffer) => String(data).includes("agent a0 answers") && resolve());
        });
        const probe = agent.readinessProbe.exec.command as string[];
        expect(spawnSync("podman", ["exec", name, ...probe]).status).toBe(0);
        const ports = ["--dut", "external", "--tx", "packet:tx", "--rx", "packet:rx"];
        const load = [
          "--sizes",
          "128",
          "--count",
          "2000",
          "--rate",
          "4kpps",
          "--warmup",
          "0ms",
          "--start-within",
          "10s",
        ];
        const said = await runIn(hub.name, ["run", "--fleet", nats.url, ...ports, ...load, "--json", "-"]);
        const [trial] = JSON.parse(said).trials;
        expect(trial).toMatchObject({ sent: 2_000, accepted: 2_000, lost: 0, fleet: { agents: [{ name: "a0" }] } });
        const ended = new Promise((resolve) => container.removeAllListeners("exit").once("exit", resolve));
        spawnSync("podman", ["stop", "-t", "5", name]);
        expect(await ended).toBe(0);
      } finally {
        spawnSync("podman", ["rm", "-f", "-t", "0", "--ignore", name]);
        endProcesses();
        await nats.stop();
      }
    },
    60_000,
  );
});
