/** Waits until a testpmd says that a port's link is up, or down. */
import { parsePortInfo } from "../../dut/testpmd/parse.js";
import { failedCheck } from "../../stats/cause.js";
import { sleepNs } from "../../sys/sleep.js";
import { fileWord } from "../evidence.js";
import { caseFolder, type Deed } from "./deed.js";

/** Between two looks at a link. */
const lookEveryNs = 250e6;

export const waitForLink: Deed<"wait for link"> = async ({ setup, devices }, deed, step) => {
  const { port, state, withinNs } = deed;
  const device = devices.get(deed.device);
  const end = performance.now() + withinNs / 1e6;
  const text = `show port info ${port}`;
  const file = `${caseFolder(setup)}/${step.number}-${deed.device}-${fileWord(text)}.txt`;
  for (;;) {
    const answer = await device.type(text);
    const output = setup.folder.write(file, `testpmd> ${text}\n${answer}`);
    const [found] = parsePortInfo(answer);
    if (found?.linkUp === (state === "up") || setup.signal.aborted) return { output };
    if (performance.now() > end)
      return { output, reasons: [failedCheck(`the link of port ${port} does not come ${state}`)] };
    await sleepNs(lookEveryNs);
  }
};
