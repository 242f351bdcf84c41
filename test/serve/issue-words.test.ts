/** What a request is told of a field that cannot be so: what it is, and what is accepted there. */
import { expect, it } from "vitest";
import { readAs } from "../../src/serve/router.js";
import { captureRequest, flowsRequest, startRequest } from "../../src/serve/schema/sessions.js";

const flow = { name: "web", tx: "east", rx: "west", rate: "1kpps" };

it.each([
  [flowsRequest, { ...flow, name: "" }, "name", '"" cannot be here', "at least 1 character"],
  [flowsRequest, { ...flow, name: 7 }, "name", "7 cannot be here", "a text"],
  [flowsRequest, { ...flow, name: undefined }, "name", "this is missing", "a text"],
  [flowsRequest, { name: "web", rate: {} }, "tx", "this is missing", "a text"],
  [flowsRequest, { flows: [] }, "flows", "[] cannot be here", "at least 1 entry"],
  [startRequest, { count: 0 }, "count", "0 cannot be here", "at least 1"],
  [startRequest, { count: 1.5 }, "count", "1.5 cannot be here", "a whole number"],
  [captureRequest, { port: "east", mostFrames: 1e7 }, "mostFrames", "10000000 cannot be here", "at most 1000000"],
  [captureRequest, { port: "east", direction: "up" }, "direction", '"up" cannot be here', '"rx", "tx", "both"'],
])("%# names the field, and what is accepted", (schema, value, where, message, accepted) => {
  const read = (): unknown => readAs<unknown>(schema, value);
  expect(read).toThrow(expect.objectContaining({ code: "bad-request", where, message, accepted }));
});
