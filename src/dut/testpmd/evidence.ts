/** Everything that went into and came out of a program, in order, within bounds. */

export type Channel = "command" | "stdout" | "stderr" | "note";

const mib = 2 ** 20;
/** Bytes that are kept of each end: the beginning explains a start, the end explains a death. */
const keptCharacters = 2 * mib;

/** Marks of the channels at a line's beginning; standard output has none. */
const marks: Readonly<Record<Channel, string>> = { command: "$ ", stdout: "", stderr: "! ", note: "# " };

export class Evidence {
  #head = "";
  #tail = "";
  #forgotten = 0;
  #last: Channel = "note";
  #atLineStart = true;

  add(channel: Channel, text: string): void {
    if (text === "") return;
    const clean = text.replaceAll("\r", "");
    if (channel !== this.#last && !this.#atLineStart) this.#append("\n");
    this.#last = channel;
    const mark = marks[channel];
    const marked = mark === "" ? clean : clean.replaceAll(/(^|\n)(?=[^\n])/g, `$1${mark}`);
    this.#append(marked);
  }

  #append(text: string): void {
    this.#atLineStart = text.endsWith("\n");
    if (this.#head.length < keptCharacters) {
      this.#head += text;
      return;
    }
    this.#tail += text;
    if (this.#tail.length < 2 * keptCharacters) return;
    this.#forgotten += this.#tail.length - keptCharacters;
    this.#tail = this.#tail.slice(-keptCharacters);
  }

  toString(): string {
    const gap = this.#forgotten === 0 ? "" : `\n# ${this.#forgotten} characters left out\n`;
    return `${this.#head}${gap}${this.#tail}`;
  }
}
