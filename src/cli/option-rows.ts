/** An option as a table has it: flags and help, and whether it may be given again. */
export type Row = readonly [flags: string, help: string, repeatable?: true];
