/**
 * The page as one document: script and style are in it, and nothing else is ever loaded. Its own policy says so to the
 * browser: no other script runs, and nobody but the server that it came from is asked.
 */
import { escapeText } from "./html/svg.js";
import { pageScript, pageScriptHash, pageStyle, pageStyleHash } from "./page-bundle.js";

/** A Content-Security-Policy, as an element of the page. A server may send it as a header, too. */
export const pagePolicy: string = [
  "default-src 'none'",
  `script-src '${pageScriptHash}'`,
  `style-src '${pageStyleHash}'`,
  "connect-src 'self'",
  "img-src data:",
  "form-action 'self'",
  "base-uri 'none'",
].join("; ");

interface PageParts {
  readonly title?: string;
  /** JSON of a recording: the page shows that, and asks no server. null: there is no script in the document. */
  readonly recording?: string | null;
  /** HTML that is there without any script: the report of a result. */
  readonly body?: string;
}

/** Without a recording given or taken away, the page is a live one, and asks the server that it came from. */
export function pageDocument({ title = "pktgen-ts", recording, body = "" }: PageParts = {}): string {
  const script = `<script>${pageScript}</script>`;
  return `${[
    "<!doctype html>",
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="${escapeText(pagePolicy)}">`,
    `<meta name="referrer" content="no-referrer"><title>${escapeText(title)}</title><style>${pageStyle}</style></head><body>`,
    ...(recording === null
      ? [body]
      : ['<link rel="icon" href="data:,"><div id="page"></div>', body, recordingElement(recording), script]),
    "</body></html>",
  ]
    .filter((line) => line !== "")
    .join("\n")}\n`;
}

/** Data, no script: nothing in it can end its element, since every `<` is written as an escape of JSON. */
const recordingElement = (recording: string | undefined): string =>
  recording === undefined
    ? ""
    : `<script type="application/json" id="pktgen-recording">${recording.replaceAll("<", "\\u003c")}</script>`;
