/** Reports decide by causes and by what a reason is about: other sentences change no decision. */
import { describe, expect, it } from "vitest";
import { judgeMethod } from "../../src/method/method-verdict.js";
import { reports } from "../../src/report/index.js";
import type { RunResult, ServiceStep } from "../../src/result/run-result.js";
import { resultSchema } from "../../src/result/run-schema.js";
import { type Cause, judgedBy } from "../../src/stats/cause.js";
import { absorptionSample, serviceSample } from "../support/method-sample.js";

const plain = { color: false, ascii: false };
const service = await serviceSample();
const absorbed = await absorptionSample();

/** A service whose last step ended as said. `endedText`: what the run says of its end. */
function cutOff(cause: Cause, text: string, endedText: string | null): RunResult {
  const steps = service.service ?? [];
  const rows = steps.map(
    (row, i): ServiceStep =>
      i < steps.length - 1
        ? { ...row, ...judgedBy("pass", []) }
        : { ...row, ...judgedBy("invalid", [{ cause, text }]) },
  );
  const ended = endedText === null ? null : { cause, text: endedText };
  return resultSchema.parse({ ...service, service: rows, ...judgeMethod({ service: rows }, service.trials, ended) });
}

describe("a step that the user cut off", () => {
  const result = cutOff("interrupted", "somebody pressed a key", "ended by hand");

  it("has its cause in the run's reasons, with what they are about", () => {
    expect(result).toMatchObject({
      reasons: ["ended by hand", "512 bytes, performance: somebody pressed a key"],
      causes: ["interrupted", "interrupted"],
      about: ["run", "service"],
    });
  });

  it("is skipped in JUnit, whatever the sentences are", () => {
    const xml = reports.junit(result, plain);
    expect(xml).toContain('<skipped message="somebody pressed a key"/>');
    expect(xml).toContain('skipped="1"');
    expect(xml).toContain('errors="1"');
  });

  it("is said once in the table", () => {
    const text = reports.table(result, plain);
    expect(text.match(/somebody pressed a key/g)).toHaveLength(1);
    expect(text).not.toContain("INVALID: ended by hand");
  });
});

it("a step with a fault is an error in JUnit, even if its sentence is that of an interrupt", () => {
  const xml = reports.junit(cutOff("fault", "interrupted", null), plain);
  expect(xml).toContain('skipped="0"');
  expect(xml).toContain('<error type="invalid" message="interrupted"');
});

it("a fault that ended the run is said beside the step's own", () => {
  const text = reports.table(cutOff("fault", "the peer went away", "no agent is left"), plain);
  expect(text).toContain("INVALID: no agent is left");
  expect(text.match(/the peer went away/g)).toHaveLength(1);
});

it("a burst without a figure is said with its own sentence, one of which nothing came back with the run's", () => {
  const [first] = absorbed.absorption ?? [];
  const rows = [
    { ...first!, unusable: "the load was not offered", cause: "load" as const },
    { ...first!, frames: 300, absorbed: 0, lost: 300 },
  ];
  const findings = { absorption: rows };
  const result = { ...absorbed, ...findings, ...judgeMethod(findings, absorbed.trials, null) };
  expect(result).toMatchObject({ causes: ["load", "none came back"], about: ["absorption", "absorption"] });
  const text = reports.table(result, plain);
  expect(text.match(/the load was not offered/g)).toHaveLength(1);
  expect(text).toContain("INVALID: 64 bytes, burst of 300 frames: none of its frames came back intact");
});
