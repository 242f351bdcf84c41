/** Users of a NATS server that are known by keys: an nkey, and an operator's world of signed claims, made here. */
import { createHash, randomUUID } from "node:crypto";
import { nkeys } from "@nats-io/transport-node";

type KeyPair = ReturnType<typeof nkeys.createUser>;

const seedOf = (pair: KeyPair): string => Buffer.from(pair.getSeed()).toString("utf8");
const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A user's seed, as a file has it, and the public key that the server is told. */
export function nkeyUser(): { readonly seed: string; readonly publicKey: string } {
  const pair = nkeys.createUser();
  return { seed: seedOf(pair), publicKey: pair.getPublicKey() };
}

/** A claim as the server reads it (JWT of version 2, signed with an nkey). */
function signed(issuer: KeyPair, subject: string, name: string, nats: object): string {
  const claim = { iat: Math.floor(Date.now() / 1000), iss: issuer.getPublicKey(), name, sub: subject, nats };
  const jti = createHash("sha256")
    .update(`${randomUUID()}${JSON.stringify(claim)}`)
    .digest("hex");
  const text = `${encoded({ typ: "JWT", alg: "ed25519-nkey" })}.${encoded({ jti, ...claim })}`;
  return `${text}.${Buffer.from(issuer.sign(Buffer.from(text))).toString("base64url")}`;
}

const noLimit = { subs: -1, data: -1, payload: -1 } as const;

export interface SignedWorld {
  /** The server's configuration. */
  readonly config: string;
  /** A file of credentials of a user of this world's account. */
  credentials(): string;
}

export function signedWorld(): SignedWorld {
  const [operator, account, system] = [nkeys.createOperator(), nkeys.createAccount(), nkeys.createAccount()];
  const limits = { ...noLimit, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  const accountOf = (pair: KeyPair, name: string): string =>
    `${pair.getPublicKey()}: "${signed(operator, pair.getPublicKey(), name, { limits, type: "account", version: 2 })}"`;
  const accounts = [accountOf(account, "lab"), accountOf(system, "system")].join("\n");
  const top = signed(operator, operator.getPublicKey(), "operator", { type: "operator", version: 2 });
  return {
    config: [
      `operator: "${top}"\nsystem_account: ${system.getPublicKey()}\n`,
      `resolver: MEMORY\nresolver_preload: {\n${accounts}\n}\n`,
    ].join(""),
    credentials: () => {
      const user = nkeys.createUser();
      const claim = signed(account, user.getPublicKey(), "agent", { ...noLimit, type: "user", version: 2 });
      return [
        `-----BEGIN NATS USER JWT-----\n${claim}\n------END NATS USER JWT------\n`,
        `-----BEGIN USER NKEY SEED-----\n${seedOf(user)}\n------END USER NKEY SEED------\n`,
      ].join("\n");
    },
  };
}
