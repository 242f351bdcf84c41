/**
 * eBPF instructions as bytes (RFC 9669): only those that our XDP programs need. Pure.
 *
 *     byte 0        1                2 … 3            4 … 7
 *     opcode   dst | src << 4    offset, signed   immediate, signed     (all in the machine's order: little-endian)
 *
 * Jumps go to labels; their distance counts instructions from the next one (§4.3).
 */

/**
 * r0 is the result of a call and of the program, r1 … r5 a call's arguments, which it destroys, r6 … r9 kept, r10 the
 * stack.
 */
type Register = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;

/** Bytes that a load or store moves. */
type Width = 1 | 2 | 4 | 8;

const classes = { ld: 0x00, ldx: 0x01, st: 0x02, stx: 0x03, jmp: 0x05, alu64: 0x07, alu32: 0x04 } as const;
const sizes: Readonly<Record<Width, number>> = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 };
const modeMemory = 0x60;
const modeAtomic = 0xc0;
const fromRegister = 0x08;
const operations = { add: 0x00, or: 0x40, and: 0x50, lsh: 0x60, rsh: 0x70, sub: 0x10, xor: 0xa0, mov: 0xb0 } as const;
const conditions = { eq: 0x10, gt: 0x20, ne: 0x50 } as const;
const always = 0x00;
const call = 0x80;
const exit = 0x90;
/** src of the two-instruction load: what the immediate is (linux/bpf.h, BPF_PSEUDO_MAP_FD and _VALUE). */
const pseudo = { mapFd: 1, mapValue: 2 } as const;

type Operation = keyof typeof operations;
type Condition = keyof typeof conditions;

/** Helper functions by their number in linux/bpf.h. */
export const helper = { ktimeGetNs: 5, redirectMap: 51 } as const;

interface Instruction {
  readonly opcode: number;
  readonly dst: number;
  readonly src: number;
  readonly offset: number;
  readonly immediate: number;
  /** A jump's target. */
  readonly label?: string;
}

/** Collects instructions; `bytes` is what BPF_PROG_LOAD takes. */
export class BpfAssembler {
  readonly #instructions: Instruction[] = [];
  readonly #labels = new Map<string, number>();

  /** dst ← dst op immediate (64 bits; the immediate is sign-extended). */
  alu(operation: Operation, dst: Register, immediate: number): this {
    return this.#add(classes.alu64 | operations[operation], dst, 0, 0, immediate);
  }

  /** dst ← dst op src (64 bits). */
  aluRegister(operation: Operation, dst: Register, src: Register): this {
    return this.#add(classes.alu64 | fromRegister | operations[operation], dst, src, 0, 0);
  }

  /** dst ← dst op immediate in 32 bits; the upper half becomes 0. */
  alu32(operation: Operation, dst: Register, immediate: number): this {
    return this.#add(classes.alu32 | operations[operation], dst, 0, 0, immediate);
  }

  /** dst ← the bytes at [src + offset], zero-extended. */
  load(width: Width, dst: Register, src: Register, offset: number): this {
    return this.#add(classes.ldx | modeMemory | sizes[width], dst, src, offset, 0);
  }

  /** The bytes at [dst + offset] ← the low bytes of src. */
  store(width: Width, dst: Register, offset: number, src: Register): this {
    return this.#add(classes.stx | modeMemory | sizes[width], dst, src, offset, 0);
  }

  /** The 64 bits at [dst + offset] += src, atomically. */
  atomicAdd(dst: Register, offset: number, src: Register): this {
    return this.#add(classes.stx | modeAtomic | sizes[8], dst, src, offset, operations.add);
  }

  /** dst ← the map that `fd` is. */
  loadMap(dst: Register, fd: number): this {
    return this.#wide(dst, pseudo.mapFd, fd, 0);
  }

  /** dst ← the address of element 0 of the array map `fd`, plus `offset`. */
  loadMapValue(dst: Register, fd: number, offset: number): this {
    return this.#wide(dst, pseudo.mapValue, fd, offset);
  }

  /** To `label` where dst condition immediate (unsigned) holds. */
  jump(condition: Condition, dst: Register, immediate: number, label: string): this {
    return this.#add(classes.jmp | conditions[condition], dst, 0, 0, immediate, label);
  }

  jumpRegister(condition: Condition, dst: Register, src: Register, label: string): this {
    return this.#add(classes.jmp | fromRegister | conditions[condition], dst, src, 0, 0, label);
  }

  jumpAlways(label: string): this {
    return this.#add(classes.jmp | always, 0, 0, 0, 0, label);
  }

  call(number: number): this {
    return this.#add(classes.jmp | call, 0, 0, 0, number);
  }

  exit(): this {
    return this.#add(classes.jmp | exit, 0, 0, 0, 0);
  }

  /** The next instruction's name. */
  label(name: string): this {
    if (this.#labels.has(name)) throw new RangeError(`label ${name} is there twice`);
    this.#labels.set(name, this.#instructions.length);
    return this;
  }

  bytes(): Uint8Array {
    const bytes = new Uint8Array(8 * this.#instructions.length);
    const view = new DataView(bytes.buffer);
    this.#instructions.forEach((instruction, at) => {
      const { opcode, dst, src, immediate } = instruction;
      view.setUint8(8 * at, opcode);
      view.setUint8(8 * at + 1, dst | (src << 4));
      view.setInt16(8 * at + 2, this.#offsetOf(instruction, at), true);
      view.setInt32(8 * at + 4, immediate, true);
    });
    return bytes;
  }

  #offsetOf({ label, offset }: Instruction, at: number): number {
    if (label === undefined) return offset;
    const target = this.#labels.get(label);
    if (target === undefined) throw new RangeError(`there is no label ${label}`);
    return target - at - 1;
  }

  /** A 64-bit immediate takes two instructions. */
  #wide(dst: Register, src: number, low: number, high: number): this {
    return this.#add(classes.ld | sizes[8], dst, src, 0, low).#add(0, 0, 0, 0, high);
  }

  #add(opcode: number, dst: number, src: number, offset: number, immediate: number, label?: string): this {
    this.#instructions.push({ opcode, dst, src, offset, immediate, ...(label === undefined ? {} : { label }) });
    return this;
  }
}
