import { randomBytes, randomUUID } from "node:crypto";
import type { Random } from "../random.ts";

export const systemRandom: Random = {
  next: () => Math.random(),
  uuid: () => randomUUID(),
  bytes: (size) => randomBytes(size),
};
