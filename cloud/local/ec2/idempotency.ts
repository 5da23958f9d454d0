import { hash } from "node:crypto";
import { AwsError } from "../aws-error.ts";
import type { Call, Ec2State } from "./state.ts";

const MAX_TOKEN_CHARACTERS = 64;

/**
 * Does something once for each client token: who repeats a request is told what the first one has brought about, and
 * who changes it is refused (EC2 developer guide, "Ensuring idempotency in Amazon EC2 API requests"). The outcome must
 * go through JSON.
 */
export function once<T>(state: Ec2State, call: Call, act: () => T): T {
  const token = call.parameters.optionalText("ClientToken") ?? "";
  if (token === "") return act();
  if (token.length > MAX_TOKEN_CHARACTERS) {
    throw new AwsError(
      "InvalidParameterValue",
      `The client token is longer than ${MAX_TOKEN_CHARACTERS} characters.`,
    );
  }
  const action = call.parameters.text("Action");
  const request = fingerprint(call);
  const known = state.tokens.find(action, token);
  if (known !== undefined) {
    if (known.request === request) return JSON.parse(known.outcome) as T;
    throw new AwsError(
      "IdempotentParameterMismatch",
      "The client token was used before, with other parameters. Use another token, or the same parameters.",
    );
  }
  const outcome = act();
  state.tokens.put(action, token, { request, outcome: JSON.stringify(outcome) }, state.clock.now());
  return outcome;
}

const signing = /^X-Amz-/;

function fingerprint({ pairs }: Call): string {
  const said = pairs.filter(([name]) => !signing.test(name)).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return hash("sha256", JSON.stringify(said), "base64");
}
