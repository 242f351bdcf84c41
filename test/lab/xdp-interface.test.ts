/** `xdp:` on interfaces that go, that it leaves as they were, or that it refuses. */
import { closeSync } from "node:fs";
import { expect, it } from "vitest";
import { openPort, parsePortSpec } from "../../src/port/index.js";
import { readInterface } from "../../src/sys/net/netdev.js";
import { inNetns } from "../../src/sys/net/netns.js";
import { loadXdp } from "../../src/sys/xdp/bpf.js";
import { BpfAssembler } from "../../src/sys/xdp/bpf-assembler.js";
import { attachXdpOverNetlink } from "../../src/sys/xdp/xdp-attach.js";
import { inside, ip, type VethEnd, type VethPair, vethPair } from "../support/netns.js";
import { describeLab } from "../support/probe.js";
import { builtMain, type CliResult, runCli } from "../support/run-cli.js";
import { expectRefusal, interfaceRuns, statistics } from "./interface-run.js";

const { asking, port, run } = interfaceRuns("xdp");

/** A program on the interface, as `ip -d link` shows it. */
const hasProgram = ({ netns, name }: VethEnd): boolean => /xdp/.test(ip(netns, "-d", "link", "show", "dev", name));

describeLab("xdp: when the interface goes", ["netns", "af_xdp"], () => {
  it.each([
    ["a ring", "removed", "", (pair: VethPair) => ip(pair.a.netns, "link", "del", "dev", "a")],
    ["a ring", "set down", "", (pair: VethPair) => ip(pair.a.netns, "link", "set", "dev", "a", "down")],
    ["live frames", "removed", ",tx=live", (pair: VethPair) => ip(pair.a.netns, "link", "del", "dev", "a")],
    ["live frames", "set down", ",tx=live", (pair: VethPair) => ip(pair.a.netns, "link", "set", "dev", "a", "down")],
  ])("%s, %s in a run: what was measured is kept, the trial is invalid", async (_, __, options, spoil) => {
    using pair = vethPair();
    const args = ["--sizes", "64,128", "--rate", "3kpps", "--count", "3000"];
    const { code, document, stderr } = await run({ pair, options }, args, {
      during: (child) => {
        const wait = setInterval(() => {
          if (child.exitCode !== null) clearInterval(wait);
          // In the second trial, so that the first is there to be kept.
          else if (statistics(pair.a).txPackets >= 3_500) {
            clearInterval(wait);
            spoil(pair);
          }
        }, 20);
      },
    });
    expect(code, stderr).toBe(4);
    expect(document.trials.length).toBe(2);
    expect(document.trials[0]).toMatchObject({ accepted: 3_000, lost: 0 });
    expect(document.trials[1].verdict).toBe("invalid");
    expect(document.trials[1].reasons.join("; ")).toMatch(
      /interface [ab] (was removed|went down|lost its carrier)|went down or was removed/,
    );
    expect(document.trials[1].reasons.join("; ")).not.toContain("add up");
  });
});

describeLab("xdp: leaves nothing", ["netns", "af_xdp"], () => {
  it.each(["", ",tx=live"])("after a run, after an interrupt, and after SIGKILL%s", async (options) => {
    using pair = vethPair();
    const args = [...asking({ pair, options }), "--sizes", "64", "--rate", "1kpps", "--warmup", "0ms"];
    await runCli([...args, "--count", "100", "--settle", "100ms"]);
    expect([hasProgram(pair.a), hasProgram(pair.b)]).toEqual([false, false]);
    for (const signal of ["SIGINT", "SIGKILL"] as const) {
      let seen = false;
      const before = statistics(pair.b).rxPackets;
      await runCli([...args, "--duration", "20s"], {
        during: (child) => {
          const wait = setInterval(() => {
            if (child.exitCode !== null || child.signalCode !== null) clearInterval(wait);
            else if (statistics(pair.b).rxPackets >= before + 200) {
              seen = hasProgram(pair.b);
              clearInterval(wait);
              child.kill(signal);
            }
          }, 20);
        },
      });
      expect(seen).toBe(true);
      // The kernel lets go of a dead process's descriptors a moment after it is reaped.
      await expect.poll(() => [hasProgram(pair.a), hasProgram(pair.b)]).toEqual([false, false]);
      expect(ip(pair.b.netns, "-d", "link", "show", "dev", "b")).not.toContain("promiscuity 1");
    }
  });
});

describeLab("xdp: on kernels without links", ["netns", "af_xdp"], () => {
  it("a program is attached over netlink, not over another's, and taken off again", () => {
    using pair = vethPair();
    const { netns, name } = pair.a;
    inNetns(netns, "test", () => {
      const { index: interfaceIndex } = readInterface(name)!;
      const pass = loadXdp("pktgen_test", new BpfAssembler().alu("mov", 0, 2).exit().bytes());
      const place = { interfaceIndex, netns, hook: "native" } as const;
      const attached = attachXdpOverNetlink(pass, place);
      if ("refused" in attached) throw new Error(attached.refused);
      expect(hasProgram(pair.a)).toBe(true);
      expect(attachXdpOverNetlink(pass, place)).toEqual({ refused: "EBUSY" });
      attached.detach();
      expect(hasProgram(pair.a)).toBe(false);
      closeSync(pass);
    });
  });

  it("a program that the verifier refuses: its words are in the error", () => {
    const leaks = new BpfAssembler().load(8, 0, 1, 0).exit().bytes();
    expect(() => loadXdp("pktgen_test", leaks)).toThrow(
      /verifier refuses the XDP program pktgen_test \(EACCES\): .*invalid bpf_context access/,
    );
  });
});

describeLab("xdp: what it refuses", ["netns", "af_xdp"], () => {
  const ask = (tx: string, ...more: string[]): Promise<CliResult> =>
    runCli(["--dut", "external", "--tx", tx, "--sizes", "64", "--count", "10", "--rate", "1kpps", ...more]);

  it("an interface that another program is on, a queue that it has not, a kind of XDP that it has not", async () => {
    using pair = vethPair();
    await using _first = await openPort(parsePortSpec(port(pair.a)));
    expectRefusal(await ask(port(pair.a)), 3, /another XDP program is on interface a \(EBUSY\); end the program that/);
    expectRefusal(await ask(port(pair.a, ",mode=skb")), 3, /another XDP program is on interface a \((EBUSY|EEXIST)\)/);
    expectRefusal(
      await ask(port(pair.b, ",queues=2")),
      3,
      /interface b has no queue 1 .*; accepted: as many queues= as/,
    );
    expectRefusal(
      await ask(port(pair.b, ",mode=zerocopy")),
      3,
      /interface b has no XDP of the kind asked for \(native XDP without copying: E(OP)?NOTSUPP?\); mode=auto takes what there is/,
    );
    expect(hasProgram(pair.b)).toBe(false);
  });

  it("frames that do not fit, and traffic that live frames cannot be", async () => {
    using pair = vethPair({ mtu: 9000 });
    const live = port(pair.a, ",tx=live");
    expectRefusal(
      await ask(port(pair.a), "--sizes", "4000"),
      2,
      /an xdp port takes no frames of 4000 bytes; accepted: frames of at most 3840 bytes/,
    );
    expectRefusal(
      await ask(live, "--sizes", "3600"),
      2,
      /tx=live makes no frames of 3600 bytes; accepted: at most 3300/,
    );
    expectRefusal(
      await ask(live, "--sizes", "imix"),
      2,
      /tx=live sends frames that differ in nothing but their number/,
    );
    expectRefusal(await ask(live, "--flows", "4"), 2, /tx=live sends frames that differ in nothing but their number/);
    expectRefusal(await ask(live, "--queues", "2"), 2, /tx=live sends on one queue/);
    expect(hasProgram(pair.a)).toBe(false);
  }, 60_000);

  it("not the longest frames that it takes", async () => {
    // Native XDP on veth takes MTUs up to a page; the longest live frames fit, too.
    using pair = vethPair({ mtu: 3400 });
    const load = ["--count", "200", "--rate", "5kpps"];
    const live = await run({ pair, options: ",tx=live" }, ["--sizes", "3300", ...load]);
    expect(live.document.trials[0]).toMatchObject({ accepted: 200, lost: 0 });
    using large = vethPair({ mtu: 9000 });
    const generic = await run({ pair: large, options: ",mode=skb", rxOptions: ",mode=skb" }, [
      "--sizes",
      "3840",
      ...load,
    ]);
    expect(generic.document.trials[0]).toMatchObject({ accepted: 200, lost: 0 });
  });

  it("live frames on an interface that takes none: named, and never the device's loss", async () => {
    using pair = vethPair();
    const args = ["--dut", "external", "--tx", port(pair.a, ",tx=live"), "--rx", `packet:b,netns=${pair.b.netns}`];
    const load = ["--sizes", "64", "--count", "500", "--rate", "5kpps", "--settle", "200ms", "--json", "-"];
    const { code, stdout } = await runCli([...args, ...load]);
    const [trial] = JSON.parse(stdout).trials;
    expect(trial).toMatchObject({ sent: 500, lost: 500, sendDrops: 500, verdict: "invalid" });
    expect(trial.reasons.join()).toContain("its own interface did not take 500 frames");
    expect(trial.notes.join()).toMatch(/500 frames were not taken by interface a: .* gro on/);
    expect(code).toBe(4);
  });

  const without = (pair: VethPair, capability: string, limits: string): string => {
    const node = [
      "setpriv",
      "--bounding-set",
      `-${capability}`,
      "--inh-caps",
      `-${capability}`,
      process.execPath,
      builtMain(),
    ];
    const args = ["--dut", "external", "--tx", "xdp:a", "--sizes", "64", "--count", "10"];
    return inside(pair.a.netns, "sh", "-c", `${limits} ${[...node, ...args].join(" ")} 2>&1; echo "exit $?"`);
  };

  it.each([
    ["net_raw", /CAP_NET_RAW is missing/],
    [
      "bpf,-sys_admin",
      /no permission for making the BPF map pktgen_page \(EPERM\): that needs CAP_BPF and CAP_NET_ADMIN/,
    ],
    ["net_admin,-sys_admin", /CAP_NET_ADMIN/],
  ])("who may not, and says how to be allowed: without CAP_%s", (capability, sentence) => {
    using pair = vethPair();
    const said = without(pair, capability, "");
    expect(said).toMatch(sentence);
    expect(said).toMatch(/setcap cap_net_raw(,cap_net_admin,cap_bpf)?\+ep/);
    expect(said).toContain("exit 3");
    expect(hasProgram(pair.a)).toBe(false);
  });

  it("rings that may not be so large", () => {
    using pair = vethPair();
    const said = without(pair, "ipc_lock", "ulimit -l 1024;");
    expect(said).toMatch(
      /only so much memory may be locked, and the port needs \d+ bytes \(ENOBUFS\); raise `ulimit -l`/,
    );
    expect(said).toContain("exit 3");
    expect(hasProgram(pair.a)).toBe(false);
  });
});
