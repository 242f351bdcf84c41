/** How Chromium is started for tests: without windows, and without anything that asks the network by itself. */
export const browserFlags: readonly string[] = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];
