/** `pcap info FILE`: what is in a capture. */
import { exitCodes, usageError } from "../../errors.js";
import type { CommandContext } from "../command.js";

/** Exit code 2 where the file is cut or damaged, after what was whole has been told. */
export async function pcapInfo(words: readonly string[], json: boolean, context: CommandContext): Promise<void> {
  const [file, ...more] = words;
  if (file === undefined || more.length > 0) {
    throw usageError(file === undefined ? "which file?" : `what is '${more[0]}'?`, {
      where: "pcap info",
      accepted: "pcap info FILE",
    });
  }
  const [{ captureInfo }, { renderCaptureInfo }] = await Promise.all([
    import("../../capture/info.js"),
    import("../../report/capture-info.js"),
  ]);
  const info = await captureInfo(file);
  await context.output.result(json ? `${JSON.stringify(info, null, 2)}\n` : renderCaptureInfo(info));
  if (info.fault !== null) context.output.message(`pktgen-ts: ${info.fault}\n`);
  context.finish(info.fault === null ? exitCodes.passed : exitCodes.usage);
}
