import type { XmlElement } from "libxml2-wasm";
import type { Credentials, JobInput, JobOutput, JobRequest, Parameter, WebhookSecret } from "./request.ts";
import { attribute, child, children, optional, required } from "./tree.ts";
import type { Report } from "./tree.ts";

/**
 * The request in a tree that follows request.xsd. Reports what XSD 1.0 cannot say: rules between two attributes.
 * The value is of use only when nothing was reported.
 */
export function readRequest(root: XmlElement, report: Report): JobRequest {
  const input = child(root, "input");
  const parameters = child(root, "parameters");
  return {
    service: required(root, "service"),
    ...optional("contract", toNumber(attribute(root, "contract"))),
    ...optional("reference", attribute(root, "reference")),
    ...optional("deadlineS", toNumber(attribute(root, "deadline"))),
    ...optional("input", input && readInput(input, report)),
    parameters: parameters === undefined ? [] : children(parameters).map(readParameter),
    output: readOutput(requiredChild(root, "output"), report),
  };
}

function readParameter(element: XmlElement): Parameter {
  return { name: required(element, "name"), value: required(element, "value") };
}

function readInput(element: XmlElement, report: Report): JobInput {
  const href = required(element, "href");
  const sha256 = optional("sha256", attribute(element, "sha256"));
  const credentials = child(element, "credentials");
  if (required(element, "type") === "s3") {
    if (!href.startsWith("s3://")) {
      report(element, '<input type="s3"> needs an href of the form s3://bucket/key');
    }
    if (credentials !== undefined) {
      report(credentials, '<input type="s3"> takes no <credentials>: the fleet\'s own role reads the bucket');
    }
    return { type: "s3", href, ...sha256 };
  }
  checkHttpUrl(element, href, report);
  return {
    type: "http",
    href,
    ...optional("credentials", credentials && readCredentials(credentials, report)),
    ...sha256,
  };
}

function readOutput(element: XmlElement, report: Report): JobOutput {
  const type = required(element, "type");
  const href = attribute(element, "href");
  if (href !== undefined) checkHttpUrl(element, href, report);
  if (type === "callback") return readCallback(element, href, report);
  for (const extra of children(element)) {
    report(extra, `<output type="${type}"> takes no <${extra.name}>; only "callback" does`);
  }
  if (type === "queue") return { type: "queue", ...optional("href", href) };
  if (href !== undefined)
    report(element, '<output type="store"> takes no href: the result stays in the fleet\'s bucket');
  return { type: "store" };
}

function readCallback(element: XmlElement, href: string | undefined, report: Report): JobOutput {
  if (href === undefined)
    report(element, '<output type="callback"> needs an href: the URL to POST the response to');
  const credentials = child(element, "credentials");
  const signature = child(element, "signature");
  return {
    type: "callback",
    href: href ?? "",
    ...optional("credentials", credentials && readCredentials(credentials, report)),
    ...optional("signature", signature && readSignature(signature, report)),
  };
}

function readCredentials(element: XmlElement, report: Report): Credentials {
  const username = attribute(element, "username");
  const password = attribute(element, "password");
  const ref = attribute(element, "ref");
  if (ref !== undefined && username === undefined && password === undefined) {
    return { type: "http-basic", ref };
  }
  if (ref !== undefined || username === undefined || password === undefined) {
    report(element, "<credentials> needs either username and password, or ref alone");
  }
  return { type: "http-basic", username: username ?? "", password: password ?? "" };
}

function readSignature(element: XmlElement, report: Report): WebhookSecret {
  const secret = attribute(element, "secret");
  const ref = attribute(element, "ref");
  if ((secret === undefined) === (ref === undefined)) {
    report(element, "<signature> needs either secret or ref");
  }
  return secret === undefined ? { ref: ref ?? "" } : { secret };
}

/** Whether the address may be visited is the business of whoever opens the connection. */
function checkHttpUrl(element: XmlElement, href: string, report: Report): void {
  const place = `the href of <${element.name}>`;
  if (!/^https?:/.test(href)) return report(element, `${place} must start with http:// or https://`);
  const url = URL.parse(href);
  if (url === null) return report(element, `${place} is not a valid URL`);
  // An empty userinfo ("http://@host") parses to nothing but still confuses other readers of URLs.
  if (/^https?:\/\/[^/?]*@/.test(href)) {
    report(element, `${place} must not hold a user or password; use <credentials>`);
  }
}

function requiredChild(element: XmlElement, name: string): XmlElement {
  const found = child(element, name);
  if (found === undefined) throw new Error(`The schema let <${element.name}> pass without <${name}>.`);
  return found;
}

function toNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
