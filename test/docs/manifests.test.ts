/** The manifests of examples/kubernetes and examples/containerlab, and GitHub's files: of their schemas, and with options that there are. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Job } from "kubernetes-models/batch/v1/Job";
import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { Pod } from "kubernetes-models/v1/Pod";
import { Service } from "kubernetes-models/v1/Service";
import { expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { commandWords, loadCommands } from "../../src/cli/commands/index.js";
import { nameOf } from "../../src/options/option.js";
import { root } from "../support/documents.js";

const textOf = (path: string): string => readFileSync(join(root, "examples", path), "utf8");
const manifestsIn = (path: string) => parseAllDocuments(textOf(path)).map((document) => document.toJS());
const schemas = { ConfigMap, Job, Pod, Service } as const;

const commands = await loadCommands(commandWords);
/** Options in a text that the command named in it does not have. */
function unknownOptions(text: string): string[] {
  const known = new Set(
    commands.flatMap(({ options }) => Object.values(options).flatMap((table) => Object.values(table).map(nameOf))),
  );
  return [...text.matchAll(/(?<=[\s'"])--[a-z][a-z-]+/g)]
    .map(([option]) => option)
    .filter((option) => !known.has(option));
}

it.each(["kubernetes/one-way.yaml", "kubernetes/userspace-cni.yaml"])("%s is of Kubernetes' own schemas", (path) => {
  for (const manifest of manifestsIn(path)) {
    const Kind = schemas[manifest.kind as keyof typeof schemas];
    expect(() => new Kind(manifest as never).validate(), manifest.kind).not.toThrow();
    manifest.metadata.name = 7;
    expect(() => new Kind(manifest as never).validate(), manifest.kind).toThrow(/name must be string/);
  }
});

it("the manifests ask for no more than is needed, and mount what they name", () => {
  const pods = [...manifestsIn("kubernetes/one-way.yaml"), ...manifestsIn("kubernetes/userspace-cni.yaml")].flatMap(
    ({ kind, spec }) => (kind === "Job" ? [spec.template.spec] : kind === "Pod" ? [spec] : []),
  );
  expect(pods).toHaveLength(3);
  for (const pod of pods) {
    expect(pod.automountServiceAccountToken).toBe(false);
    const [{ volumeMounts, securityContext }] = pod.containers;
    const names = (all: { readonly name: string }[]): string[] => all.map(({ name }) => name).toSorted();
    expect(names(volumeMounts)).toEqual(names(pod.volumes));
    expect(securityContext.capabilities.drop).toEqual(["ALL"]);
    expect(["NET_RAW", undefined]).toContain(securityContext.capabilities.add?.join());
  }
  const text = textOf("kubernetes/one-way.yaml") + textOf("kubernetes/userspace-cni.yaml");
  expect(text).not.toMatch(/privileged:|hostNetwork|hostPID|hugepages-/);
});

it("the sender and the receiver of one-way.yaml are told the same", () => {
  const jobs = manifestsIn("kubernetes/one-way.yaml").filter(({ kind }) => kind === "Job");
  const told = jobs.map(({ spec }) => JSON.stringify(spec.template.spec.containers[0].args));
  const of = (name: string): (string | undefined)[] =>
    told.map((text) => new RegExp(`--${name}[= ](\\S+?)[ "\\\\]`).exec(text)?.[1]);
  expect([of("rate"), of("duration"), of("profile")]).toEqual([
    ["1kpps", "1kpps"],
    ["600s", "600s"],
    ["/profile/pods.yaml", "/profile/pods.yaml"],
  ]);
});

it("what examples say to pktgen-ts are options that there are", () => {
  const texts = ["kubernetes/one-way.yaml", "kubernetes/userspace-cni.yaml", "github-actions/workflow.yml"];
  const labs = ["containerlab/router.clab.yml", "containerlab/pktgen.clab.yml"].map((path) => {
    const { topology } = parse(textOf(path));
    return Object.values<{ readonly cmd?: string }>(topology.nodes)
      .map(({ cmd }) => ` ${cmd ?? ""}`)
      .join();
  });
  for (const text of [...texts.map(textOf), ...labs]) expect(unknownOptions(text)).toEqual([]);
  expect(unknownOptions(" --no-such-option")).toEqual(["--no-such-option"]);
});

it("links of a lab go between nodes that there are", () => {
  for (const path of ["containerlab/router.clab.yml", "containerlab/pktgen.clab.yml"]) {
    const { topology } = parse(textOf(path));
    const ends: string[] = topology.links.flatMap(({ endpoints }: { endpoints: string[] }) => endpoints);
    expect(new Set(ends).size).toBe(ends.length);
    expect(ends.filter((end) => !(end.split(":")[0]! in topology.nodes))).toEqual([]);
  }
});

it("the workflow gives the action inputs that it has", () => {
  const { inputs, outputs, runs } = parse(textOf("github-actions/action.yml"));
  const { jobs } = parse(textOf("github-actions/workflow.yml"));
  const step = jobs.forwarding.steps.find(({ id }: { id?: string }) => id === "pktgen");
  expect(Object.keys(step.with).filter((name) => !(name in inputs))).toEqual([]);
  const text = textOf("github-actions/action.yml");
  // Inputs are no part of a script: they would be taken for commands.
  expect(runs.steps.filter(({ run }: { run: string }) => run.includes("${{"))).toEqual([]);
  expect([...text.matchAll(/inputs\.(\w+)/g)].map(([, name]) => name!).filter((name) => !(name in inputs))).toEqual([]);
  for (const { value } of Object.values<{ value: string }>(outputs))
    expect(value).toMatch(/^\$\{\{ steps\.measure\.outputs\.\w+ \}\}$/);
});
