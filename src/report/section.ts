/** A table of text that every report for people shares: the terminal's, Markdown and HTML. */
export interface Section {
  /** A word for anchors and charts. */
  readonly id: string;
  readonly title: string;
  readonly columns: readonly { readonly head: string; readonly align: "left" | "right" }[];
  readonly rows: readonly (readonly string[])[];
  /** A sentence below it. */
  readonly note?: string;
}

export const right = (head: string): Section["columns"][number] => ({ head, align: "right" });
export const left = (head: string): Section["columns"][number] => ({ head, align: "left" });
