/** The streams of TRex's JSON or YAML, as data with their places. What has no effect here is noted. */
import { fcsBytes, type Rate } from "../../units.js";
import { type FieldEngine, readFieldEngine } from "./instructions.js";
import type { Item, Notes } from "./item.js";

/** When a stream's frames leave. */
export type StreamMode =
  | { readonly kind: "continuous" }
  | { readonly kind: "burst"; readonly frames: number }
  /** `bursts` null: without end. `gapNs` lies between the last frame of a burst and the first of the next. */
  | { readonly kind: "bursts"; readonly frames: number; readonly bursts: number | null; readonly gapNs: number };

export interface TrexStream {
  readonly item: Item;
  /** Unique. */
  readonly name: string;
  readonly next: string | null;
  readonly nextItem: Item;
  readonly selfStart: boolean;
  /** Before its first frame, each time that it starts. */
  readonly waitNs: number;
  /** Starts of the next stream until the chain ends; 0: it does not end. */
  readonly actionCount: number;
  readonly mode: StreamMode;
  readonly rate: Rate;
  readonly rateItem: Item;
  /** It only takes time. */
  readonly isDelay: boolean;
  readonly packet: {
    readonly item: Item;
    readonly bytes: Uint8Array;
    readonly keepsSrc: boolean;
    readonly keepsDst: boolean;
  };
  readonly engine: FieldEngine;
}

const mostFrames = 2 ** 32 - 1;
const mostStreams = 20_000;
const mostPps = 1e9;
/** A chain of 30 years. */
const mostUs = 1e15;

const knownKeys = new Set(
  ["name", "next", "stream_id", "next_stream_id", "enabled", "self_start", "start_paused", "isg", "core_id"].concat([
    "random_seed",
    "mode",
    "packet",
    "vm",
    "flow_stats",
    "flags",
    "action_count",
    "advanced_mode",
    "stream",
  ]),
);
const modeKeys = new Set(["type", "rate", "pps", "total_pkts", "pkts_per_burst", "ibg", "count"]);
const rateKeys = new Set(["type", "value"]);
/** TRex does not read `meta`: it is a note of the program that made the packet. */
const packetKeys = new Set(["binary", "meta"]);

/** The list of streams. @throws PktgenError (2) */
export function readStreams(root: Item, notes: Notes): readonly TrexStream[] {
  refuseOthers(root);
  const items = root.list();
  if (items.length === 0) throw root.error("there is no stream", "a list of at least one stream");
  if (items.length > mostStreams) throw root.error(`${items.length} streams`, `up to ${mostStreams}`);
  const names = new Names(items);
  return items.flatMap((outer, i) => {
    notes.addUnknownKeys(outer, knownKeys);
    const item = bodyOf(outer);
    if (item !== outer) notes.addUnknownKeys(item, knownKeys);
    if (!item.at("enabled").flag(true)) {
      notes.add(outer, `"${names.of(i)}" is not enabled, and is left out`);
      return [];
    }
    return [streamOf(outer, item, names, i, notes)];
  });
}

/** Files of TRex's other kinds have a sentence of their own. */
function refuseOthers(root: Item): void {
  const accepted = "a list of streams, as STLProfile.to_json() gives it";
  const first = Array.isArray(root.value) && root.value.length > 0 ? root.list()[0]! : root;
  const keys = new Set([...root.keys, ...first.keys]);
  const has = (...names: readonly string[]): boolean => names.some((name) => keys.has(name));
  if (has("templates", "tg_id", "ip_gen_dist_list", "program_list")) {
    const what = "this is a profile of TRex's ASTF mode: connections with a TCP of their own";
    throw root.error(what, accepted, "nothing here opens connections; streams of the STL mode can be imported");
  }
  if (has("cap_info", "cap_ipg", "generator")) {
    throw root.error(
      "this is a profile of TRex's stateful mode",
      accepted,
      "pktgen-ts replay sends the frames of a capture",
    );
  }
  if (!Array.isArray(root.value)) {
    const hint = "scripts/trex_profile_to_json.py writes it from a .py profile";
    throw root.error("this is no list of streams", accepted, hint);
  }
}

/** The program that edits profiles nests a stream in its entry. */
function bodyOf(outer: Item): Item {
  if (!outer.isObject) throw outer.error("a stream that is no set of keys", "keys name, mode, packet, vm …");
  const inner = outer.at("stream");
  return inner.isMissing ? outer : inner;
}

/** Names of streams, which need not be unique, or be there, in TRex. */
class Names {
  readonly #names: string[] = [];
  readonly #byName = new Map<string, string>();
  readonly #byId = new Map<number, string>();

  constructor(items: readonly Item[]) {
    const taken = new Set<string>();
    for (const [i, outer] of items.entries()) {
      const own = nameIn(outer);
      const base = own ?? groupName(bodyOf(outer)) ?? `stream ${i + 1}`;
      let name = base;
      for (let nth = 2; taken.has(name); nth++) name = `${base} (${nth})`;
      taken.add(name);
      this.#names.push(name);
      if (own !== null && !this.#byName.has(own)) this.#byName.set(own, name);
      const { value: id } = outer.at("stream_id");
      if (typeof id === "number") this.#byId.set(id, name);
    }
  }

  of(index: number): string {
    return this.#names[index]!;
  }

  /** The stream that comes next, by its name or number. */
  next(outer: Item): { readonly name: string | null; readonly item: Item } {
    const byName = outer.at("next");
    const body = bodyOf(outer);
    const [byId, inBody] = [outer.at("next_stream_id"), body.at("next_stream_id")];
    const item = byName.isMissing || byName.value === "" ? (byId.isMissing ? inBody : byId) : byName;
    if (item.isMissing || item.value === -1) return { name: null, item };
    const known = item === byName ? this.#byName.get(shown(item)) : this.#byId.get(item.whole(-1, 2 ** 32));
    if (known === undefined) throw item.error(`there is no stream ${shown(item)}`, this.#names.slice(0, 20).join(", "));
    return { name: known, item };
  }
}

const shown = ({ value }: Item): string =>
  typeof value === "number" || typeof value === "string" ? String(value) : "?";

/** Without characters that could steer a terminal. */
function nameIn(outer: Item): string | null {
  const item = outer.at("name");
  if (item.isMissing || item.value === "") return null;
  if (typeof item.value !== "string" && typeof item.value !== "number") throw item.error("this is no name", "a text");
  return shown(item)
    .replaceAll(/[^\P{C}\t]|\t/gu, " ")
    .slice(0, 100);
}

/** Streams that TRex counts by a number are known by it. */
function groupName(body: Item): string | null {
  const stats = body.at("flow_stats");
  if (!stats.isObject || !stats.at("enabled").flag(false)) return null;
  const { value } = stats.at("stream_id");
  const kind = stats.at("rule_type").value === "latency" ? "latency" : "group";
  return typeof value === "number" ? `${kind} ${value}` : null;
}

function streamOf(outer: Item, item: Item, names: Names, index: number, notes: Notes): TrexStream {
  const flags = item.at("flags").whole(0, 65_535, 7);
  const { name: next, item: nextItem } = names.next(outer);
  noteStats(item.at("flow_stats"), notes);
  const isOff = item.at("start_paused");
  if (isOff.flag(false)) notes.add(isOff, "start_paused has no effect: the stream starts");
  const core = item.at("core_id");
  if (core.whole(-(2 ** 31), 2 ** 31, -1) >= 0)
    notes.add(core, "core_id has no effect: any thread sends the same frames");
  const packet = item.at("packet");
  const binary = packet.at("binary");
  const bytes = packetBytes(binary);
  notes.addUnknownKeys(packet, packetKeys);
  notes.addUnknownKeys(item.at("mode"), modeKeys);
  notes.addUnknownKeys(item.at("mode").at("rate"), rateKeys);
  const [rate, rateItem] = rateOf(item.at("mode"));
  return {
    item,
    name: names.of(index),
    next,
    nextItem,
    selfStart: item.at("self_start").flag(true),
    waitNs: nsOf(item.at("isg"), 0),
    actionCount: item.at("action_count").whole(0, 65_535, 0),
    mode: modeOf(item.at("mode")),
    rate,
    rateItem,
    isDelay: (flags & 8) !== 0,
    packet: { item: binary, bytes, keepsSrc: (flags & 1) === 1, keepsDst: ((flags >> 1) & 3) === 1 },
    engine: readFieldEngine(item.at("vm"), notes),
  };
}

function noteStats(stats: Item, notes: Notes): void {
  if (!stats.isObject || !stats.at("enabled").flag(false)) return;
  if (stats.at("rule_type").value === "tpg") {
    notes.add(stats, "tagged packet groups have no counterpart: each stream is counted, not each tag in it");
  }
  for (const key of ["vxlan", "ieee_1588"]) {
    if (stats.at(key).flag(false)) notes.add(stats.at(key), `${key} of flow_stats has no effect`);
  }
}

/** Base64, or a list of bytes. */
function packetBytes(item: Item): Uint8Array {
  if (Array.isArray(item.value)) return Uint8Array.from(item.list(), (byte) => byte.whole(0, 255));
  const text = item.text();
  const digits = text.replaceAll(/\s/g, "");
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(digits))
    throw item.error("the packet is not in base64", "base64, or a list of bytes");
  return Uint8Array.from(Buffer.from(digits, "base64"));
}

const nsOf = (item: Item, fallback: number): number => Math.round(item.number(0, mostUs, fallback) * 1000);

function modeOf(mode: Item): StreamMode {
  const kind = mode.at("type").choice(["continuous", "single_burst", "multi_burst"]);
  if (kind === "continuous") return { kind: "continuous" };
  if (kind === "single_burst") return { kind: "burst", frames: mode.at("total_pkts").whole(1, mostFrames) };
  const count = mode.at("count").whole(0, mostFrames);
  const frames = mode.at("pkts_per_burst").whole(1, mostFrames);
  return { kind: "bursts", frames, bursts: count === 0 ? null : count, gapNs: nsOf(mode.at("ibg"), 0) };
}

/** Profiles of old have `pps` instead of `rate`. */
function rateOf(mode: Item): readonly [Rate, Item] {
  const rate = mode.at("rate");
  if (rate.isMissing) return [{ kind: "pps", pps: mode.at("pps").number(1e-6, mostPps) }, mode.at("pps")];
  const kind = rate.at("type").choice(["pps", "bps_L1", "bps_L2", "percentage"]);
  const value = rate.at("value");
  if (kind === "pps") return [{ kind: "pps", pps: value.number(1e-6, mostPps) }, value];
  if (kind === "percentage") return [{ kind: "percent", share: value.number(1e-9, 100) / 100 }, value];
  return [{ kind: "bps", layer: kind === "bps_L1" ? 1 : 2, bps: value.number(1e-3, 1e15) }, value];
}

/** Nanoseconds of a frame at the stream's rate; null: a share of a line that is not known. */
export function slotNs(rate: Rate, packetBytes: number): number | null {
  if (rate.kind === "pps") return 1e9 / rate.pps;
  if (rate.kind !== "bps") return null;
  return (8 * (packetBytes + fcsBytes + (rate.layer === 1 ? 20 : 0)) * 1e9) / rate.bps;
}
