/**
 * The field engine's instructions of a stream (`vm.instructions`), as data with their places. Variables count, and writes
 * put them into the packet; names and meanings are those of TRex's JSON.
 */
import type { Item, Notes } from "./item.js";

/** A variable that goes up, down, or is drawn at random. */
export interface RangeVariable {
  readonly kind: "range";
  readonly item: Item;
  readonly name: string;
  readonly bytes: 1 | 2 | 4 | 8;
  readonly op: "inc" | "dec" | "random";
  /** null: it takes its values from `list`, by index. */
  readonly range: { readonly init: bigint; readonly min: bigint; readonly max: bigint } | null;
  readonly list: readonly bigint[];
  readonly step: bigint;
  /** It carries into this variable, which only moves when this one has gone round. */
  readonly next: string | null;
}

/** Random values that repeat after `limit` of them. */
export interface RepeatedVariable {
  readonly kind: "repeated";
  readonly item: Item;
  readonly name: string;
  readonly bytes: 1 | 2 | 4 | 8;
  readonly min: bigint;
  readonly max: bigint;
  readonly seed: number;
  readonly limit: number;
  readonly next: string | null;
}

/** Addresses with ports: a port more when the addresses have gone round. Written as `name.ip` and `name.port`. */
export interface TupleVariable {
  readonly kind: "tuple";
  readonly item: Item;
  readonly name: string;
  readonly ip: { readonly min: number; readonly max: number };
  readonly port: { readonly min: number; readonly max: number };
  /** Flows until it starts again; 0: it does not. */
  readonly limit: number;
}

export type Variable = RangeVariable | RepeatedVariable | TupleVariable;

export interface Write {
  readonly item: Item;
  /** Its place among the instructions. */
  readonly position: number;
  readonly variable: string;
  readonly offset: number;
  readonly add: bigint;
  readonly bigEndian: boolean;
  /** null: all bytes of the variable. */
  readonly masked: { readonly bytes: 1 | 2 | 4; readonly mask: number; readonly shift: number } | null;
}

/** A checksum is made right: of the IPv4 header at `l3`, and, if `l4` is not null, of the message there. */
export interface ChecksumFix {
  readonly item: Item;
  readonly position: number;
  readonly kind: "ipv4" | "hardware" | "icmpv6";
  readonly l3: number;
  readonly l4: number | null;
}

export interface FieldEngine {
  readonly variables: readonly Variable[];
  readonly writes: readonly Write[];
  readonly fixes: readonly ChecksumFix[];
  /** The variable that the packet is cut to. */
  readonly trim: { readonly item: Item; readonly variable: string } | null;
}

const sizes = [1, 2, 4, 8] as const;
const castSizes = [1, 2, 4] as const;
const mostOffset = 65_535;
const mostInstructions = 1_000;
const mostListed = 65_535;
const safe = Number.MAX_SAFE_INTEGER;

const kinds = [
  ...(["flow_var", "flow_var_rand_limit", "tuple_flow_var", "write_flow_var", "write_mask_flow_var"] as const),
  ...(["trim_pkt_size", "fix_checksum_ipv4", "fix_checksum_hw", "fix_checksum_icmpv6"] as const),
] as const;

const vmKeys = new Set(["instructions", "split_by_var", "cache"]);
const variableKeys = ["type", "name", "size", "min_value", "max_value", "next_var", "split_to_cores"];
const writeKeys = ["type", "name", "pkt_offset", "add_value", "is_big_endian"];
const fixKeys = new Set(["type", "l2_len", "l3_len", "l4_type"]);
const keysOf: Readonly<Record<(typeof kinds)[number], ReadonlySet<string>>> = {
  flow_var: new Set([...variableKeys, "op", "init_value", "value_list", "step"]),
  flow_var_rand_limit: new Set([...variableKeys, "limit", "seed"]),
  tuple_flow_var: new Set(["type", "name", "ip_min", "ip_max", "port_min", "port_max", "limit_flows", "flags"]),
  write_flow_var: new Set(writeKeys),
  write_mask_flow_var: new Set([...writeKeys, "pkt_cast_size", "mask", "shift"]),
  trim_pkt_size: new Set(["type", "name"]),
  fix_checksum_ipv4: new Set(["type", "pkt_offset"]),
  fix_checksum_hw: fixKeys,
  fix_checksum_icmpv6: fixKeys,
};

const noEngine: FieldEngine = { variables: [], writes: [], fixes: [], trim: null };

/** `vm` of a stream. @throws PktgenError (2) */
export function readFieldEngine(vm: Item, notes: Notes): FieldEngine {
  if (vm.isMissing) return noEngine;
  notes.addUnknownKeys(vm, vmKeys);
  const list = vm.at("instructions");
  if (list.isMissing) return noEngine;
  const items = list.list();
  if (items.length > mostInstructions) throw list.error(`${items.length} instructions`, `up to ${mostInstructions}`);
  const split = vm.at("split_by_var");
  if (!split.isMissing && split.value !== "")
    notes.add(split, "split_by_var has no effect: threads share one sequence");
  const variables: Variable[] = [];
  const writes: Write[] = [];
  const fixes: ChecksumFix[] = [];
  let trim: FieldEngine["trim"] = null;
  for (const [position, item] of items.entries()) {
    const kind = item.at("type").choice(kinds);
    notes.addUnknownKeys(item, keysOf[kind]);
    noteSplit(item.at("split_to_cores"), notes);
    if (kind === "flow_var" || kind === "flow_var_rand_limit" || kind === "tuple_flow_var") {
      variables.push(readVariable(kind, item));
    } else if (kind === "write_flow_var" || kind === "write_mask_flow_var") {
      writes.push(readWrite(item, position, kind === "write_mask_flow_var"));
    } else if (kind === "trim_pkt_size") {
      if (trim !== null) throw item.error("a second trim_pkt_size", "one in a stream");
      trim = { item, variable: item.at("name").text() };
    } else fixes.push(readFix(kind, item, position));
  }
  checkNames({ variables, writes, fixes, trim });
  if (variables.length > 0) noteCache(vm.at("cache"), notes);
  return { variables, writes, fixes, trim };
}

/** Its default is true. */
function noteSplit(split: Item, notes: Notes): void {
  if (!split.flag(true)) notes.add(split, "split_to_cores has no effect: threads share one sequence");
}

/** TRex makes so many frames in advance, and sends these again and again. */
function noteCache(cache: Item, notes: Notes): void {
  const frames = cache.whole(0, 65_535, 0);
  if (frames === 0) return;
  const first = frames === 1 ? "the first frame" : `the first ${frames} frames`;
  notes.add(
    cache,
    `cache ${frames} has no effect: TRex repeats ${first}; here variables go through all values they have`,
  );
}

function readVariable(kind: "flow_var" | "flow_var_rand_limit" | "tuple_flow_var", item: Item): Variable {
  const name = item.at("name").text();
  if (kind === "tuple_flow_var") return readTuple(name, item);
  const size = item.at("size");
  const bytes = sizes.find((each) => each === size.value);
  if (bytes === undefined) throw size.error("a variable of another size", sizes.join(", "));
  const most = bytes === 8 ? safe : 2 ** (bytes * 8) - 1;
  const value = (key: string): bigint => BigInt(item.at(key).whole(0, most));
  const next = item.at("next_var").text("") || null;
  if (kind === "flow_var_rand_limit") {
    const [min, max] = [value("min_value"), value("max_value")];
    if (max < min) throw item.error(`${min} to ${max} is no range`, "min_value up to max_value");
    const limit = item.at("limit").whole(1, Math.min(most, 2 ** 32 - 1));
    return {
      kind: "repeated",
      item,
      name,
      bytes,
      min,
      max,
      seed: item.at("seed").whole(0, 2 ** 32 - 1, 0),
      limit,
      next,
    };
  }
  const op = item.at("op").choice(["inc", "dec", "random"]);
  if (op === "random" && next !== null)
    throw item.at("next_var").error("a random variable carries into none", "inc, dec");
  const step = BigInt(item.at("step").whole(1, safe, 1));
  const own = { kind: "range", item, name, bytes, op, step, next } as const;
  const listed = item.at("value_list");
  if (!listed.isMissing) {
    const values = listed.list();
    if (values.length === 0 || values.length > mostListed) {
      throw listed.error(`a list of ${values.length} values`, `1 to ${mostListed} values`);
    }
    return { ...own, range: null, list: values.map((each) => BigInt(each.whole(0, most))) };
  }
  const [min, max] = [value("min_value"), value("max_value")];
  const init = item.at("init_value").isMissing ? (op === "dec" ? max : min) : value("init_value");
  if (init < min || init > max) {
    throw item.error(`${init} is not within ${min} to ${max}`, "min_value ≤ init_value ≤ max_value");
  }
  return {
    ...own,
    range: op === "random" ? { init, min, max } : { init, ...inWholeSteps(min, max, step, op) },
    list: [],
  };
}

/** TRex lengthens a range to whole steps, so that it goes round evenly. */
function inWholeSteps(min: bigint, max: bigint, step: bigint, op: "inc" | "dec"): { min: bigint; max: bigint } {
  const over = (max - min + 1n) % step;
  const missing = over === 0n ? 0n : step - over;
  return op === "inc" ? { min, max: max + missing } : { min: min - missing, max };
}

function readTuple(name: string, item: Item): TupleVariable {
  const address = (key: string): number => item.at(key).whole(0, 2 ** 32 - 1);
  const port = (key: string): number => item.at(key).whole(0, 65_535);
  const [ip, ports] = [
    { min: address("ip_min"), max: address("ip_max") },
    { min: port("port_min"), max: port("port_max") },
  ];
  if (ip.max < ip.min || ports.max < ports.min) throw item.error("a range that ends before it begins", "min up to max");
  if (item.at("flags").whole(0, 65_535, 0) !== 0) {
    throw item.at("flags").error("flows without limit have no counterpart", "flags: 0", "take a limit_flows of 0");
  }
  return { kind: "tuple", item, name, ip, port: ports, limit: item.at("limit_flows").whole(0, 2 ** 32 - 1, 0) };
}

function readWrite(item: Item, position: number, isMasked: boolean): Write {
  const own = {
    item,
    position,
    variable: item.at("name").text(),
    offset: item.at("pkt_offset").whole(0, mostOffset),
    add: BigInt(item.at("add_value").whole(-safe, safe, 0)),
    bigEndian: item.at("is_big_endian").flag(true),
  };
  if (!isMasked) return { ...own, masked: null };
  const size = item.at("pkt_cast_size");
  const bytes = castSizes.find((each) => each === size.value);
  if (bytes === undefined) throw size.error("a write of another size", castSizes.join(", "));
  const mask = item.at("mask").whole(0, 2 ** 32 - 1);
  return { ...own, masked: { bytes, mask, shift: item.at("shift").whole(-31, 31, 0) } };
}

function readFix(kind: "fix_checksum_ipv4" | "fix_checksum_hw" | "fix_checksum_icmpv6", item: Item, position: number) {
  if (kind === "fix_checksum_ipv4") {
    return { item, position, kind: "ipv4", l3: item.at("pkt_offset").whole(0, mostOffset), l4: null } as const;
  }
  const l3 = item.at("l2_len").whole(0, mostOffset);
  const l4 = l3 + item.at("l3_len").whole(0, mostOffset);
  return { item, position, kind: kind === "fix_checksum_hw" ? "hardware" : "icmpv6", l3, l4 } as const;
}

/** Each variable is there once, and what refers to one finds it; a variable carries into the one behind it. */
function checkNames({ variables, writes, trim }: FieldEngine): void {
  const known = new Set<string>();
  for (const { item, name, kind } of variables) {
    const names = kind === "tuple" ? [`${name}.ip`, `${name}.port`] : [name];
    for (const each of names) {
      if (known.has(each)) throw item.error(`there are two variables "${each}"`, "a name of its own");
      known.add(each);
    }
  }
  for (const { item, variable } of trim === null ? writes : [...writes, trim]) {
    if (!known.has(variable)) throw item.at("name").error(`there is no variable "${variable}"`, [...known].join(", "));
  }
  for (const [i, variable] of variables.entries()) {
    if (variable.kind === "tuple" || variable.next === null) continue;
    const behind = variables[i + 1];
    if (behind?.name === variable.next && behind.kind !== "tuple") continue;
    throw variable.item
      .at("next_var")
      .error(`next_var "${variable.next}" is not the next variable`, "the one behind it");
  }
}
