/** Figures for people: grouped counts, rates and shares with as many digits as matter. */

/** `1,234,567` */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** `1 frame`, `1,234 frames` */
export function framesWord(count: number): string {
  return count === 1 ? "1 frame" : `${grouped(count)} frames`;
}

/** `3 of 1,000 frames` */
export function partOf(part: number, whole: number): string {
  return `${grouped(part)} of ${framesWord(whole)}`;
}

/** `3 polling threads share 2 CPUs` */
export function sharingWords({ pollers, cpus }: { readonly pollers: number; readonly cpus: number }): string {
  return `${pollers} polling threads share ${cpus} CPUs`;
}

/** `999.12 kpps`: five digits, so that a difference of 0.1 % is seen. */
export function rateWord(pps: number): string {
  const [divisor, unit] = pps >= 1e6 ? [1e6, "Mpps"] : pps >= 1e3 ? [1e3, "kpps"] : [1, "pps"];
  return `${Number((pps / divisor).toPrecision(5))} ${unit}`;
}

/** `0.1 %` */
export function percentWord(share: number): string {
  return `${Number((share * 100).toPrecision(4))} %`;
}

/** `50 ms`, `1.2 s`: three digits. */
export function timeWord(ns: number): string {
  const units = [
    [1e9, "s"],
    [1e6, "ms"],
    [1e3, "us"],
  ] as const;
  const [divisor, unit] = units.find(([least]) => ns >= least) ?? [1, "ns"];
  return `${Number((ns / divisor).toPrecision(3))} ${unit}`;
}
