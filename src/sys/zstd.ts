/**
 * zstd through the system's libzstd, streaming both ways: node:zlib has zstd only from Node 22.15 on. The library is on
 * every machine whose package manager or init uses it (dpkg, rpm, pacman, systemd).
 */
import koffi from "koffi";
import { environmentError } from "../errors.js";
import { addressOf } from "./libc.js";

/** ZSTD_e_end: compressStream2 finishes the frame. */
const endDirective = 2;

type Code = number | bigint;

interface Library {
  readonly createDecompressor: () => unknown;
  readonly freeDecompressor: (context: unknown) => void;
  readonly decompress: (context: unknown, into: BigUint64Array, from: BigUint64Array) => Code;
  readonly createCompressor: () => unknown;
  readonly freeCompressor: (context: unknown) => void;
  readonly compress: (context: unknown, into: BigUint64Array, from: BigUint64Array, directive: number) => Code;
  readonly isError: (code: Code) => number;
  readonly errorName: (code: Code) => string;
}

let loaded: Library | null = null;

function library(): Library {
  if (loaded !== null) return loaded;
  let lib: ReturnType<typeof koffi.load>;
  try {
    lib = koffi.load("libzstd.so.1");
  } catch (cause) {
    throw environmentError("a .zst file needs libzstd.so.1, which is not here", {
      hint: "apt-get install libzstd1 (or dnf install libzstd, apk add zstd-libs), or use .gz",
      cause,
    });
  }
  const bind = <T>(declaration: string): T => lib.func(declaration) as T;
  // ZSTD_inBuffer and ZSTD_outBuffer are three words each: address, size, position.
  loaded = {
    createDecompressor: bind("void *ZSTD_createDStream()"),
    freeDecompressor: bind("size_t ZSTD_freeDStream(void *zds)"),
    decompress: bind("size_t ZSTD_decompressStream(void *zds, void *output, void *input)"),
    createCompressor: bind("void *ZSTD_createCStream()"),
    freeCompressor: bind("size_t ZSTD_freeCStream(void *zcs)"),
    compress: bind("size_t ZSTD_compressStream2(void *cctx, void *output, void *input, int op)"),
    isError: bind("unsigned int ZSTD_isError(size_t code)"),
    errorName: bind("const char *ZSTD_getErrorName(size_t code)"),
  };
  return loaded;
}

/** The words of a buffer. Arrays of up to 64 bytes cannot be used, because the collector moves them. */
const words = (bytes: Uint8Array): BigUint64Array => BigUint64Array.of(addressOf(bytes), BigInt(bytes.length), 0n);

/** Bytes whose address does not change. */
const pinned = (bytes: Uint8Array): Uint8Array => {
  const copy = new Uint8Array(new ArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
};

export interface ZstdStep {
  /** Bytes of the input that were taken, and of the output that were filled. */
  readonly taken: number;
  readonly filled: number;
  /** The stream may end here: a frame is complete. */
  readonly complete: boolean;
}

/** Decompresses piece by piece; frames that follow each other are one stream. */
export class ZstdDecompressor implements Disposable {
  readonly #library = library();
  #context: unknown = this.#library.createDecompressor();

  /** Both buffers at least 128 bytes long. @throws Error: the data is damaged; its message says how. */
  step(from: Uint8Array, into: Uint8Array): ZstdStep {
    const input = words(from);
    const output = words(into);
    const code = this.#library.decompress(this.#context, output, input);
    if (this.#library.isError(code) !== 0) throw new Error(this.#library.errorName(code));
    return { taken: Number(input[2]), filled: Number(output[2]), complete: Number(code) === 0 };
  }

  [Symbol.dispose](): void {
    if (this.#context !== null) this.#library.freeDecompressor(this.#context);
    this.#context = null;
  }
}

/** Throws an environment error (3) where the library is missing. */
export const checkZstd = (): void => void library();

/** One whole zstd frame of `bytes`, at the library's own level. Frames may follow each other in a file. */
export function zstdFrame(bytes: Uint8Array): Uint8Array {
  const { createCompressor, freeCompressor, compress, isError, errorName } = library();
  const from = pinned(bytes);
  // ZSTD_compressBound: what cannot be compressed grows by less than 1/256 and a few bytes.
  const into = new Uint8Array(new ArrayBuffer(bytes.length + (bytes.length >>> 7) + 1024));
  const context = createCompressor();
  try {
    const output = words(into);
    const code = compress(context, output, words(from), endDirective);
    if (isError(code) !== 0) throw new Error(`zstd: ${errorName(code)}`);
    if (Number(code) !== 0) throw new Error("zstd: a frame did not fit into its bound");
    return into.subarray(0, Number(output[2]));
  } finally {
    freeCompressor(context);
  }
}
