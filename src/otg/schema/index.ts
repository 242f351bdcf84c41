/** All messages that the server reads and writes, by name. */
import { configText } from "./config-text.js";
import { controlText } from "./control-text.js";
import { flowText } from "./flow-text.js";
import { headerText } from "./header-text.js";
import { readMessages, type SchemaMessage } from "./notation.js";
import { resultText } from "./result-text.js";

export type { FieldType, PatternFacts, SchemaField, SchemaMessage } from "./notation.js";

export const schema: ReadonlyMap<string, SchemaMessage> = new Map(
  [configText, flowText, headerText, controlText, resultText]
    .flatMap((text) => readMessages(text))
    .map((message) => [message.name, message]),
);

/** @throws Error: there is no such message, which is a bug. */
export function messageNamed(name: string): SchemaMessage {
  const message = schema.get(name);
  if (message === undefined) throw new Error(`there is no message ${name}`);
  return message;
}
