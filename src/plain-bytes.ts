/** Node's Buffer is a Uint8Array whose `slice` shares memory instead of copying. What takes bytes apart needs copies. */

/** The same bytes in the same memory, as a plain Uint8Array. */
export const plainBytes = (bytes: Uint8Array): Uint8Array =>
  bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
