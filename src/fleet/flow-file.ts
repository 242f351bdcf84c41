/**
 * The file of `--flow-map`: a list of who sends to whom.
 *
 *     - {from: a1/packet:eth1, to: hub/packet:eth2}
 *     - {from: a2/packet:eth1, to: hub/packet:eth2, weight: 3}
 */
import { z } from "zod";
import { usageError } from "../errors.js";
import { checkFlows, type FlowEnd, type FlowList, flowEndExample, flowEndOf } from "../options/fleet-flows.js";
import { parsePortSpec } from "../port/index.js";
import { checkShape } from "../profile/check.js";
import { parseYaml, type YamlPath } from "../profile/document.js";
import { isReadError, readInputText, unreadableBecause } from "../sys/input-file.js";

const mostBytes = 1_000_000;
const option = "--flow-map";

const flowSchema = z.strictObject({
  from: z.string().describe(flowEndExample),
  to: z.string().describe(flowEndExample),
  weight: z
    .int()
    .min(1)
    .max(1_000)
    .optional()
    .describe("a whole number: how much of the load, beside the others' weights"),
});
const schema = z.array(flowSchema).min(1).max(1_000).describe("a list of {from, to}");

/** @throws PktgenError (2): it cannot be read, or says what no fleet does; with file, line and column. */
export function readFlows(file: string): FlowList {
  const document = parseYaml(textOf(file), file);
  const shape = checkShape(schema, document, []);
  const endAt = (path: YamlPath, text: string): FlowEnd => {
    const end = flowEndOf(text);
    if (end === null) throw document.errorAt(path, `"${text}" names no port of an agent`, { accepted: flowEndExample });
    parsePortSpec(end.port);
    return end;
  };
  const flows = shape.map(({ from, to, weight }, k) => ({
    ...{ from: endAt([k, "from"], from), to: endAt([k, "to"], to) },
    ...(weight === undefined ? {} : { weight }),
  }));
  return checkFlows(flows, file);
}

function textOf(file: string): string {
  try {
    return readInputText(file, { mostBytes });
  } catch (cause) {
    if (!isReadError(cause)) throw cause;
    throw usageError(`${file} ${unreadableBecause(cause)}`, {
      where: option,
      accepted: `a YAML file of up to ${mostBytes} bytes`,
      cause,
    });
  }
}
