/** A server of node:http or node:https with limits: what its clients do costs them their own connection. */
import { createServer, type Server as HttpServer, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createSecure } from "node:https";

const mostConnections = 512;
const limits = {
  maxHeaderSize: 16 << 10,
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 5_000,
} as const;

/** `tls` null: plain HTTP. */
export function guardedServer(
  listener: RequestListener,
  tls: { readonly key: string; readonly cert: string } | null = null,
): HttpServer {
  const http = tls === null ? createServer(limits, listener) : createSecure({ ...limits, ...tls }, listener);
  http.maxConnections = mostConnections;
  http.on("clientError", (_, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    else socket.destroy();
  });
  return http;
}

export async function closeServer(http: HttpServer): Promise<void> {
  const closed = new Promise<void>((resolve) => http.close(() => resolve()));
  http.closeAllConnections();
  await closed;
}

/** @throws what `tooLong` makes: the body has more than `most` bytes, as it says itself or as they come. */
export async function bodyBytes(request: IncomingMessage, most: number, tooLong: () => Error): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > most) throw tooLong();
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > most) throw tooLong();
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
