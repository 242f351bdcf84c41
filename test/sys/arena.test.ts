/** What is said where the system gives no shared memory. */
import { describe, expect, it } from "vitest";
import { memfdHint } from "../../src/sys/arena.js";

describe("memfd_create that is refused", () => {
  it("has a hint for each reason that is known", () => {
    expect(memfdHint("EPERM", false)).toMatch(/seccomp filter forbids it: allow memfd_create/);
    expect(memfdHint("ENOSYS", true)).toMatch(/seccomp/);
    expect(memfdHint("EMFILE", false)).toMatch(/ulimit -n/);
    expect(memfdHint("ENOMEM", true)).toMatch(/reserve hugepages/);
    expect(memfdHint("ENOMEM", false)).toBeUndefined();
  });
});
