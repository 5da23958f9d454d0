import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdir, open, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { codeOf, DroverError, reasonOf } from "../../base/errors.ts";

/** Makes a new Ed25519 key, readable by its owner alone. Throws `key-exists`: a key is never overwritten. */
export async function makeReleaseKey(path: string): Promise<KeyObject> {
  const { privateKey } = generateKeyPairSync("ed25519");
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    await using file = await open(path, "wx", 0o600);
    await file.writeFile(privateKey.export({ type: "pkcs8", format: "pem" }));
    await file.sync();
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    throw new DroverError(
      "key-exists",
      `${path} is there already. A release key is never overwritten; name another file.`,
    );
  }
  return privateKey;
}

/** Throws `key-missing` for a file that is not there or holds no Ed25519 key. */
export async function readReleaseKey(path: string): Promise<KeyObject> {
  try {
    const key = createPrivateKey(await readFile(path));
    if (key.asymmetricKeyType === "ed25519") return key;
    throw new Error(`it holds a key of type ${key.asymmetricKeyType}, not ed25519`);
  } catch (error) {
    const advice = "Make one with: drover release keygen";
    throw new DroverError(
      "key-missing",
      `The release key ${path} cannot be used: ${reasonOf(error)}. ${advice}`,
      {
        cause: error,
      },
    );
  }
}

/** From the private key: what instances are given as DROVER_RELEASE_KEYS: the public half, base64 of its SPKI form, one word. */
export function publicWord(key: KeyObject): string {
  return createPublicKey(key).export({ type: "spki", format: "der" }).toString("base64");
}
