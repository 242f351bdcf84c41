/** The assembler of eBPF programs, by its bytes. */
import { describe, expect, it } from "vitest";
import { BpfAssembler, helper } from "../../src/sys/xdp/bpf-assembler.js";

const hex = (bytes: Uint8Array): string[] =>
  Array.from({ length: bytes.length / 8 }, (_, i) => Buffer.from(bytes.subarray(8 * i, 8 * i + 8)).toString("hex"));

/** As `llvm-objdump -d` and the kernel's verifier show them (RFC 9669). */
describe("the eBPF assembler writes", () => {
  it.each([
    ["r1 = 5", new BpfAssembler().alu("mov", 1, 5), ["b701000005000000"]],
    ["r2 = -1", new BpfAssembler().alu("mov", 2, -1), ["b7020000ffffffff"]],
    ["r6 = r1", new BpfAssembler().aluRegister("mov", 6, 1), ["bf16000000000000"]],
    ["r4 += 18", new BpfAssembler().alu("add", 4, 18), ["0704000012000000"]],
    ["r3 += r2", new BpfAssembler().aluRegister("add", 3, 2), ["0f23000000000000"]],
    ["r3 -= r2", new BpfAssembler().aluRegister("sub", 3, 2), ["1f23000000000000"]],
    ["r0 >>= 32", new BpfAssembler().alu("rsh", 0, 32), ["7700000020000000"]],
    ["r0 <<= 16", new BpfAssembler().alu("lsh", 0, 16), ["6700000010000000"]],
    ["r5 &= 65535", new BpfAssembler().alu("and", 5, 0xffff), ["57050000ffff0000"]],
    ["w5 &= -1", new BpfAssembler().alu32("and", 5, -1), ["54050000ffffffff"]],
    ["r5 ^= 65535", new BpfAssembler().alu("xor", 5, 0xffff), ["a7050000ffff0000"]],
    ["r2 = *(u32 *)(r1 + 4)", new BpfAssembler().load(4, 2, 1, 4), ["6112040000000000"]],
    ["r2 = *(u16 *)(r1 + 12)", new BpfAssembler().load(2, 2, 1, 12), ["69120c0000000000"]],
    ["r2 = *(u8 *)(r1 + 1)", new BpfAssembler().load(1, 2, 1, 1), ["7112010000000000"]],
    ["r2 = *(u64 *)(r1 - 8)", new BpfAssembler().load(8, 2, 1, -8), ["7912f8ff00000000"]],
    ["*(u64 *)(r10 - 8) = r1", new BpfAssembler().store(8, 10, -8, 1), ["7b1af8ff00000000"]],
    ["*(u32 *)(r8 + 6) = r9", new BpfAssembler().store(4, 8, 6, 9), ["6398060000000000"]],
    ["*(u16 *)(r8 + 16) = r9", new BpfAssembler().store(2, 8, 16, 9), ["6b98100000000000"]],
    ["lock *(u64 *)(r1 + 8) += r2", new BpfAssembler().atomicAdd(1, 8, 2), ["db21080000000000"]],
    ["r1 = map fd 7", new BpfAssembler().loadMap(1, 7), ["1811000007000000", "0000000000000000"]],
    ["r1 = map value fd 7 + 16", new BpfAssembler().loadMapValue(1, 7, 16), ["1821000007000000", "0000000010000000"]],
    ["call bpf_redirect_map", new BpfAssembler().call(helper.redirectMap), ["8500000033000000"]],
    ["exit", new BpfAssembler().exit(), ["9500000000000000"]],
  ])("%s", (_, program, expected) => {
    expect(hex(program.bytes())).toEqual(expected);
  });

  it("jumps by the instructions between, forwards and backwards, a wide one counting twice", () => {
    const program = new BpfAssembler()
      .label("start")
      .jump("eq", 1, 5, "end")
      .loadMap(2, 3)
      .jumpRegister("gt", 4, 3, "start")
      .jumpAlways("end")
      .label("end")
      .exit();
    expect(hex(program.bytes())).toEqual([
      "1501040005000000",
      "1812000003000000",
      "0000000000000000",
      "2d34fcff00000000",
      "0500000000000000",
      "9500000000000000",
    ]);
  });

  it("nothing for a label that is not there, or there twice", () => {
    expect(() => new BpfAssembler().jumpAlways("nowhere").bytes()).toThrow("nowhere");
    expect(() => new BpfAssembler().label("here").label("here")).toThrow("here");
  });
});
