/** An Open Traffic Generator server of this process, on loopback at places of the kernel's choice. */
import { startOtg } from "../../src/otg/index.js";

const place = { host: "127.0.0.1", port: 0 };

/** Its addresses: `grpc` is `host:port`. */
export async function otgServerOn(ports: Parameters<typeof startOtg>[0]["ports"]) {
  const server = await startOtg({
    ports,
    https: place,
    http: place,
    grpc: place,
    credentials: null,
    hostNames: [],
    yesThisInterface: false,
    innerFcs: false,
  });
  const [https, http, grpc] = server.addresses as [string, string, string];
  return {
    ...{ https, http, grpc: grpc.replace("grpc://", "") },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
