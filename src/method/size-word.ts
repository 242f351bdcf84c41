/** `64 bytes`, `imix` */
export const sizeWord = (frameBytes: number | string): string =>
  typeof frameBytes === "number" ? `${frameBytes} bytes` : frameBytes;
