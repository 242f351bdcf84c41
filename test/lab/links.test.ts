/** The namespaces of plans on interfaces: whose they are, and what of them outlives a run that was killed. */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { afterEach, expect, it } from "vitest";
import { makeLinks } from "../../src/dut/testpmd/links.js";
import { ownerOf } from "../../src/sys/owner.js";
import { describeLab } from "../support/probe.js";

const ip = (...args: readonly string[]): unknown => execFileSync("ip", args, { stdio: "ignore" });
const namespaces = (): string[] => readdirSync("/run/netns");

describeLab("the namespace of a plan's links", ["netns"], () => {
  // No process has such a number: the most is 2^22.
  const [killed, used, foreign] = ["pktgen-ts-4194305", "pktgen-ts-4194306", "pktgen-ts-4194307"];
  const label = (name: string, owner: string): unknown =>
    ip("-n", name, "link", "set", "dev", "lo", "alias", `pktgen-ts.owner=${owner}`);

  afterEach(() => {
    for (const name of namespaces().filter((each) => [killed, used, foreign].includes(each))) ip("netns", "del", name);
  });

  it("is removed by a later run where its own was killed; one in use stays, and so does one that names nobody", () => {
    for (const name of [killed, used, foreign]) ip("netns", "add", name);
    const gone = ownerOf(process.pid).replace(/\d+$/, "1");
    label(killed, gone);
    label(used, ownerOf(process.pid));
    const mine = `pktgen-ts-${process.pid}`;
    {
      using _ = makeLinks(mine, ["veth"]);
      const left = namespaces();
      expect(left).not.toContain(killed);
      expect(left).toEqual(expect.arrayContaining([used, foreign, mine]));
    }
    expect(namespaces()).not.toContain(mine);
  });

  it("says who made it", () => {
    using made = makeLinks(`pktgen-ts-${process.pid}`, []);
    const line = execFileSync("ip", ["-n", made.name, "link", "show", "dev", "lo"], { encoding: "utf8" });
    expect(line).toContain(`alias pktgen-ts.owner=${ownerOf(process.pid)}`);
  });
});
