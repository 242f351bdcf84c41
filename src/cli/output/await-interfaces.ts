/** Interfaces that come later than the process: it waits until each is there and up. */
import { interruptedError } from "../../errors.js";
import { interfacesHere } from "../../sys/net/interfaces-here.js";

const everyMs = 200;

const lacking = (names: readonly string[]): string[] => {
  const here = new Map(interfacesHere().map(({ name, state }) => [name, state]));
  return names.filter((name) => (here.get(name) ?? "down") === "down");
};

const pause = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(over, everyMs);
    signal.addEventListener("abort", over);
    function over(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", over);
      resolve();
    }
  });

/** `say` is told once what is awaited, where it is not there yet. @throws PktgenError (130): `signal` came first */
export async function awaitInterfaces(
  names: readonly string[],
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let missing = lacking(names);
  if (missing.length > 0) say(`waiting for ${missing.join(", ")} to be there and up`);
  while (missing.length > 0) {
    if (signal.aborted) throw interruptedError(`interrupted while it waited for ${missing.join(", ")}`);
    await pause(signal);
    missing = lacking(names);
  }
}
