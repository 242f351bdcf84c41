/** A value of the imported file that knows its place, so that what is wrong with it, or lost of it, can be pointed at. */
import type { PktgenError } from "../../errors.js";
import { quoted } from "../../profile/check.js";
import type { YamlDocument, YamlPath } from "../../profile/document.js";

type Keys = Readonly<Record<string, unknown>>;

const isKeys = (value: unknown): value is Keys => typeof value === "object" && value !== null && !Array.isArray(value);

export class Item {
  readonly value: unknown;
  readonly #document: YamlDocument;
  readonly #path: YamlPath;

  constructor(document: YamlDocument, path: YamlPath, value: unknown) {
    this.#document = document;
    this.#path = path;
    this.value = value;
  }

  error(what: string, accepted: string, hint?: string): PktgenError {
    return this.#document.errorAt(this.#path, what, { accepted, ...(hint === undefined ? {} : { hint }) });
  }

  /** `file:line:column`. */
  get where(): string {
    return this.#document.errorAt(this.#path, "").where ?? "";
  }

  get isMissing(): boolean {
    return this.value === undefined || this.value === null;
  }

  /** The name of the last step to it, for messages. */
  get name(): string {
    return String(this.#path.at(-1) ?? "the file");
  }

  get isObject(): boolean {
    return isKeys(this.value);
  }

  get keys(): readonly string[] {
    return isKeys(this.value) ? Object.keys(this.value) : [];
  }

  /** A key of it; a missing one has the value `undefined`. */
  at(key: string): Item {
    if (!isKeys(this.value)) throw this.error(`${this.name} is no set of keys`, `keys, among them ${key}`);
    return new Item(this.#document, [...this.#path, key], Object.hasOwn(this.value, key) ? this.value[key] : undefined);
  }

  list(): readonly Item[] {
    const { value } = this;
    if (!Array.isArray(value)) throw this.error(`${this.name} is no list`, "a list");
    return value.map((each, i) => new Item(this.#document, [...this.#path, i], each));
  }

  /** A number from `least` to `most`; `fallback` where it is missing. */
  number(least: number, most: number, fallback?: number): number {
    return this.#number((value) => value >= least && value <= most, `a number from ${least} to ${most}`, fallback);
  }

  /** As `number`, without a fraction. */
  whole(least: number, most: number, fallback?: number): number {
    const isWhole = (value: number): boolean => Number.isSafeInteger(value) && value >= least && value <= most;
    return this.#number(isWhole, `a whole number from ${least} to ${most}`, fallback);
  }

  text(fallback?: string): string {
    const { value } = this;
    if (typeof value === "string") return value;
    if (this.isMissing && fallback !== undefined) return fallback;
    throw this.error(this.#isNot(), "a text");
  }

  flag(fallback: boolean): boolean {
    const { value } = this;
    if (typeof value === "boolean") return value;
    if (value === 0 || value === 1) return value === 1;
    if (this.isMissing) return fallback;
    throw this.error(this.#isNot(), "true or false");
  }

  /** One of these texts. */
  choice<T extends string>(of: readonly T[]): T {
    const found = of.find((each) => each === this.value);
    if (found !== undefined) return found;
    throw this.error(this.#isNot(), of.join(", "));
  }

  #number(isAccepted: (value: number) => boolean, accepted: string, fallback?: number): number {
    const { value } = this;
    if (typeof value === "number" && isAccepted(value)) return value;
    if (this.isMissing && fallback !== undefined) return fallback;
    throw this.error(this.#isNot(), accepted);
  }

  #isNot(): string {
    return this.isMissing ? `${this.name} is missing` : `${this.name} can't be ${quoted(this.value)}`;
  }
}

/** Unknown keys of one value that are named. */
const mostKeys = 20;

/** What has no effect here, or another one than in TRex: sentences with their places, for people. */
export class Notes {
  readonly #sentences = new Set<string>();

  get sentences(): readonly string[] {
    return [...this.#sentences];
  }

  add(item: Item, sentence: string): void {
    this.addAt(item.where, sentence);
  }

  addAt(where: string, sentence: string): void {
    this.#sentences.add(`${where}: ${sentence}`);
  }

  /** Keys of `item` that nothing reads. */
  addUnknownKeys(item: Item, known: ReadonlySet<string>): void {
    const unknown = item.keys.filter((key) => !known.has(key));
    for (const key of unknown.slice(0, mostKeys)) {
      this.add(item.at(key), `${quoted(key)} is not known, and has no effect`);
    }
    const more = unknown.length - mostKeys;
    if (more > 0) this.add(item, `${more} more keys are not known, and have no effect`);
  }
}
