/**
 * The kernel's end of the process, for callers that cannot wait. `_exit` ends every thread, also a thread inside a
 * system call, for which process.exit waits. libc.ts fills it in, so that no caller has to load libc.ts for this.
 */
export interface KernelExit {
  /** Ends the process at once. Nothing of Node's runs any more. */
  readonly now: (code: number) => void;
  /** Ends the process by SIGALRM after `seconds`, whatever it does then. */
  readonly afterSeconds: (seconds: number) => void;
}

/** null as long as nothing in this process has called libc. Until then no libc call can block a thread. */
let known: KernelExit | null = null;

export function provideKernelExit(exit: KernelExit): void {
  known = exit;
}

export const kernelExit = (): KernelExit | null => known;
