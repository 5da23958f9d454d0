import { plain } from "../base/plain.ts";
import type { JobResponse } from "../schemas/response.ts";
import type { Submission } from "./reference.ts";
import type { Terminal } from "./terminal.ts";

/** What `--json` prints of a job: one flat object. */
export function asJson(submission: Submission, response?: JobResponse): Record<string, unknown> {
  return { ...submission, ...response };
}

/** The output of the program, byte for byte. */
function outputOf(response: JobResponse): Uint8Array {
  const { encoding, content } = response.rawOutput ?? { encoding: "none", content: "" };
  return Buffer.from(content, encoding === "base64" ? "base64" : "utf8");
}

/** Prints status, message, output and artifacts for a person. */
export function showResponse(response: JobResponse, terminal: Terminal): void {
  const color = response.status === "success" ? "green" : "red";
  const code = response.error === undefined ? "" : ` (${response.error.code})`;
  terminal.out(`${terminal.paint(color, response.status)}${code}: ${plain(response.message)}\n`);
  const output = outputOf(response);
  if (output.byteLength > 0) {
    terminal.out(terminal.outIsScreen ? plain(Buffer.from(output).toString(), true) : output);
    if (output.at(-1) !== 0x0a) terminal.out("\n");
  }
  if (response.rawOutput?.truncated) terminal.err("The program wrote more output than was kept.\n");
  for (const { name, href, bytes, type } of response.artifacts) {
    terminal.out(
      `${terminal.paint("dim", "artifact")} ${plain(name)} ${plain(href)} ${bytes} bytes ${plain(type)}\n`,
    );
  }
}
