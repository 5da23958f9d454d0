import { readFileSync } from "node:fs";
import type { DocumentKind } from "../../schemas/compiled.ts";

/** One row of schemas/examples/expected.json. */
export type Example = { file: string; kind: DocumentKind } & (
  | { valid: true }
  | {
      valid: false;
      /** Of the first problem. */
      code: string;
      line: number;
      /**
       * `before`: refused before the parser or the schema sees it; another validator is never given it, since it may do
       * what the document asks for. `syntax`: not well-formed. `schema`: breaks the XSD. `rule`: follows the XSD and
       * breaks a rule that XSD 1.0 cannot say.
       */
      decidedBy: "before" | "syntax" | "schema" | "rule";
    }
);

export const EXAMPLES_FOLDER = new URL("../../schemas/examples/", import.meta.url);

export const EXAMPLES: readonly Example[] = JSON.parse(
  readFileSync(new URL("expected.json", EXAMPLES_FOLDER), "utf8"),
);

export function bytesOf(example: Example): Uint8Array {
  return readFileSync(new URL(example.file, EXAMPLES_FOLDER));
}
