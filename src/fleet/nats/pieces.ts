/**
 * Answers that are longer than the server takes: they are held here, and whoever asked fetches them piece by piece, at the
 * subject that it asked. What is kept in a journal is cut the same way.
 */
import { randomBytes } from "node:crypto";

/** The answer instead: how many pieces there are. */
interface InPieces {
  readonly $pieces: string;
  readonly count: number;
}

/** A question for one of them. */
interface PieceWanted {
  readonly $piece: string;
  readonly at: number;
}

/** Answers that are held at the same time, and for how long. */
const mostHeld = 4;
const heldMs = 60_000;
const mostPieces = 4_096;

const isCount = (value: unknown, most: number): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most;

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

/** null: it is the answer itself. */
export function inPieces(value: unknown): InPieces | null {
  const { $pieces: id, count } = fieldsOf(value);
  return typeof id === "string" && isCount(count, mostPieces) ? { $pieces: id, count } : null;
}

/** null: it is a question of somebody else's. */
export function pieceWanted(value: unknown): PieceWanted | null {
  const { $piece: id, at } = fieldsOf(value);
  return typeof id === "string" && isCount(at, mostPieces) ? { $piece: id, at } : null;
}

export function cutUp(bytes: Uint8Array, pieceBytes: number): Uint8Array[] {
  const count = Math.ceil(bytes.length / pieceBytes);
  return Array.from({ length: count }, (_, at) => bytes.subarray(at * pieceBytes, (at + 1) * pieceBytes));
}

export class HeldAnswers implements Disposable {
  readonly #held = new Map<string, { readonly pieces: readonly Uint8Array[]; readonly timer: NodeJS.Timeout }>();

  /** What to say instead of the answer. The oldest one of too many is given up. */
  hold(bytes: Uint8Array, pieceBytes: number): InPieces {
    const id = randomBytes(16).toString("hex");
    const pieces = cutUp(bytes, pieceBytes);
    const [oldest] = this.#held.keys();
    if (this.#held.size >= mostHeld && oldest !== undefined) this.#drop(oldest);
    const timer = setTimeout(() => this.#drop(id), heldMs).unref();
    this.#held.set(id, { pieces, timer });
    return { $pieces: id, count: pieces.length };
  }

  /** Empty: it is not held any more. */
  pieceOf({ $piece: id, at }: PieceWanted): Uint8Array {
    return this.#held.get(id)?.pieces[at] ?? new Uint8Array(0);
  }

  #drop(id: string): void {
    clearTimeout(this.#held.get(id)?.timer);
    this.#held.delete(id);
  }

  [Symbol.dispose](): void {
    for (const id of [...this.#held.keys()]) this.#drop(id);
  }
}
