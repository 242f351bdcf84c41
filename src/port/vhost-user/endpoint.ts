/**
 * One peer at a time on a vhost-user socket, no matter which of the two listens. A server takes the next peer when the
 * last has gone, and turns others away until then. A client that had a peer connects again by itself.
 */
import { PktgenError } from "../../errors.js";
import { watchReadable } from "../../sys/poller.js";
import { connectUnix, type ListeningSocket, listenUnix, type UnixSocket } from "../../sys/socket.js";

const retryMs = 250;

export interface EndpointOptions {
  readonly path: string;
  readonly server: boolean;
  /** Takes a new peer over. Called only while `isBusy` says no. */
  readonly onPeer: (socket: UnixSocket) => void;
  /** Is there a peer now? Looks at its connection first, because the peer may have gone unnoticed. */
  readonly isBusy: () => boolean;
}

function orNull<T>(act: () => T): T | null {
  try {
    return act();
  } catch (error) {
    if (error instanceof PktgenError) return null;
    throw error;
  }
}

export class Endpoint implements Disposable {
  readonly #options: EndpointOptions;
  #listener: ListeningSocket | null = null;
  #watch: Disposable | null = null;
  #retry: NodeJS.Timeout | null = null;

  constructor(options: EndpointOptions) {
    this.#options = options;
  }

  /** Listens, or connects. @throws PktgenError from listenUnix and connectUnix, with a hint. */
  open(): void {
    const { path, server, onPeer } = this.#options;
    if (!server) {
      onPeer(connectUnix(path, "stream"));
      return;
    }
    this.#listener = listenUnix(path, "stream");
    this.#watch = watchReadable(this.#listener.fd, () => this.#accept());
  }

  #accept(): void {
    for (let socket = this.#nextClient(); socket !== null; socket = this.#nextClient()) {
      // One socket, one peer: a second one would take the rings of the first away. It sees the connection end.
      if (this.#options.isBusy()) socket[Symbol.dispose]();
      else this.#options.onPeer(socket);
    }
  }

  /** Null also where the system refuses, e.g. for want of descriptors: the client then waits until there are some. */
  #nextClient(): UnixSocket | null {
    return orNull(() => this.#listener?.accept() ?? null);
  }

  /** A client that lost its peer looks for it again until it is back. A server does so anyway. */
  comeBack(): void {
    if (this.#options.server || this.#retry !== null) return;
    const retry = (): void => {
      const socket = orNull(() => connectUnix(this.#options.path, "stream"));
      if (socket === null) {
        this.#retry = setTimeout(retry, retryMs);
        return;
      }
      this.#retry = null;
      this.#options.onPeer(socket);
    };
    this.#retry = setTimeout(retry, retryMs);
  }

  [Symbol.dispose](): void {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#watch?.[Symbol.dispose]();
    this.#listener?.[Symbol.dispose]();
    this.#listener = null;
  }
}
