/** A route as data: the server, the OpenAPI document and the tests are made of the same table. */
import type { z } from "zod";
import type { EventJournal, KeptEvent } from "./events/journal.js";
import type { Server } from "./server.js";

export type HttpMethod = "GET" | "POST" | "PATCH" | "DELETE";

/** What is sent as it is. */
export interface Media {
  readonly media: string;
  readonly means: string;
}

/** A request, whatever way it came. */
export interface Call {
  /** Words of the path by name. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** As its schema has it; of a route with a media type: bytes. */
  readonly body: unknown;
  /** Of `Last-Event-ID`, or `?after=`. */
  readonly lastEventId: number | null;
  /** Aborted when nobody waits for the answer any more. */
  readonly gone: AbortSignal;
}

export type Reply =
  | { readonly kind: "json"; readonly status: number; readonly body: object; readonly location?: string }
  | {
      readonly kind: "bytes";
      readonly status: number;
      readonly media: string;
      readonly bytes: Uint8Array | string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | EventsReply
  | { readonly kind: "nothing"; readonly status: 204 };

export interface EventsReply {
  readonly kind: "events";
  /** null: `events` are all there will be. */
  readonly journal: EventJournal | null;
  readonly events: readonly KeptEvent[];
  readonly after: number;
  /** Somebody reads; the answer is called when nobody does any more. */
  readonly reads: () => () => void;
}

export interface Route {
  readonly method: HttpMethod;
  /** `/runs/{id}` */
  readonly path: string;
  readonly summary: string;
  readonly query?: z.ZodType<Readonly<Record<string, unknown>>>;
  /** Of JSON; or bytes of a media type. Absent: the body is empty. */
  readonly body?: z.ZodType | Media;
  /** Its body may also be bytes of any type that is not JSON; then the answer is bytes, too. */
  readonly inBytes?: { readonly body: Media; readonly answer: Media };
  /** By status; of all others the answer is an error. */
  readonly answers: Readonly<Record<number, z.ZodType | Media | null>>;
  /** It needs no token. */
  readonly open?: true;
  readonly handle: (server: Server, call: Call) => Reply | Promise<Reply>;
}

export const isMedia = (what: z.ZodType | Media): what is Media => "media" in what;

export const json = (body: object, status = 200): Reply => ({ kind: "json", status, body });
