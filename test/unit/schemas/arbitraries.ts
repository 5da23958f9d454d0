import * as fc from "fast-check";
import type {
  Credentials,
  JobInput,
  JobOutput,
  JobRequest,
  WebhookSecret,
} from "../../../schemas/request.ts";
import type { Artifact, JobResponse } from "../../../schemas/response.ts";
import { rawOutputOf } from "../../../schemas/raw-output.ts";
import { isXmlText } from "../../../schemas/xml-text.ts";

const hardChar = fc.constantFrom(
  "\r",
  "\n",
  "\t",
  "]]>",
  '"',
  "'",
  "<",
  "&",
  "&amp;",
  " ",
  "\u0085",
  "é",
  "😀",
);

/** Values of the contract, as wide as the schemas allow. */
const xmlText = (maxLength: number) =>
  fc
    .oneof(fc.string({ unit: "binary", maxLength }), fc.string({ unit: hardChar, maxLength }))
    .filter((text) => isXmlText(text) && !text.includes("\uFEFF"));
// \P{Cc} counts code points; a pair of surrogates is one.
const line = (maxLength: number) => xmlText(maxLength / 2).filter((text) => !/\p{Cc}/u.test(text));
const of = (pattern: RegExp) => fc.stringMatching(pattern);

const serviceName = of(/^[a-z][a-z0-9-]{0,62}$/);
const reference = of(/^[A-Za-z0-9][A-Za-z0-9._:/@+=-]{0,127}$/);
const secretName = of(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/);
const sha256 = of(/^[0-9a-f]{64}$/);
const httpHref = fc.webUrl({ withQueryParameters: true, validSchemes: ["http", "https"], size: "medium" });
const s3Href = fc
  .tuple(
    of(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/),
    line(200).filter((key) => key.length > 0),
  )
  .map(([bucket, key]) => `s3://${bucket}/${key}`);

const credentials: fc.Arbitrary<Credentials> = fc.oneof(
  fc.record({
    type: fc.constant("http-basic" as const),
    username: line(100).map((text) => text.replaceAll(":", "")),
    password: line(200),
  }),
  fc.record({ type: fc.constant("http-basic" as const), ref: secretName }),
);

const signature: fc.Arbitrary<WebhookSecret> = fc.oneof(
  fc
    .uint8Array({ minLength: 24, maxLength: 64 })
    .map((bytes) => ({ secret: `whsec_${Buffer.from(bytes).toString("base64")}` })),
  fc.record({ ref: secretName }),
);

const input: fc.Arbitrary<JobInput> = fc.oneof(
  fc.record(
    { type: fc.constant("http" as const), href: httpHref, credentials, sha256 },
    { requiredKeys: ["type", "href"] },
  ),
  fc.record({ type: fc.constant("s3" as const), href: s3Href, sha256 }, { requiredKeys: ["type", "href"] }),
);

const output: fc.Arbitrary<JobOutput> = fc.oneof(
  fc.record(
    { type: fc.constant("callback" as const), href: httpHref, credentials, signature },
    { requiredKeys: ["type", "href"] },
  ),
  fc.record({ type: fc.constant("queue" as const), href: httpHref }, { requiredKeys: ["type"] }),
  fc.record({ type: fc.constant("store" as const) }),
);

const parameters = fc.uniqueArray(
  fc.record({ name: of(/^[A-Za-z][A-Za-z0-9._-]{0,63}$/), value: xmlText(300) }),
  { maxLength: 20, selector: ({ name }) => name },
);

export const anyRequest: fc.Arbitrary<JobRequest> = fc.record(
  {
    service: serviceName,
    contract: fc.constant(1),
    reference,
    deadlineS: fc.integer({ min: 1, max: 604_800 }),
    input,
    parameters,
    output,
  },
  { requiredKeys: ["service", "parameters", "output"] },
);

const artifact: fc.Arbitrary<Artifact> = fc.record({
  name: fc
    .array(
      line(60)
        .map((part) => part.replaceAll(/[/\\]/g, "_"))
        .filter((part) => part !== "" && part !== "." && part !== ".."),
      { minLength: 1, maxLength: 4 },
    )
    .map((parts) => parts.join("/")),
  href: s3Href,
  bytes: fc.maxSafeNat(),
  sha256,
  type: fc.constantFrom("video/mp4", "application/vnd.x+json", "text/plain; charset=utf-8"),
});

const seconds = fc.integer({ min: 0, max: 999_999_999 }).map((ms) => ms / 1000);

const common = {
  service: serviceName,
  messageId: of(/^[A-Za-z0-9._:-]{1,100}$/),
  reference,
  rawOutput: fc
    .tuple(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        xmlText(200).map((text) => Buffer.from(text)),
      ),
      fc.boolean(),
    )
    .map(([bytes, truncated]) => rawOutputOf(bytes, truncated)),
  artifacts: fc.uniqueArray(artifact, { maxLength: 5, selector: ({ name }) => name }),
  timings: fc.record({ queuedS: seconds, inputS: seconds, runS: seconds }),
  message: xmlText(400),
};
const requiredKeys = ["service", "status", "messageId", "artifacts", "message"] as const;

export const anyResponse: fc.Arbitrary<JobResponse> = fc.oneof(
  fc.record({ ...common, status: fc.constant("success" as const) }, { requiredKeys: [...requiredKeys] }),
  fc.record(
    {
      ...common,
      service: fc.oneof(serviceName, fc.constant("")),
      status: fc.constantFrom("rejected" as const, "failed" as const, "cancelled" as const),
      error: fc.record(
        {
          code: of(/^[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,8}){0,3}$/),
          line: fc.integer({ min: 1, max: 1_048_577 }),
        },
        { requiredKeys: ["code"] },
      ),
    },
    { requiredKeys: [...requiredKeys, "error"] },
  ),
);
