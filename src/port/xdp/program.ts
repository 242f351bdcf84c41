/**
 * The XDP program of a port, and the page of memory that it shares with us. A frame that arrives on the interface goes
 * to the AF_XDP socket of its queue. If the queue has no socket, the frame is counted and left to the kernel.
 *
 * With tx=live the same program also makes the frames that we send. BPF_PROG_TEST_RUN runs it on pages of memory as if
 * they had arrived on the loopback interface; that is how it tells them from arrivals. The program has to be attached.
 * In every run of a program that is attached nowhere, the kernel puts it into its dispatcher and takes it out again.
 * For that it waits twice for a grace period of RCU: 20 ms here, against 8 µs.
 */
import { BpfAssembler, helper } from "../../sys/xdp/bpf-assembler.js";

/** Offsets in the shared page. */
export const xdpPage = {
  /** u64: frames on queues that have no socket. */
  passed: 0,
  /** u64: the number of the next frame to send; grows by one with each that was handed to the interface. */
  sequence: 8,
  /** u64: CLOCK_MONOTONIC at the trial's start, ns. */
  epoch: 16,
  /** u32: where the signature begins in a frame; 0: none. */
  signatureAt: 24,
  /** u32: signatureBase of the frames' trial and stream. */
  signatureSum: 28,
  /** u64: frames handed to the interface since the port was opened. */
  handed: 32,
  /** The frame as it begins: devices write into headers, and pages are used again. */
  template: 64,
} as const;

/** How many bytes of each frame are written again: more than any of our headers have. */
export const liveTemplateBytes = 128;
export const xdpPageBytes = xdpPage.template + liveTemplateBytes;

/** struct xdp_md */
const context = { data: 0, dataEnd: 4, ingressInterface: 12, rxQueue: 16 } as const;
/** enum xdp_action */
const action = { drop: 1, pass: 2, redirect: 4 } as const;

export interface XdpProgramMaps {
  /** Descriptor of the shared page's array. */
  readonly page: number;
  readonly sockets: number;
  /** For tx=live: where frames go, entry 0; and the index of the interface that the program is attached to. */
  readonly live: { readonly devices: number; readonly interfaceIndex: number } | null;
}

export function xdpProgram({ page, sockets, live }: XdpProgramMaps): Uint8Array {
  const program = new BpfAssembler();
  if (live !== null) {
    program.aluRegister("mov", 6, 1).load(4, 2, 1, context.ingressInterface);
    program.jump("ne", 2, live.interfaceIndex, "live");
  }
  receive(program, page, sockets);
  if (live !== null) send(program.label("live"), page, live.devices);
  return program.bytes();
}

/** To the socket of the frame's queue; where there is none, bpf_redirect_map answers the action in its flags. */
function receive(program: BpfAssembler, page: number, sockets: number): void {
  program
    .load(4, 2, 1, context.rxQueue)
    .loadMap(1, sockets)
    .alu("mov", 3, action.pass)
    .call(helper.redirectMap)
    .jump("ne", 0, action.pass, "received")
    .loadMapValue(1, page, xdpPage.passed)
    .alu("mov", 2, 1)
    .atomicAdd(1, 0, 2)
    .label("received")
    .exit();
}

/** r6: context, r7: page, r8: signature, r9: ns since the epoch. */
function send(program: BpfAssembler, page: number, devices: number): void {
  program
    .loadMap(1, devices)
    .alu("mov", 2, 0)
    .alu("mov", 3, action.drop)
    .call(helper.redirectMap)
    // The interface is gone: this frame does not count.
    .jump("eq", 0, action.redirect, "mark")
    .exit()
    .label("mark")
    .call(helper.ktimeGetNs)
    .loadMapValue(7, page, 0)
    .load(8, 1, 7, xdpPage.epoch)
    .aluRegister("mov", 9, 0)
    .aluRegister("sub", 9, 1)
    .load(4, 2, 6, context.data)
    .load(4, 3, 6, context.dataEnd);
  restore(program);
  sign(program);
  for (const counter of [xdpPage.sequence, xdpPage.handed]) {
    program.load(8, 1, 7, counter).alu("add", 1, 1).store(8, 7, counter, 1);
  }
  program.alu("mov", 0, action.redirect).exit();
}

/** The beginning, eight bytes at a time as far as the frame goes; the rest of its last eight belongs to the signature. */
function restore(program: BpfAssembler): void {
  for (let at = 0; at < liveTemplateBytes; at += 8) {
    program
      .aluRegister("mov", 4, 2)
      .alu("add", 4, at + 8)
      .jumpRegister("gt", 4, 3, "restored")
      .load(8, 5, 7, xdpPage.template + at)
      .store(8, 2, at, 5);
  }
  program.label("restored");
}

/** stream/frames/signature.ts: sequence at 6, time at 10, balance at 16 of the 18 bytes. */
function sign(program: BpfAssembler): void {
  program
    .load(4, 8, 7, xdpPage.signatureAt)
    .jump("eq", 8, 0, "signed")
    // A page's worth: the verifier follows no offsets beyond 64 KiB.
    .alu("and", 8, 0xfff)
    .aluRegister("add", 8, 2)
    .aluRegister("mov", 4, 8)
    .alu("add", 4, 18)
    .jumpRegister("gt", 4, 3, "signed")
    .load(8, 5, 7, xdpPage.sequence)
    .store(4, 8, 6, 5)
    .store(4, 8, 10, 9)
    // r1 sums words: what is the same in all frames, then time (high, middle, low) and sequence (low, high).
    .load(4, 1, 7, xdpPage.signatureSum)
    .aluRegister("mov", 4, 9)
    .alu("rsh", 4, 32)
    .alu("and", 4, 0xffff)
    .store(2, 8, 14, 4)
    .aluRegister("add", 1, 4);
  for (const register of [5, 9] as const) {
    program.aluRegister("mov", 4, register).alu("and", 4, 0xffff).aluRegister("add", 1, 4);
    program.aluRegister("mov", 4, register).alu("lsh", 4, 32).alu("rsh", 4, 48).aluRegister("add", 1, 4);
  }
  for (let fold = 0; fold < 2; fold++) {
    program.aluRegister("mov", 4, 1).alu("rsh", 4, 16).alu("and", 1, 0xffff).aluRegister("add", 1, 4);
  }
  program.alu("xor", 1, 0xffff).store(2, 8, 16, 1).label("signed");
}
