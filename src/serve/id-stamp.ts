/** The time in ids of runs and sessions: they sort by it. */
export const idStamp = (now: Date): string =>
  now
    .toISOString()
    .replace(/[-:]|\..*/g, "")
    .replace("T", "-");
