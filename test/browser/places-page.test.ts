/** Places of the page that `serve` serves which are no run: the form that starts one, the lists, and comparisons. */
import type { Page } from "playwright-core";
import { beforeEach, expect, it } from "vitest";
import type { FakeServe } from "../support/fake-serve.js";
import { describeLab } from "../support/probe.js";
import * as recorded from "../support/recorded-run.js";
import { pageRig } from "./page-rig.js";

describeLab("other places of the page in Chromium", ["chromium"], () => {
  const rig = pageRig();
  const { open, shot } = rig;
  let server: FakeServe;
  let page: Page;
  beforeEach(() => {
    ({ server, page } = rig);
  });
  it("starts a run: ports, profile with its mistakes, sizes, thresholds, the first frame, the command line", async () => {
    server.answer("GET /commands", { commands: recorded.commands });
    const owner = { kind: "run", id: "r-9" };
    const ports = [
      { name: "west", spec: "packet:eth1", kind: "packet", owner: null },
      { name: "east", spec: "packet:eth2", kind: "packet", owner },
    ];
    server.answer("GET /ports", { ports, kinds: [], interfaces: [] });
    server.answer("GET /profiles", { profiles: [{ name: "vxlan.yaml", description: "", streams: 1, bytes: 9 }] });
    server.answer("GET /profiles/vxlan.yaml", {
      name: "vxlan.yaml",
      text: "streams: []\n",
      description: "inner frames",
      parameters: [{ name: "vni", value: "42" }],
    });
    const mistake = { message: '"nme" is no field', where: "2:5", accepted: "name", hint: "did you mean name?" };
    server.answerBy("POST /profiles/check", ({ body }) => {
      const isBad = (body as { text?: string }).text?.includes("nme") === true;
      return { body: { ok: !isBad, mistakes: isBad ? [mistake] : [], notes: [], traffic: null } };
    });
    server.answerBy("POST /runs", ({ body }) =>
      (body as { dryRun?: boolean }).dryRun === true
        ? { body: { ...recorded.planned, free: false } }
        : { status: 201, body: recorded.infoOf({ id: "r-new" }) },
    );
    await open("new");
    await page.locator("select[name=tx]").selectOption("west");
    await page.getByLabel("sizes").fill("128");
    await page.getByLabel("thresholds").fill("loss<=0.1%");
    await page.locator("select[name=profile]").selectOption("vxlan.yaml");
    await page.getByLabel("vni").fill("7");
    await page.getByText("the profile can be used").waitFor();
    await page.getByLabel("find an option").fill("vlan");
    await page.getByLabel("--vlan").fill("100");
    await page
      .getByRole("region", { name: "what it would do" })
      .getByText("pktgen-ts --sizes 64 --rate 10kpps --duration 10s")
      .waitFor();
    await page.getByText("its ports are held by somebody else now").waitFor();
    expect(await page.locator(".bytes span").count()).toBe(60);
    await page.getByRole("button", { name: "ipv4.src" }).hover();
    await expect.poll(() => page.locator(".bytes .chosen").allInnerTexts()).toEqual(["c6", "12", "00", "01"]);
    await page.getByText("its text").click();
    await page.getByLabel("text of the profile").fill("nme: x");
    await page.getByText('2:5 "nme" is no field; accepted: name; did you mean name?').waitFor();
    await shot("start");
    await page.getByLabel("text of the profile").fill("streams: [] # mine");
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await page.waitForURL(/#\/runs\/r-new$/);
    const bodies = server.askedFor("POST", "/runs").filter((body) => (body as { dryRun?: boolean }).dryRun !== true);
    expect(bodies).toEqual([
      {
        ...{ command: "run", name: "", profileText: "streams: [] # mine" },
        options: {
          tx: "west",
          sizes: "128",
          rate: "10kpps",
          duration: "10s",
          vlan: "100",
          threshold: ["loss<=0.1%"],
          set: ["vni=7"],
        },
      },
    ]);
  });

  it("says what is wrong with a form", async () => {
    server.answer("GET /commands", { commands: recorded.commands });
    server.answer("GET /ports", { ports: [], kinds: [], interfaces: [] });
    server.answer(
      "POST /runs",
      { error: { code: "invalid", message: '"6" is not a frame size', where: "sizes", hint: "64 is the least" } },
      422,
    );
    await open("new");
    await page.getByText('sizes "6" is not a frame size; 64 is the least').waitFor();
  });

  it("lists runs, and compares two under a link that lasts", async () => {
    const runs = ["r-c", "r-b", "r-a"].map((id) =>
      recorded.infoOf({ id, state: id === "r-c" ? "running" : "done", verdict: id === "r-c" ? null : "pass" }),
    );
    server.answer("GET /runs", { runs });
    const difference = {
      name: "64 bytes: rate",
      unit: "pps",
      a: 1e6,
      b: 9e5,
      is: "worse",
      chance: 0.0002,
      cells: [],
    };
    server.answer("GET /runs/compare", {
      a: runs[2],
      b: runs[1],
      setup: ["kernel 6.1 in A, 6.2 in B"],
      differences: [difference],
    });
    await open("runs");
    await page.getByRole("region", { name: "runs" }).getByRole("row").nth(3).waitFor();
    expect(await page.getByLabel("compare r-c").isDisabled()).toBe(true);
    await page.getByLabel("compare r-b").check();
    await page.getByLabel("compare r-a").check();
    await page.getByRole("link", { name: "Compare the two" }).click();
    await page.waitForURL(/#\/compare\/r-a\/r-b$/);
    await page.reload();
    await page.getByText("kernel 6.1 in A, 6.2 in B").waitFor();
    const row = page.getByRole("region", { name: "differences" }).getByRole("row").nth(1);
    expect((await row.innerText()).split("\t").map((cell) => cell.trim())).toEqual([
      "64 bytes: rate",
      "1 Mpps",
      "900 kpps",
      "-10 %",
      "worse",
      "0.02 %",
    ]);
  });

  it("stays a page under an address that is none", async () => {
    server.answer("GET /runs", { runs: [] });
    await open("compare/%/%E0%A4%A");
    await page.getByRole("heading", { name: "Two runs compared" }).waitFor();
    await open("nowhere");
    await page.getByText("No run yet.").waitFor();
  });

  it("asks for a token where the server wants one", async () => {
    server.answer("GET /runs", { error: { code: "unauthorised", message: "a token is needed" } }, 401);
    await open("runs");
    await page.getByLabel("This server asks for a token").fill("s&cret");
    await page.getByRole("button", { name: "Enter" }).click();
    await page.waitForURL(/\?token=s%26cret/);
  });

  it("asked nobody else, broke no policy, and threw nothing", () => {
    expect(rig.faults).toEqual([]);
  });
});
