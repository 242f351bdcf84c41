/**
 * Which CLOCK_MONOTONIC this process reads. Two processes with the same id read the same clock: they run on one kernel, in
 * one time namespace. The boot alone does not say that, because a container may have a clock of its own.
 */
import { readlinkSync } from "node:fs";
import { readKernelFile } from "../sys/host.js";

export function clockId(): string {
  const boot = readKernelFile("/proc/sys/kernel/random/boot_id") ?? "no boot id";
  return `${boot} ${timeNamespace()}`;
}

/** Kernels without time namespaces have one clock. */
function timeNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/time");
  } catch {
    return "time:[one]";
  }
}
