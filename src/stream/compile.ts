/**
 * Stream spec → frame program: each size is rendered once for flow 0, and what differs between flows (source port,
 * beyond 32,768 flows the source address, and the checksums over them) is written over it. Checksums start from
 * their sum over everything that flows share (RFC 1624), so that a flow costs a few additions.
 */
import { addBytes, buildFrame, fillPattern, fold, headersBytes } from "../packet/index.js";
import type { RingMemory } from "../ring/memory.js";
import { type FrameSize, fcsBytes } from "../units.js";
import { sizePattern } from "./mix.js";
import type { FrameProgram, FrameVariant } from "./program.js";
import { type FlowAddresses, flowAddresses, recognise } from "./recognise.js";
import { signatureBytes } from "./signature.js";
import {
  checkSize,
  checkStreamSpec,
  flowsPerAddress,
  frameSizesOf,
  isSigned,
  layersOf,
  type StreamSpec,
} from "./spec.js";

/** The program for one of the spec's sizes (or any other that its headers fit into); usage errors as in checkSize. */
export function compileStream(spec: StreamSpec, size: FrameSize): FrameProgram {
  checkStreamSpec(spec);
  checkSize(spec, size);
  return new CompiledProgram(spec, size);
}

const flowBits = Math.log2(flowsPerAddress);
const flowMask = flowsPerAddress - 1;

class CompiledProgram implements FrameProgram {
  readonly variants: readonly FrameVariant[];
  readonly pattern: Uint16Array;
  readonly flows: number;
  readonly signed: boolean;
  /** Per variant, all bytes of flow 0 except for the signature's place. */
  private readonly templates: readonly Uint8Array[];
  /** Per variant, the sums that a flow's words are added to. */
  private readonly udpSums: Uint16Array;
  private readonly ipSums: Uint16Array;
  private readonly ipv4: boolean;
  private readonly manyAddresses: boolean;
  private readonly firstPort: number;
  /** As an int32, so that adding to it stays one machine instruction. */
  private readonly firstAddress: number;
  private readonly addressAt: number;
  private readonly ipChecksumAt: number;
  private readonly udpAt: number;
  private readonly addresses: FlowAddresses;

  constructor(spec: StreamSpec, size: FrameSize) {
    const layers = layersOf(spec, 0);
    const ipAt = headersBytes(layers.slice(0, -2));
    this.variants = frameSizesOf(size).map((frameBytes) => ({ frameBytes, bufferBytes: frameBytes - fcsBytes }));
    this.pattern = sizePattern(size, spec.seed);
    this.flows = spec.flows;
    this.signed = isSigned(spec, size);
    this.ipv4 = spec.ip === 4;
    this.manyAddresses = spec.flows > flowsPerAddress;
    this.firstPort = spec.srcPort;
    this.addressAt = ipAt + (this.ipv4 ? 12 : 20);
    this.ipChecksumAt = ipAt + 10;
    this.udpAt = headersBytes(layers.slice(0, -1));
    this.addresses = flowAddresses(spec, this.variants, this.signed);
    this.firstAddress = this.addresses.srcLow32 | 0;
    const frames = this.variants.map(({ bufferBytes }) => templateOf(spec, bufferBytes, this.signed));
    this.udpSums = Uint16Array.from(frames, (frame) => this.sumWithoutFlow(frame, this.udpAt + 6, true));
    this.ipSums = Uint16Array.from(frames, (frame) => this.sumWithoutFlow(frame, this.ipChecksumAt, false));
    this.templates = frames.map((frame) => frame.slice(0, frame.length - (this.signed ? signatureBytes : 0)));
  }

  render(memory: RingMemory, offset: number, variant: number, flow: number): void {
    memory.u8.set(this.templates[variant], offset);
    this.touch(memory, offset, variant, flow);
  }

  touch(memory: RingMemory, offset: number, variant: number, flow: number): void {
    if (this.flows === 1) return;
    const view = memory.view;
    const port = this.firstPort + (flow & flowMask);
    let udpSum = this.udpSums[variant] + port;
    if (this.manyAddresses) {
      const address = (this.firstAddress + (flow >>> flowBits)) | 0;
      const addressSum = (address >>> 16) + (address & 0xffff);
      view.setInt32(offset + this.addressAt, address);
      if (this.ipv4) {
        let ipSum = this.ipSums[variant] + addressSum;
        ipSum = (ipSum & 0xffff) + (ipSum >>> 16);
        ipSum += ipSum >>> 16;
        view.setUint16(offset + this.ipChecksumAt, ~ipSum);
      }
      udpSum += addressSum;
    }
    udpSum = (udpSum & 0xffff) + (udpSum >>> 16);
    udpSum += udpSum >>> 16;
    const checksum = ~udpSum & 0xffff;
    view.setUint16(offset + this.udpAt, port);
    // RFC 768: a computed 0 is sent as 0xffff.
    view.setUint16(offset + this.udpAt + 6, checksum === 0 ? 0xffff : checksum);
  }

  recognises(memory: RingMemory, offset: number, bytes: number): boolean {
    return recognise(this.addresses, memory.view, offset, bytes);
  }

  /** RFC 1624: takes what flows differ in out of the sum behind a template's checksum. */
  private sumWithoutFlow(frame: Uint8Array, checksumAt: number, withPort: boolean): number {
    const stored = addBytes(0, frame, checksumAt, checksumAt + 2);
    const port = withPort ? this.firstPort : 0;
    const address = this.manyAddresses ? fold(addBytes(0, frame, this.addressAt, this.addressAt + 4)) : 0;
    return fold((stored ^ 0xffff) + (port ^ 0xffff) + (address ^ 0xffff));
  }
}

/** Flow 0's frame with, where signed, the simplest signature in its place: words that sum to 0xffff. */
function templateOf(spec: StreamSpec, bufferBytes: number, signed: boolean): Uint8Array {
  const layers = layersOf(spec, 0);
  const payload = new Uint8Array(bufferBytes - headersBytes(layers));
  fillPattern(payload, 0, payload.length);
  if (signed) {
    payload.fill(0, payload.length - signatureBytes);
    payload.fill(0xff, payload.length - 2);
  }
  return buildFrame(layers, bufferBytes, payload);
}
