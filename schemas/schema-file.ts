import { readFileSync } from "node:fs";

/**
 * The text of a schema that lies beside this module. A bundle works the same way when the build copies
 * request.xsd, response.xsd and service.schema.json beside it.
 */
export function readSchemaFile(name: "request.xsd" | "response.xsd" | "service.schema.json"): string {
  return readFileSync(new URL(`./${name}`, import.meta.url), "utf8");
}
