/** Metric tags of a flow: which bits of its frames they are, as they leave and as they come. */
import { headersBytes } from "../../packet/index.js";
import type { FlowSplit } from "../../session/index.js";
import type { MetricTag, OtgFlow, OtgHeader, Pattern } from "../model.js";
import { invalid } from "../refusal.js";
import { type AutoValues, givenAt, madeOf } from "./packet.js";
import type { FieldValues } from "./pattern.js";

/** What its rows of metrics are split by. */
export interface FlowTags {
  /** Names of tags, in the order of the split's fields. */
  readonly sent: readonly string[];
  readonly received: readonly string[];
  readonly split: FlowSplit;
}

/** The name of the tag that says the port. */
export const portTag = "rx_name";

interface TagBits {
  readonly name: string;
  readonly at: number;
  readonly bits: number;
  readonly period: number | null;
}

/** null: it is computed, and goes with the size. */
function periodOf(values: FieldValues | null): number | null {
  if (values === null) return null;
  if (values.kind === "constant") return 1;
  return values.kind === "list" ? values.values.length : values.count;
}

interface Field {
  readonly path: string;
  /** In the frame. */
  readonly at: number;
  readonly bits: number;
  readonly period: number | null;
  readonly tags: readonly MetricTag[];
}

/** Fields with tags, in the order of the frame. */
function* taggedFields(headers: readonly OtgHeader[], path: string, auto: AutoValues): Generator<Field> {
  let start = 0;
  for (const [index, header] of headers.entries()) {
    const { placed, layer, before } = madeOf(headers, index, `${path}[${index}]`, auto);
    const given = (header[header.choice] ?? {}) as Readonly<Record<string, unknown>>;
    const bytes = headersBytes([layer]);
    const own = given["metric_tags"] as readonly MetricTag[] | undefined;
    const whole = { path: `${path}[${index}].${header.choice}`, at: start * 8, bits: bytes * 8, period: 1 };
    if (header.choice === "custom" && own !== undefined) yield { ...whole, tags: own };
    for (const { path: fieldPath, slot, values } of placed) {
      const pattern: Pattern | undefined = givenAt(given, slot.path!);
      const tags = pattern?.metric_tags ?? [];
      const at = start * 8 - before + slot.value!;
      if (tags.length > 0) yield { path: fieldPath, at, bits: slot.bits, period: periodOf(values), tags };
    }
    start += bytes;
  }
}

function tagBits(headers: readonly OtgHeader[], path: string, auto: AutoValues): readonly TagBits[] {
  return [...taggedFields(headers, path, auto)].flatMap((field) =>
    field.tags.map(({ name, offset, length }, k) => {
      if (offset + length > field.bits) {
        const what = `${length} bits from bit ${offset} on are more than the field has`;
        throw invalid(`${field.path}.metric_tags[${k}]: ${what}; accepted: up to ${field.bits} bits`);
      }
      return { name, at: field.at + offset, bits: length, period: field.period };
    }),
  );
}

function checkNames(names: readonly string[], path: string): void {
  const twice = names.find((name, k) => names.indexOf(name) !== k);
  if (twice === undefined) return;
  throw invalid(`${path}: two metric tags have the name "${twice}"; accepted: names that are different`);
}

/** null: its frames are counted together. @throws OtgRefusal */
export function tagsOf({ packet, egress_packet: egress, metrics }: OtgFlow, path: string, auto: AutoValues) {
  const sent = tagBits(packet, `${path}.packet`, auto);
  const received = tagBits(egress, `${path}.egress_packet`, () => undefined);
  const byPort = metrics?.predefined_metric_tags?.rx_name === true;
  if (sent.length + received.length === 0 && !byPort) return null;
  const names = [...sent, ...received].map(({ name }) => name);
  checkNames(byPort ? [...names, portTag] : names, path);
  const tags: FlowTags = {
    sent: sent.map(({ name }) => name),
    received: received.map(({ name }) => name),
    split: {
      sent: sent.map(({ at, bits, period }) => ({ at, bits, period })),
      received: received.map(({ at, bits }) => ({ at, bits })),
      byPort,
    },
  };
  return tags;
}
