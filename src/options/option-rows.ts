/** An option as a table has it: flags and help, and whether it may be given again. */
export type Row = readonly [flags: string, help: string, repeatable?: true];

/** Of `--profile-root <folder>`. */
export const profileRootHelp =
  "a folder that the profile's include and payload files may lie in, beside the profile's own";
