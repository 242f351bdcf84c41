/** The form of a run that was there before. */
import { expect, it } from "vitest";
import { formOf } from "../../src/page/run-form.js";

it.each([
  ["values by name", { vni: 7, text: "a=b" }],
  ["texts", ["vni=7", "text=a=b"]],
])("has the parameters that the run was begun with, as %s", (_what, set) => {
  expect(formOf({ options: { set } }).set).toEqual({ vni: "7", text: "a=b" });
});

it("has one parameter that was given alone, or none", () => {
  expect(formOf({ options: { set: "vni=7" } }).set).toEqual({ vni: "7" });
  expect(formOf({}).set).toEqual({});
});
