/** The image, built here, in containers that have little: what works works, what cannot says so. And the examples that use it. */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { buildImage, podman, runContainer, type Said, startContainer } from "../support/containers.js";
import { root } from "../support/documents.js";
import { ip, makeNetns, makeVeth } from "../support/netns.js";
import { OpenVSwitch } from "../support/ovs.js";
import { describeLab, missing, skips } from "../support/probe.js";
import { builtMain, runCli } from "../support/run-cli.js";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const image = `localhost/pktgen-ts-test-${process.pid}`;
const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-image-"));
chmodSync(folder, 0o755);
const lacking = missing("podman_base") ?? missing("netns");
if (lacking === null) builtMain();
const notBuilt = lacking ?? buildImage(image);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  if (notBuilt === null) podman("rmi", "-f", image);
});

const alone = ["--network", "none"];
const inNetns = (name: string): string[] => ["--network", `ns:/run/netns/${name}`];
const withCapabilities = (...names: readonly string[]): string[] => [
  ...["--cap-drop", "ALL"],
  ...names.flatMap((name) => ["--cap-add", name]),
];
const shortRun = ["run", "--sizes", "64", "--rate", "2kpps", "--count", "500", "--warmup", "0", "--json", "-"];

interface Counted {
  readonly sent: number;
  readonly accepted: number;
  readonly lost: number;
}
const trialsIn = ({ stdout, stderr }: Said): readonly Counted[] => {
  if (stdout === "") throw new Error(stderr);
  return (JSON.parse(stdout) as { readonly trials: readonly Counted[] }).trials;
};
/** A busy machine makes a trial invalid, and changes no count. */
const whole = { sent: expect.any(Number), lost: 0 };
const expectWhole = (said: Said): void => {
  expect([0, 4]).toContain(said.code);
  for (const trial of trialsIn(said)) {
    expect(trial).toMatchObject(whole);
    expect(trial.accepted).toBe(trial.sent);
    expect(trial.sent).toBeGreaterThan(0);
  }
};

/** A namespace with a pair of interfaces, and the run over it. */
const overPair = ["--dut", "external", "--tx", "packet:a", "--rx", "packet:b"];
function pairSpace() {
  const space = makeNetns();
  makeVeth({ netns: space.name, name: "a" }, { netns: space.name, name: "b" });
  return space;
}

describeLab("the image", ["podman_base", "netns"], () => {
  describe.skipIf(skips(notBuilt))(notBuilt ?? "is built without an image registry", () => {
    it("has a user, a health check, an entry point, and `serve` where nothing is said", () => {
      const [{ Config, Healthcheck, Size }] = JSON.parse(podman("image", "inspect", image));
      expect(Config).toMatchObject({ User: "65532:65532", Entrypoint: ["pktgen-ts"], Cmd: ["serve"] });
      expect(Healthcheck.Test).toEqual(["CMD", "pktgen-ts", "health"]);
      expect(Size).toBeLessThan(300e6);
    });

    it("does the main job as nobody, with nothing", async () => {
      expectWhole(await runContainer([...alone, "--cap-drop", "ALL", image, ...shortRun]));
      expectWhole(await runContainer([...alone, "--security-opt", "no-new-privileges", image, ...shortRun]));
    });

    it("has packet: ports by file capabilities, where the engine gives ordinary users none", async () => {
      using space = pairSpace();
      // As engines do that know no ambient capabilities: they are in the bounding set, and the user has none.
      const asOthers = ["--user", "0", "--entrypoint", "setpriv"];
      const drop = ["--reuid", "65532", "--regid", "65532", "--clear-groups", "--inh-caps=-all", "--ambient-caps=-all"];
      for (const names of [["NET_RAW"], ["NET_RAW", "NET_ADMIN"]]) {
        const given = withCapabilities(...names, "SETUID", "SETGID", "SETPCAP");
        const words = [...inNetns(space.name), ...given, ...asOthers, image, ...drop, "pktgen-ts", ...shortRun];
        expectWhole(await runContainer([...words, ...overPair]));
      }
    });

    it("says which capability packet: lacks", async () => {
      using space = pairSpace();
      const said = await runContainer([...inNetns(space.name), "--cap-drop", "ALL", image, ...shortRun, ...overPair]);
      expect(said).toMatchObject({ code: 3, stdout: "" });
      expect(said.stderr).toMatch(
        /^pktgen-ts: packet:a: no permission to open a packet socket: CAP_NET_RAW is missing/,
      );
      expect(said.stderr).not.toMatch(/^\s+at /m);
    });

    it("on a read-only root: without a /tmp it says so, with one it works, and /dev/shm is not needed", async () => {
      const readOnly = [...alone, "--read-only", "--read-only-tmpfs=false"];
      const noShm = ["--mount", "type=tmpfs,dst=/dev/shm,ro"];
      const bare = await runContainer([...readOnly, image, ...shortRun]);
      expect(bare).toMatchObject({ code: 3, stdout: "" });
      expect(bare.stderr).toMatch(/^pktgen-ts: no directory for the sockets could be made in \/tmp: EROFS; set TMPDIR/);
      expectWhole(await runContainer([...readOnly, ...noShm, "--tmpfs", "/tmp", image, ...shortRun]));
    });

    it("says when it has too little memory, instead of being ended", async () => {
      const limit = (megabytes: number): string[] => ["--memory", `${megabytes}m`, "--memory-swap", `${megabytes}m`];
      const few = await runContainer([...alone, ...limit(64), image, ...shortRun]);
      expect(few).toMatchObject({ code: 3, stdout: "" });
      expect(few.stderr).toBe("pktgen-ts: this container may use 64 MB of memory; at least 96 are needed\n");
      expectWhole(await runContainer([...alone, ...limit(128), image, ...shortRun]));
    });

    it("serves, is healthy then, and ends when it is told to", async () => {
      const name = `pktgen-ts-serve-${process.pid}`;
      const child = startContainer([...alone, "--name", name, image]);
      const ended = new Promise((resolve) => child.once("close", resolve));
      try {
        await new Promise<void>((resolve) =>
          child.stdout!.on("data", (data) => String(data).includes("pktgen-ts ready") && resolve()),
        );
        expect(podman("exec", name, "pktgen-ts", "health")).toBe("127.0.0.1:8080 answers\n");
      } finally {
        spawnSync("podman", ["stop", "-t", "10", name], { cwd: folder });
      }
      expect(await ended).toBe(0);
    });

    it("examples/kubernetes/one-way.yaml: its commands in two containers count every frame", async () => {
      const documents = parseAllDocuments(readFileSync(join(root, "examples/kubernetes/one-way.yaml"), "utf8"));
      const [config, , receive, send] = documents.map((document) => document.toJS());
      writeFileSync(join(folder, "pods.yaml"), config.data["pods.yaml"]);
      const shorter = (word: string): string =>
        word.replace("--duration=600s", "--duration=2s").replace("=120s", "=3s");
      const containerOf = (job: {
        readonly spec: { readonly template: { readonly spec: { containers: object[] } } };
      }) =>
        job.spec.template.spec.containers[0] as {
          args: string[];
          securityContext: { capabilities: { add: string[] } };
        };
      using one = makeNetns();
      using other = makeNetns();
      makeVeth({ netns: one.name, name: "eth0" }, { netns: other.name, name: "eth0" });
      ip(one.name, "addr", "add", "198.18.0.1/24", "dev", "eth0");
      ip(other.name, "addr", "add", "198.18.0.2/24", "dev", "eth0");
      const mount = ["-v", `${folder}:/profile:ro`, "--add-host", "pktgen-receive:198.18.0.2"];
      const rights = (job: Parameters<typeof containerOf>[0]): string[] =>
        withCapabilities(...containerOf(job).securityContext.capabilities.add);
      const receiver = runContainer([
        ...[...inNetns(other.name), ...mount, ...rights(receive), image],
        ...containerOf(receive).args.map(shorter),
      ]);
      // As the readiness probe does.
      const listens = ["netns", "exec", other.name, "bash", "-c", 'test "$(wc -l </proc/net/packet)" -gt 1'];
      while (spawnSync("ip", listens).status !== 0) await new Promise((resolve) => setTimeout(resolve, 100));
      const script = containerOf(send).args[0]!.replace("600s", "2s");
      const address = ["--env", "POD_IP=198.18.0.1", "--entrypoint", "bash"];
      const sent = await runContainer([
        ...inNetns(one.name),
        ...mount,
        ...rights(send),
        ...address,
        image,
        "-c",
        script,
      ]);
      writeFileSync(join(folder, "sent.json"), sent.stdout);
      writeFileSync(join(folder, "received.json"), (await receiver).stdout);
      const files = [join(folder, "sent.json"), join(folder, "received.json")];
      expectWhole(await runCli(["merge", ...files, "--json", "-"]));
    });

    const noRouter = missing("frr");
    it.skipIf(skips(noRouter))(
      `examples/containerlab: FRR routes between the ports (${noRouter ?? "zebra"})`,
      async () => {
        const lab = parse(readFileSync(join(root, "examples/containerlab/router.clab.yml"), "utf8"));
        expect(lab.topology.links.map(({ endpoints }: { endpoints: string[] }) => endpoints)).toEqual([
          ["gen:eth1", "router:eth1"],
          ["gen:eth2", "router:eth2"],
        ]);
        using gen = makeNetns();
        using router = makeNetns();
        const name = `pktgen-ts-clab-${process.pid}`;
        const results = join(folder, "results");
        mkdirSync(results);
        chmodSync(results, 0o777);
        // The links come after the container, as containerlab makes them.
        const words = [...inNetns(gen.name), ...withCapabilities("NET_RAW"), "--env", "CLAB_INTFS=2", "--name", name];
        const server = startContainer([
          ...words,
          "-v",
          `${results}:/results`,
          image,
          ...lab.topology.nodes.gen.cmd.split(" "),
        ]);
        const ready = new Promise<void>((resolve) =>
          server.stdout!.on("data", (data) => String(data).includes("pktgen-ts ready") && resolve()),
        );
        for (const port of ["eth1", "eth2"]) {
          makeVeth({ netns: gen.name, name: port }, { netns: router.name, name: port });
        }
        const frr = join(folder, "frr");
        mkdirSync(frr);
        chmodSync(frr, 0o777);
        copyFileSync(join(root, "examples/containerlab/router/frr.conf"), join(frr, "frr.conf"));
        const zebra = ["/usr/lib/frr/zebra", "-f", `${frr}/frr.conf`, "-i", `${frr}/pid`, "-z", `${frr}/zserv`];
        const router1 = spawn("ip", ["netns", "exec", router.name, ...zebra, "--vty_socket", frr, "-P", "0"]);
        try {
          await ready;
          const routed = (): boolean => ip(router.name, "route").includes("198.18.1.0/24");
          while (!routed()) await new Promise((resolve) => setTimeout(resolve, 100));
          // The document's own command, shorter.
          const readme = readFileSync(join(root, "examples/containerlab/README.md"), "utf8");
          const [, printed] = /docker exec clab-router-gen (pktgen-ts [\s\S]*?loss\.xml)/.exec(readme)!;
          const command = printed!.replaceAll("\\\n", " ").replace("10kpps", "2kpps").replace("5s", "1s");
          const measured = spawnSync("podman", ["exec", name, "bash", "-c", command], {
            cwd: folder,
            encoding: "utf8",
          });
          expect([0, 4], measured.stdout + measured.stderr).toContain(measured.status);
          // A generator that had no CPU sends fewer, and says so.
          const sent = measured.status === 0 ? "4,000" : "[\\d,]+";
          expect(measured.stdout).toMatch(new RegExp(`(${sent}) frames sent, \\1 accepted, 0 lost`));
          expect(readFileSync(join(results, "loss.xml"), "utf8")).toMatch(/<testsuites? [^>]*tests="/);
        } finally {
          spawnSync("podman", ["rm", "-f", "-t", "0", "--ignore", name], { cwd: folder });
          router1.kill("SIGTERM");
          await new Promise((resolve) => router1.once("close", resolve));
        }
      },
    );

    const noSwitch = missing("ovs") ?? missing("hugetlbfs");
    it.skipIf(skips(noSwitch))(
      `examples/kubernetes/userspace-cni.yaml: no hugepages in the container (${noSwitch ?? "Open vSwitch"})`,
      async () => {
        const pod = parse(readFileSync(join(root, "examples/kubernetes/userspace-cni.yaml"), "utf8"));
        const [container] = pod.spec.containers;
        await using ovs = new OpenVSwitch();
        await ovs.start();
        const sockets = join(ovs.socket(1), "..");
        // As the plugin writes it, and as the downward API quotes it.
        const configurations = [1, 2].map((port) => ({
          ifName: `net${port}`,
          config: { iftype: "vhostuser", vhost: { mode: "server", socketfile: `p${port}.sock` } },
        }));
        const podinfo = join(folder, "podinfo");
        mkdirSync(podinfo);
        const quoted = JSON.stringify(JSON.stringify(configurations));
        writeFileSync(join(podinfo, "annotations"), `a="b"\nuserspace/configuration-data=${quoted}\n`);
        const mounts = ["-v", `${sockets}:/var/lib/cni/usrspcni`, "-v", `${podinfo}:/podinfo:ro`, "--tmpfs", "/tmp"];
        const { runAsUser } = container.securityContext;
        const rights = [
          "--user",
          `${runAsUser}`,
          "--cap-drop",
          "ALL",
          "--read-only",
          "--security-opt",
          "no-new-privileges",
        ];
        const script = (container.args[0] as string)
          .replace("64,1518", "64")
          .replace("10kpps", "2kpps")
          .replace("10s", "4s");
        const said = await runContainer([...alone, ...rights, ...mounts, "--entrypoint", "bash", image, "-c", script]);
        const [trial] = trialsIn(said);
        expect(trial!.accepted).toBeGreaterThan(0);
        expect(trial!.accepted + trial!.lost).toBe(trial!.sent);
      },
    );
  });
});
