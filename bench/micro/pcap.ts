/** Captures in memory: classic and pcapng, written and read. One operation is a batch of frames. */
import {
  type CaptureDecoder,
  type CaptureEncoder,
  ClassicDecoder,
  ClassicEncoder,
  defaultCaptureFormat,
  defaultPcapngFormat,
  FrameBatch,
  PcapngDecoder,
  PcapngEncoder,
} from "../../src/pcap/index.js";
import { keep, type MicroCase } from "./case.js";

const frames = 1024;
const frameBytes = 60;
const frame = new Uint8Array(frameBytes).fill(7);

const coders: readonly {
  readonly name: string;
  encoder(sink: (bytes: Uint8Array) => void): CaptureEncoder;
  decoder(): CaptureDecoder;
}[] = [
  {
    name: "classic",
    encoder: (sink) => new ClassicEncoder(sink, defaultCaptureFormat),
    decoder: () => new ClassicDecoder(),
  },
  {
    name: "pcapng",
    encoder: (sink) => new PcapngEncoder(sink, defaultPcapngFormat),
    decoder: () => new PcapngDecoder(),
  },
];

function writeFrames(encoder: CaptureEncoder): void {
  for (let i = 0; i < frames; i++) {
    encoder.bytes.set(frame, encoder.place(frameBytes, frameBytes, 1_700_000_000, i));
  }
  encoder.flush();
}

/** A whole file of these frames. */
function fileOf(encoder: (sink: (bytes: Uint8Array) => void) => CaptureEncoder): Uint8Array {
  let file = new Uint8Array(0);
  writeFrames(
    encoder((piece) => {
      file = piece.slice();
    }),
  );
  return file;
}

export const pcapCases: readonly MicroCase[] = coders.flatMap(({ name, encoder, decoder }) => {
  const writing = encoder((piece) => keep(piece.length));
  const file = fileOf(encoder);
  const view = new DataView(file.buffer);
  const batch = new FrameBatch(frames);
  return [
    { name: `pcap: write ${frames} frames of 64 bytes, ${name}`, run: () => writeFrames(writing) },
    {
      name: `pcap: read ${frames} frames of 64 bytes, ${name}`,
      run: () => {
        batch.reset(file, 0);
        decoder().decode(file, view, 0, file.length, batch);
        if (batch.count !== frames) throw new Error(`read ${batch.count} of ${frames} frames`);
        keep(batch.starts[frames - 1]);
      },
    },
  ];
});
