/** The manifests and the unit in examples/fleet: they parse, name options that there are, and ask for no more than is needed. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DaemonSet } from "kubernetes-models/apps/v1/DaemonSet";
import { Job } from "kubernetes-models/batch/v1/Job";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { agentOptions } from "../../src/options/fleet-options.js";

const pathOf = (name: string): string => join(import.meta.dirname, "../../examples/fleet", name);
const textOf = (name: string): string => readFileSync(pathOf(name), "utf8");

const flags = new Set(Object.values(agentOptions).map((option) => option.flags.split(" ")[0]));
const unknownFlags = (words: readonly string[]): string[] =>
  words.flatMap((word) => /^--[a-z-]+/.exec(word)?.[0] ?? []).filter((flag) => !flags.has(flag));

const noSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0 ? null : "systemd-analyze is not here";

it.skipIf(noSystemd !== null)(`the unit is one that systemd takes (${noSystemd ?? "systemd-analyze verify"})`, () => {
  const { status, stderr } = spawnSync("systemd-analyze", ["verify", pathOf("pktgen-ts-agent.service")]);
  // It looks at the units of this machine, too.
  expect([status, String(stderr).match(/^.*pktgen-ts-agent.*$/gm)]).toEqual([0, null]);
});

it("the manifests are of Kubernetes' own schemas, and these refuse what is none", () => {
  for (const [Kind, file] of [
    [DaemonSet, "daemonset.yaml"],
    [Job, "job.yaml"],
  ] as const) {
    const manifest = parse(textOf(file));
    expect(() => new Kind(manifest).validate()).not.toThrow();
    manifest.spec.template.spec.containers[0].securityContext.capabilities = "NET_RAW";
    expect(() => new Kind(manifest).validate()).toThrow(/capabilities must be object/);
  }
});

const kinds = { "daemonset.yaml": ["apps/v1", "DaemonSet"], "job.yaml": ["batch/v1", "Job"] } as const;

describe.each(Object.entries(kinds))("%s", (file, [apiVersion, kind]) => {
  const manifest = parse(textOf(file));
  const pod = manifest.spec.template.spec;
  const [agent] = pod.containers;

  it("is one container of its kind, whose options there are", () => {
    expect([manifest.apiVersion, manifest.kind, pod.containers.length]).toEqual([apiVersion, kind, 1]);
    expect(agent.args[0]).toBe("agent");
    expect(unknownFlags(agent.args)).toEqual([]);
  });

  it("has exactly the capabilities that packet: ports need", () => {
    expect(agent.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      seccompProfile: { type: "RuntimeDefault" },
      capabilities: { drop: ["ALL"], add: ["NET_RAW", "NET_ADMIN"] },
    });
    expect(textOf(file)).not.toMatch(/privileged|hostPID|hostIPC/);
    expect(pod.automountServiceAccountToken).toBe(false);
  });

  it("mounts what it names, and is ready once the agent answers", () => {
    const mounts: { name: string; mountPath: string }[] = agent.volumeMounts;
    expect(mounts.map(({ name }) => name)).toEqual(pod.volumes.map(({ name }: { name: string }) => name));
    expect(agent.args).toContain(`--ready-file=${agent.readinessProbe.exec.command.at(-1)}`);
    expect(agent.resources.requests).toEqual(agent.resources.limits);
  });
});

it("the job's agents have names of their own", () => {
  const { spec } = parse(textOf("job.yaml"));
  expect(spec).toMatchObject({ completionMode: "Indexed", completions: 4, parallelism: 4 });
  expect(spec.template.spec.containers[0].args).toContain("--name=a$(JOB_COMPLETION_INDEX)");
});

it("the unit has exactly the same capabilities, as a user of its own", () => {
  const unit = textOf("pktgen-ts-agent.service");
  const values = new Map([...unit.matchAll(/^(\w+)=(.*)$/gm)].map(([, key, value]) => [key, value]));
  expect(values.get("AmbientCapabilities")).toBe("CAP_NET_RAW CAP_NET_ADMIN");
  expect(values.get("CapabilityBoundingSet")).toBe(values.get("AmbientCapabilities"));
  expect([values.get("DynamicUser"), values.get("NoNewPrivileges")]).toEqual(["yes", "yes"]);
  expect(unknownFlags(values.get("ExecStart")!.split(" "))).toEqual([]);
});
