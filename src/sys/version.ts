/** Which pktgen-ts this is. */
import { readFileSync } from "node:fs";

/** Of package.json, which lies beside `dist` and `src` alike. */
export const packageVersion = (): string =>
  (JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }).version;
