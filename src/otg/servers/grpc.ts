/** The calls over gRPC (HTTP/2 without TLS, as the clients ask), with serialisers of our own table. */
import type {
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  MethodDefinition,
  ServiceError,
  sendUnaryData,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { calls, type OtgCall } from "../calls.js";
import { invalid } from "../refusal.js";
import type { Tester } from "../tester.js";
import { chunkBytes, readBinary, unwrapped } from "../wire/binary-reader.js";
import { binaryOf, chunkOf, wrapped } from "../wire/binary-writer.js";
import type { Value } from "../wire/read-value.js";
import { jsonOf } from "../wire/write-json.js";
import { refusedCall } from "./refused.js";
import { mostBodyBytes, placeError, type RunningServer, type ServerPlace } from "./rest.js";

type Grpc = typeof import("@grpc/grpc-js");

const service = "/otg.Openapi/";
/** Files of captures. */
const mostAnswerBytes = 256 << 20;
/** Clients take a message up to 4 MiB. */
const chunkBytesEach = 2 << 20;
/** An error's text travels in a header, of which clients take some 8 KiB. */
const mostErrorBytes = 6_000;

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function definitionOf(method: string, isClientStream: boolean, isServerStream: boolean) {
  const definition: MethodDefinition<Uint8Array, Uint8Array> = {
    path: service + method,
    requestStream: isClientStream,
    responseStream: isServerStream,
    requestSerialize: asBuffer,
    requestDeserialize: (bytes) => bytes,
    responseSerialize: asBuffer,
    responseDeserialize: (bytes) => bytes,
  };
  return definition;
}

/** Sentences as many as a header holds. */
function shortened(error: Value): Value {
  const errors = [...(error["errors"] as readonly string[])];
  const all = errors.length;
  while (errors.length > 1 && JSON.stringify(errors).length > mostErrorBytes) errors.pop();
  if (errors.length < all) errors.push(`${all - errors.length} more of these`);
  return { ...error, errors: errors.map((text) => text.slice(0, mostErrorBytes)) };
}

function serviceError({ status }: Grpc, thrown: unknown): Partial<ServiceError> {
  const refused = refusedCall(thrown);
  const code =
    refused.status === 404 ? status.NOT_FOUND : refused.status < 500 ? status.INVALID_ARGUMENT : status.INTERNAL;
  return { code, details: JSON.stringify(jsonOf("Error", shortened(refused.error))) };
}

async function runCall(call: OtgCall, tester: Tester, inner: Uint8Array | null): Promise<Uint8Array> {
  if (call.takes !== null && inner === null) throw invalid("body: is needed");
  const value = call.takes === null ? undefined : readBinary(call.takes, inner!);
  const result = await call.run(tester, value);
  return call.gives === null ? (result as Uint8Array) : binaryOf(call.gives, result as Value);
}

function unary(grpc: Grpc, call: OtgCall, tester: Tester): handleUnaryCall<Uint8Array, Uint8Array> {
  return ({ request }, done) => {
    const inner = async () => (call.takes === null ? null : unwrapped(request));
    inner()
      .then((bytes) => runCall(call, tester, bytes))
      .then(
        (bytes) => done(null, wrapped(1, bytes)),
        (error: unknown) => done(serviceError(grpc, error)),
      );
  };
}

function fromPieces(grpc: Grpc, call: OtgCall, tester: Tester): handleClientStreamingCall<Uint8Array, Uint8Array> {
  return (stream, done: sendUnaryData<Uint8Array>) => {
    const pieces: Uint8Array[] = [];
    let length = 0;
    let failure: unknown = null;
    stream.on("data", (bytes: Uint8Array) => {
      if (failure !== null) return;
      try {
        const piece = chunkBytes(bytes);
        length += piece.length;
        if (length > mostBodyBytes) throw invalid(`body: it is too long; accepted: up to ${mostBodyBytes} bytes`);
        pieces.push(piece);
      } catch (error) {
        failure = error;
      }
    });
    // A client that goes away in the middle has asked for nothing.
    stream.on("error", () => {});
    stream.on("end", () => {
      if (stream.cancelled) return;
      const result = failure === null ? runCall(call, tester, Buffer.concat(pieces)) : Promise.reject(failure);
      result.then(
        (bytes) => done(null, wrapped(1, bytes)),
        (error: unknown) => done(serviceError(grpc, error)),
      );
    });
  };
}

function inPieces(grpc: Grpc, call: OtgCall, tester: Tester): handleServerStreamingCall<Uint8Array, Uint8Array> {
  return (stream) => {
    const inner = async () => (call.takes === null ? null : unwrapped(stream.request));
    inner()
      .then((bytes) => runCall(call, tester, bytes))
      .then(
        (bytes) => {
          for (let at = 0; at < Math.max(1, bytes.length); at += chunkBytesEach) {
            stream.write(chunkOf(bytes.subarray(at, at + chunkBytesEach)));
          }
          stream.end();
        },
        // Of a stream that is destroyed, the client would not get the status.
        (error: unknown) => stream.emit("error", Object.assign(new Error("refused"), serviceError(grpc, error))),
      );
  };
}

/** @throws PktgenError (3): the place cannot be had. */
export async function startGrpc(tester: Tester, { host, port }: ServerPlace): Promise<RunningServer> {
  const grpc: Grpc = await import("@grpc/grpc-js");
  const definitions: Record<string, MethodDefinition<Uint8Array, Uint8Array>> = {};
  const handlers: UntypedServiceImplementation = {};
  for (const call of calls) {
    definitions[call.method] = definitionOf(call.method, false, false);
    handlers[call.method] = unary(grpc, call, tester);
    if (call.stream === null) continue;
    const { method, side } = call.stream;
    definitions[method] = definitionOf(method, side === "client", side === "server");
    handlers[method] = side === "client" ? fromPieces(grpc, call, tester) : inPieces(grpc, call, tester);
  }
  const server = new grpc.Server({
    "grpc.max_receive_message_length": mostBodyBytes,
    "grpc.max_send_message_length": mostAnswerBytes,
  });
  server.addService(definitions, handlers);
  const place = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(place, grpc.ServerCredentials.createInsecure(), (error, at) =>
      error === null ? resolve(at) : reject(placeError(host, port, error)),
    );
  });
  return {
    address: `grpc://${place.slice(0, place.lastIndexOf(":"))}:${bound}`,
    [Symbol.asyncDispose]: async () => server.forceShutdown(),
  };
}
