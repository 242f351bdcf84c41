/** V8's collection of garbage, on demand, for a thread that will do nothing for long and holds what it does not need. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** The flag is the process's. It is there only while the function is looked up: contexts that others make do not have it. */
export function garbageCollector(): () => void {
  setFlagsFromString("--expose-gc");
  try {
    return runInNewContext("gc") as () => void;
  } finally {
    setFlagsFromString("--no-expose-gc");
  }
}
