/**
 * What a terminal shows of what was written to it: as much of xterm and ECMA-48 as `--live` may use. Anything else is a
 * fault, so that no odd sequence gets by. As on a real one, a character in the last column waits for its line's end.
 */
const esc = String.fromCharCode(27);
const parts = new RegExp(`${esc}\\[([?]?)([0-9;]*)([@-~])|${esc}.?|[^${esc}]`, "gsu");

export class Screen {
  readonly columns: number;
  readonly rows: number;
  #cells: string[][];
  #row = 0;
  #column = 0;
  /** The alternate screen is shown; the cursor is hidden. */
  isAlternate = false;
  isCursorHidden = false;
  readonly faults: string[] = [];

  constructor(columns: number, rows: number) {
    [this.columns, this.rows] = [columns, rows];
    this.#cells = this.#blank();
  }

  #blank(): string[][] {
    return Array.from({ length: this.rows }, () => new Array<string>(this.columns).fill(" "));
  }

  get lines(): string[] {
    return this.#cells.map((row) => row.join("").trimEnd());
  }

  write(text: string): void {
    for (const [part, mark, numbers, end] of text.matchAll(parts)) {
      if (end !== undefined) this.#sequence(part, `${mark}${numbers}${end}`);
      else if (part.startsWith(esc)) this.faults.push(JSON.stringify(part));
      else this.#character(part);
    }
  }

  #sequence(part: string, what: string): void {
    const known: Readonly<Record<string, () => void>> = {
      "?1049h": () => {
        this.isAlternate = true;
        this.#cells = this.#blank();
      },
      "?1049l": () => {
        this.isAlternate = false;
      },
      "?25l": () => {
        this.isCursorHidden = true;
      },
      "?25h": () => {
        this.isCursorHidden = false;
      },
      H: () => {
        [this.#row, this.#column] = [0, 0];
      },
      // A cursor that waits behind the last column stands on it, and erases it.
      K: () => this.#cells[this.#row]!.fill(" ", Math.min(this.#column, this.columns - 1)),
      J: () => {
        this.#cells[this.#row]!.fill(" ", Math.min(this.#column, this.columns - 1));
        for (let row = this.#row + 1; row < this.rows; row++) this.#cells[row]!.fill(" ");
      },
    };
    if (what in known) known[what]!();
    else if (!/^[0-9;]*m$/.test(what)) this.faults.push(JSON.stringify(part));
  }

  #character(character: string): void {
    if (character === "\r") this.#column = 0;
    else if (character === "\n") this.#down();
    else {
      if (this.#column === this.columns) {
        this.#column = 0;
        this.#down();
      }
      this.#cells[this.#row]![this.#column++] = character;
    }
  }

  #down(): void {
    if (this.#row < this.rows - 1) this.#row++;
    else {
      this.#cells.shift();
      this.#cells.push(new Array<string>(this.columns).fill(" "));
    }
  }
}
