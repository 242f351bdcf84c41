/** Messages of random content, made from the schema itself. */
import fc from "fast-check";
import { messageNamed, type SchemaField } from "../../src/otg/schema/index.js";

const text = fc.string({ minLength: 1, maxLength: 12, unit: "grapheme-ascii" });
const byte = fc.integer({ min: 0, max: 255 });
const addresses = {
  mac: fc
    .array(byte, { minLength: 6, maxLength: 6 })
    .map((bytes) => bytes.map((one) => one.toString(16).padStart(2, "0")).join(":")),
  ipv4: fc.array(byte, { minLength: 4, maxLength: 4 }).map((bytes) => bytes.join(".")),
  ipv6: fc.integer({ min: 0, max: 0xffff }).map((group) => `2001:2::${group.toString(16)}`),
  hex: fc.array(byte, { maxLength: 6 }).map((bytes) => Buffer.from(bytes).toString("hex")),
};

function scalarOf({ least, most }: SchemaField, scalar: string): fc.Arbitrary<unknown> {
  if (scalar in addresses) return addresses[scalar as keyof typeof addresses];
  if (scalar === "string") return text;
  if (scalar === "bool") return fc.boolean();
  const low = least ?? (scalar === "int32" ? -1000 : 0);
  const high = Math.min(most ?? 2 ** 31 - 1, 2 ** 50);
  // Floats travel in 32 bits: halves are whole in them.
  return scalar === "float" || scalar === "double"
    ? fc.integer({ min: Math.ceil(low), max: Math.min(high, 2 ** 20) }).map((value) => value / 2)
    : fc.oneof(fc.integer({ min: low, max: high }), fc.integer({ min: low, max: Math.min(high, low + 9) }));
}

function fieldOf(field: SchemaField, depth: number): fc.Arbitrary<unknown> {
  const { type } = field;
  const one =
    type.kind === "enum"
      ? fc.constantFrom(...type.names)
      : type.kind === "message"
        ? validMessage(type.message, depth + 1)
        : scalarOf(field, type.kind === "scalar" ? type.scalar : "string");
  return field.isList ? fc.array(one, { minLength: 1, maxLength: 3 }) : one;
}

const deepest = 9;

/** In normal form: of the fields that `choice` names, only the one that is meant. */
export function validMessage(name: string, depth = 0): fc.Arbitrary<Record<string, unknown>> {
  const message = messageNamed(name);
  const choice = message.byName.get("choice");
  const named = choice?.type.kind === "enum" ? choice.type.names : [];
  const isThere = (branch: string): boolean =>
    message.byName.get(branch)?.type.kind !== "refused" && (message.pattern === null || message.byName.has(branch));
  const branches = named.filter(isThere);
  const usable = message.fields.filter(({ name: own, type }) => own !== "choice" && type.kind !== "refused");
  const plain = usable.filter(({ name: own }) => !named.includes(own));
  const needed = plain.filter(({ isRequired }) => isRequired);
  const further = depth >= deepest ? [] : plain.filter(({ isRequired }) => !isRequired);
  return fc
    .record({
      chosen: branches.length === 0 ? fc.constant(null) : fc.constantFrom(...branches),
      of: fc.record(Object.fromEntries([...needed, ...further].map((field) => [field.name, fc.constant(field)])), {
        requiredKeys: needed.map(({ name: own }) => own),
      } as never),
    })
    .chain(({ chosen, of }) => {
      const branch = chosen === null ? undefined : usable.find(({ name: own }) => own === chosen);
      const fields = [...(Object.values(of) as SchemaField[]), ...(branch === undefined ? [] : [branch])];
      return fc
        .record(Object.fromEntries(fields.map((field) => [field.name, fieldOf(field, depth)])))
        .map((parts) => (chosen === null ? parts : { choice: chosen, ...parts }) as Record<string, unknown>);
    });
}
