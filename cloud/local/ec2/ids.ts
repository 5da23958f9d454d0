import { randomBytes } from "node:crypto";

/** An id as EC2 makes them: a kind and 17 hexadecimal digits. */
export const newId = (kind: "i" | "r" | "lt" | "sir") =>
  `${kind}-${randomBytes(9).toString("hex").slice(0, 17)}`;

/** Ids of fleets have the form of a UUID. */
export function newFleetId(): string {
  const hex = randomBytes(16).toString("hex");
  return `fleet-${hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")}`;
}
