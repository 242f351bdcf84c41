/** A command typed at a testpmd, and what its answer must show. */
import { failedCheck } from "../../stats/cause.js";
import { checkText, refused } from "../checks.js";
import { fileWord } from "../evidence.js";
import { caseFolder, type Deed } from "./deed.js";

export const typeCommand: Deed<"command"> = async ({ setup, devices }, { device: name, text, check }, step) => {
  const device = devices.get(name);
  const answer = await device.type(text);
  const file = `${caseFolder(setup)}/${step.number}-${name}-${fileWord(text)}.txt`;
  const output = setup.folder.write(file, `testpmd> ${text}\n${answer}`);
  const failed = [
    ...refused(text, answer),
    ...checkText(check, {
      answer,
      queues: device.launch.device.queues,
      ports: devices.portsOf(name),
      expected: device.expected,
    }),
  ];
  const unchecked = check.counters !== undefined && !device.expected.exact;
  return {
    output,
    reasons: failed.map(failedCheck),
    notes: unchecked ? ["counters are not compared: frames were sent at max"] : [],
  };
};
