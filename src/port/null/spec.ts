/** `null:` as text: its options and its spec. */
import { type AnyPortSpec, portKind, powerOfTwoOption, queuesOption } from "../kind.js";

export interface NullPortSpec extends AnyPortSpec {
  readonly kind: "null";
  readonly size: number;
}

export const nullKind = portKind({
  name: "null",
  target: "",
  summary: "nobody: takes everything at once and brings nothing; shows what the generator alone can do",
  options: { queues: queuesOption(), size: powerOfTwoOption("descriptors per ring") },
  read: (text, _, { queues, size }): NullPortSpec => ({ text, kind: "null", queues, size }),
});
