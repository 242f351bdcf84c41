/** The no-drop rate of a device, and a page with charts. Run it with `npx tsx examples/ndr.ts`. */
import { writeFileSync } from "node:fs";
import { ndr, PktgenError, reports } from "pktgen-ts";

const stop = new AbortController();
process.once("SIGINT", () => stop.abort());

try {
  const result = await ndr(
    { sizes: 64, quick: true, trial: "200ms", maxTrials: 20, dut: "embedded,rate=50kpps" },
    { signal: stop.signal, onTrial: ({ txPps, lost }) => console.error(`${Math.round(txPps)} pps: ${lost} lost`) },
  );
  for (const { frameBytes, goal, pps } of result.results ?? []) console.log(`${frameBytes} bytes, ${goal}: ${pps} pps`);
  const page = process.argv[2];
  if (page !== undefined) writeFileSync(page, reports.html(result, { color: false, ascii: false }));
} catch (error) {
  if (!(error instanceof PktgenError)) throw error;
  console.error(error.toLine());
  process.exitCode = error.exitCode;
}
