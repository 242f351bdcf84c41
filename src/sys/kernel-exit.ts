/**
 * The end of the process as the kernel has it, for those who cannot wait: `_exit` ends every thread, also one that a
 * system call holds, which process.exit waits for. libc.ts fills it in, so that nobody has to load it for this.
 */
export interface KernelExit {
  /** Ends the process at once. Nothing of Node's runs any more. */
  readonly now: (code: number) => void;
  /** Ends the process by SIGALRM after so many seconds, whatever it does then. */
  readonly afterSeconds: (seconds: number) => void;
}

/** null as long as nothing of this process has called libc, and so nothing of ours can be held by it. */
let known: KernelExit | null = null;

export function provideKernelExit(exit: KernelExit): void {
  known = exit;
}

export const kernelExit = (): KernelExit | null => known;
