import { timingSafeEqual } from "node:crypto";
import { AwsError } from "../aws-error.ts";
import { SigningKey } from "../signature/signing-key.ts";

/** Which receive of which message a handle stands for. */
export interface Receipt {
  pool: number;
  seq: number;
  receipt: number;
}

const FIELDS_BYTES = 24;
const MAC_BYTES = 16;

/** Receipt handles: opaque, different for every receive, and not to be forged or guessed. */
export class Receipts {
  readonly #key: SigningKey;

  /** `key` is secret and stays the same as long as the queues live, so that handles survive a restart. */
  constructor(key: string) {
    this.#key = new SigningKey(Buffer.from(key));
  }

  handle({ pool, seq, receipt }: Receipt): string {
    const bytes = Buffer.alloc(FIELDS_BYTES);
    bytes.writeBigUInt64BE(BigInt(pool), 0);
    bytes.writeBigUInt64BE(BigInt(seq), 8);
    bytes.writeBigUInt64BE(BigInt(receipt), 16);
    return Buffer.concat([bytes, this.#mac(bytes)]).toString("base64");
  }

  /** Throws AwsError `ReceiptHandleIsInvalid` for anything that `handle` did not make. */
  read(handle: string): Receipt {
    const bytes = Buffer.from(handle, "base64");
    const fields = bytes.subarray(0, FIELDS_BYTES);
    const mac = bytes.subarray(FIELDS_BYTES);
    if (mac.length !== MAC_BYTES || !timingSafeEqual(mac, this.#mac(fields))) {
      throw new AwsError(
        "ReceiptHandleIsInvalid",
        `The input receipt handle "${handle}" is not a valid receipt handle.`,
      );
    }
    return {
      pool: Number(fields.readBigUInt64BE(0)),
      seq: Number(fields.readBigUInt64BE(8)),
      receipt: Number(fields.readBigUInt64BE(16)),
    };
  }

  #mac(fields: Buffer): Buffer {
    return Buffer.from(this.#key.sign(fields).slice(0, 2 * MAC_BYTES), "hex");
  }
}
