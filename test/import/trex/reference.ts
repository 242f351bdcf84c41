/**
 * TRex's field engine as a small machine of mutable words, instruction by instruction, as its manual and its server describe
 * it. It shares nothing with the importer.
 */
export interface Instruction {
  readonly type: string;
  readonly name?: string;
  readonly size?: number;
  readonly op?: string;
  readonly min_value?: number;
  readonly max_value?: number;
  readonly init_value?: number;
  readonly value_list?: readonly number[];
  readonly step?: number;
  readonly next_var?: string | null;
  readonly limit?: number;
  readonly seed?: number;
  readonly ip_min?: number;
  readonly ip_max?: number;
  readonly port_min?: number;
  readonly port_max?: number;
  readonly limit_flows?: number;
  readonly pkt_offset?: number;
  readonly add_value?: number;
  readonly is_big_endian?: boolean;
  readonly pkt_cast_size?: number;
  readonly mask?: number;
  readonly shift?: number;
}

interface Word {
  value: number;
  index: number;
  seed: number;
  flow: number;
}

const turned = (at: number, by: number, count: number): number => (((at + by) % count) + count) % count;

/** The frames of one packet and its program; sizes of variables up to 4 bytes, and no trimming. */
export function referenceFrames(packet: Uint8Array, program: readonly Instruction[], count: number): readonly string[] {
  const words = new Map<string, Word>();
  for (const each of program) prepare(each, words);
  return Array.from({ length: count }, () => {
    const frame = packet.slice();
    let skips = false;
    program.forEach((each, i) => {
      const isAfter = i > 0 && program[i - 1]!.next_var === each.name && each.name !== undefined;
      if (!isAfter) skips = false;
      if (each.type === "flow_var" || each.type === "flow_var_rand_limit") {
        if (!skips) skips = !move(each, words.get(each.name!)!);
      } else if (each.type === "tuple_flow_var") tuple(each, words);
      else if (each.type === "fix_checksum_ipv4") checksum(frame, each.pkt_offset!);
      else put(frame, each, words, program);
    });
    return Buffer.from(frame).toString("hex");
  });
}

/** Ranges that TRex lengthens to whole steps. */
function bounds({ min_value: min = 0, max_value: max = 0, step = 1, op }: Instruction): readonly [number, number] {
  const missing = (step - ((max - min + 1) % step)) % step;
  return op === "dec" ? [min - missing, max] : [min, max + missing];
}

function prepare(each: Instruction, words: Map<string, Word>): void {
  const { name = "", op, value_list: list, init_value: init = 0, step = 1 } = each;
  const word = { value: 0, index: 0, seed: each.seed ?? 0, flow: -1 };
  if (each.type === "tuple_flow_var") {
    words.set(`${name}.ip`, word);
    words.set(`${name}.port`, { ...word });
  } else if (each.type === "flow_var" && list === undefined) {
    const [min, max] = bounds(each);
    word.value = min + turned(init - min, op === "dec" ? step : -step, max - min + 1);
    words.set(name, word);
  } else if (each.type === "flow_var" || each.type === "flow_var_rand_limit") {
    word.index = list !== undefined && op === "dec" ? list.length - 1 : 0;
    words.set(name, word);
  }
}

/** True: the next variable moves, too. */
function move(each: Instruction, word: Word): boolean {
  const { op, value_list: list, step = 1, limit = 1, seed = 0 } = each;
  if (each.type === "flow_var_rand_limit") {
    if (word.index === limit) [word.index, word.seed] = [0, seed];
    const goesRound = word.index === 0;
    const draw = (): number => {
      word.seed = Number((BigInt(word.seed) * 214_013n + 2_531_011n) % 2n ** 32n);
      return Math.floor(word.seed / 65_536) % 32_768;
    };
    const drawn = each.size === 4 ? (draw() * 65_536 + draw()) % 2 ** 32 : draw();
    word.value = each.min_value! + (drawn % (each.max_value! - each.min_value! + 1));
    word.index++;
    return goesRound;
  }
  if (list !== undefined) {
    const by = step % list.length;
    const goesRound = op === "dec" ? word.index + by >= list.length : word.index < by;
    word.value = list[word.index]!;
    word.index = turned(word.index, op === "dec" ? -by : by, list.length);
    return goesRound;
  }
  const [min, max] = bounds(each);
  const by = step % (max - min + 1);
  const left = op === "dec" ? word.value - min : max - word.value;
  word.value = min + turned(word.value - min, op === "dec" ? -by : by, max - min + 1);
  return left < by;
}

function tuple(each: Instruction, words: Map<string, Word>): void {
  const [ip, port] = [words.get(`${each.name}.ip`)!, words.get(`${each.name}.port`)!];
  ip.flow++;
  if (each.limit_flows! > 0 && ip.flow === each.limit_flows) ip.flow = 0;
  const [hosts, ports] = [each.ip_max! - each.ip_min! + 1, each.port_max! - each.port_min! + 1];
  ip.value = each.ip_min! + (ip.flow % hosts);
  port.value = each.port_min! + (Math.floor(ip.flow / hosts) % ports);
}

function put(
  frame: Uint8Array,
  each: Instruction,
  words: ReadonlyMap<string, Word>,
  program: readonly Instruction[],
): void {
  const { name = "", pkt_offset: at = 0, add_value: add = 0, pkt_cast_size: cast } = each;
  const value = BigInt(words.get(name)!.value) + BigInt(add);
  if (cast === undefined) {
    const own = program.find((other) => other.name === name && other.size !== undefined);
    const size = own?.size ?? (name.endsWith(".port") ? 2 : 4);
    for (let i = 0; i < size; i++) {
      const byte = Number((BigInt.asUintN(64, value) >> BigInt(8 * i)) & 0xffn);
      frame[each.is_big_endian === false ? at + i : at + size - 1 - i] = byte;
    }
    return;
  }
  const word = BigInt.asUintN(32, value);
  const shift = each.shift ?? 0;
  const shifted = shift >= 0 ? BigInt.asUintN(32, word << BigInt(shift)) : word >> BigInt(-shift);
  for (let i = 0; i < cast; i++) {
    const mask = Number((BigInt(each.mask!) >> BigInt(8 * i)) & 0xffn);
    const byte = Number((shifted >> BigInt(8 * i)) & 0xffn);
    const place = at + cast - 1 - i;
    frame[place] = (frame[place]! & ~mask) | (byte & mask);
  }
}

function checksum(frame: Uint8Array, at: number): void {
  frame.fill(0, at + 10, at + 12);
  let sum = 0;
  for (let i = 0; i < (frame[at]! & 15) * 4; i += 2) sum += frame[at + i]! * 256 + frame[at + i + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 65_536);
  frame[at + 10] = (sum ^ 0xffff) >> 8;
  frame[at + 11] = (sum ^ 0xffff) & 0xff;
}
