/** Values of requests become the texts that options have; errors name fields in place of options. */
import { expect, it } from "vitest";
import { runFields } from "../../src/api/fields.js";
import type { RunRequest } from "../../src/api/request.js";
import { type PktgenError, usageError } from "../../src/errors.js";
import { callText, namingFields, optionTexts } from "../../src/options/option-texts.js";
import { reports } from "../../src/report/index.js";

const texts = (request: RunRequest) => optionTexts(request, runFields);

it("joins lists, adds units to rates, and repeats what may be repeated", () => {
  expect(
    texts({
      sizes: [64, "imix"],
      rate: 12_500,
      minRate: "1Mpps",
      count: 3,
      hop: "a,rx=x",
      threshold: ["loss<=0", "rate@64>=1kpps"],
      set: { flows: 3, to: "198.18.0.1" },
      cores: [2, 3],
      loss: 0.001,
    }),
  ).toEqual({
    sizes: "64,imix",
    rate: "12500pps",
    minRate: "1Mpps",
    count: "3",
    hop: ["a,rx=x"],
    threshold: ["loss<=0", "rate@64>=1kpps"],
    set: ["flows=3", "to=198.18.0.1"],
    cores: "2,3",
    loss: "0.001",
  });
});

it("takes false and undefined for not given, and true for an option without a value", () => {
  expect(texts({ integrity: false, busy: true, pinFlows: true })).toEqual({ busy: true, pinFlows: true });
  expect(texts({ pinFlows: false, ...({ rate: undefined } as object) })).toEqual({});
});

it("writes small and large numbers without an exponent", () => {
  expect(texts({ loss: 1e-9, rate: 1e21 })).toEqual({ loss: "0.000000001", rate: "1000000000000000000000pps" });
});

it.each([
  [{ szes: "64" }, "szes: there is no such option"],
  [{ sizes: { a: 1 } }, "sizes: [object Object] cannot be its value; accepted: text, a number, or a list of them"],
  [{ rate: Number.NaN }, "rate: NaN cannot be its value; accepted: frames per second as a number"],
  [{ rate: true }, "rate: true cannot be its value; accepted: frames per second as a number"],
  [{ sizes: true }, "sizes: true cannot be its value; accepted: text, a number, or a list of them"],
  [{ sizes: false }, "sizes: false cannot be its value"],
  [{ sizes: [64, null] }, "sizes: [64, null] cannot be its value"],
  [{ pinFlows: {} }, "pinFlows: [object Object] cannot be its value; accepted: true or false, or text"],
  [null, "null is no request; accepted: an object"],
  [[64], "[64] is no request"],
  ["64", '"64" is no request'],
  [{ busy: "yes" }, 'busy: "yes" cannot be its value; accepted: true or false'],
  [{ threshold: { a: 1 } }, "threshold: [object Object] cannot be its value; accepted: text, or a list of texts"],
])("refuses %j", (request, sentence) => {
  let line = "";
  try {
    texts(request as RunRequest);
  } catch (error) {
    line = (error as PktgenError).toLine();
  }
  expect(line.slice(0, sentence.length)).toBe(sentence);
});

it("has the command line's options as fields, but for files, progress, pages and baselines", async () => {
  const { runOptions } = await import("../../src/options/run-options.js");
  const without = Object.keys(runOptions).filter((name) => !Object.hasOwn(runFields, name));
  const files = Object.keys(reports).filter((name) => name !== "table");
  expect(without.sort()).toEqual([...files, "live", "ui", "ndjson", "verbose", "baseline", "updateBaseline"].sort());
});

it("says which field was meant", () => {
  expect(() => texts({ szes: 64 } as RunRequest)).toThrow(expect.objectContaining({ hint: "did you mean sizes?" }));
});

it("names fields in every part of an error, with its exit code", async () => {
  const error = usageError("--tx-address and --dut contradict each other", {
    where: "--tx-address 198.18.0.1",
    accepted: "one of --tx-address, --dut external",
    hint: "add --rx",
  });
  await expect(namingFields(() => Promise.reject(error))).rejects.toMatchObject({
    exitCode: 2,
    message: "txAddress and dut contradict each other",
    where: "txAddress 198.18.0.1",
    accepted: "one of txAddress, dut external",
    hint: "add rx",
  });
  const file = usageError("the profile my--own.yaml does not exist", { where: "/tmp/a/--b.yaml" });
  await expect(namingFields(() => Promise.reject(file))).rejects.toMatchObject({
    message: "the profile my--own.yaml does not exist",
    where: "/tmp/a/--b.yaml",
  });
  const bug = new TypeError("a bug");
  await expect(namingFields(() => Promise.reject(bug))).rejects.toBe(bug);
});

it("says in a result how it was asked for, whatever is in the request", () => {
  expect(callText("run", { sizes: [64] })).toBe('run({"sizes":[64]})');
  expect(callText("run", { profile: { kind: "x", big: 1n } })).toBe('run({"profile":"(an object)"})');
});
