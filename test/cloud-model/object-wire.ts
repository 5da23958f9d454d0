import { createHash } from "node:crypto";
import type { CloudProcess } from "./cloud-process.ts";
import { byBytes, type ExpectedOfObjects, type ObjectStep } from "./object-model.ts";
import { ask, Contradiction, refusalOf } from "./wire.ts";

/** Carries a step out on the cloud; the outcome is compared with the model's as it is. */
export async function performOnObjects(
  cloud: CloudProcess,
  bucket: string,
  step: ObjectStep,
): Promise<ExpectedOfObjects> {
  switch (step.do) {
    case "put": {
      const headers = conditionHeaders(step);
      const wanted = { method: "PUT", target: targetOf(bucket, step.key), headers, body: step.body };
      const answer = await ask(cloud, wanted);
      if (answer.status !== 200) return refusalOf(answer);
      return { kind: "written", etag: answer.headers["etag"] ?? "" };
    }
    case "get": {
      const answer = await ask(cloud, { method: "GET", target: targetOf(bucket, step.key) });
      if (answer.status !== 200) return refusalOf(answer);
      return { kind: "read", body: answer.body, etag: answer.headers["etag"] ?? "" };
    }
    case "remove": {
      const answer = await ask(cloud, { method: "DELETE", target: targetOf(bucket, step.key) });
      return answer.status === 204 ? { kind: "done" } : refusalOf(answer);
    }
    case "remove many": {
      const objects = step.keys.map((key) => `<Object><Key>${escapeXml(key)}</Key></Object>`);
      const body = `<Delete>${objects.join("")}</Delete>`;
      const headers = { "content-md5": createHash("md5").update(body).digest("base64") };
      const answer = await ask(cloud, { method: "POST", target: `/${bucket}?delete=`, headers, body });
      if (answer.status !== 200) return refusalOf(answer);
      return { kind: "listed", entries: [...new Set(elements(answer.body, "Key"))].toSorted(byBytes) };
    }
    case "list":
      return listAll(cloud, bucket, step);
  }
}

function conditionHeaders({ condition }: Extract<ObjectStep, { do: "put" }>): Record<string, string> {
  if (condition === "none") return {};
  return condition === "absent" ? { "if-none-match": "*" } : { "if-match": condition.etag };
}

async function listAll(
  cloud: CloudProcess,
  bucket: string,
  { prefix, delimiter, pageSize }: Extract<ObjectStep, { do: "list" }>,
): Promise<ExpectedOfObjects> {
  const entries: string[] = [];
  let token: string | undefined;
  do {
    const query = { "list-type": "2", prefix, delimiter, "max-keys": String(pageSize) };
    const rest = token === undefined ? {} : { "continuation-token": token };
    const parts = Object.entries({ ...query, ...rest }).map(([name, value]) => `${name}=${encode(value)}`);
    const answer = await ask(cloud, { method: "GET", target: `/${bucket}?${parts.join("&")}` });
    if (answer.status !== 200) return refusalOf(answer);
    const page = [
      ...listed(answer.body, "Contents", "Key"),
      ...listed(answer.body, "CommonPrefixes", "Prefix"),
    ];
    if (page.length > pageSize) throw new Contradiction(`a page of ${pageSize} has ${page.length} entries`);
    entries.push(...page);
    token = elements(answer.body, "NextContinuationToken")[0];
  } while (token !== undefined);
  return { kind: "listed", entries: entries.toSorted(byBytes) };
}

const listed = (xml: string, section: string, name: string) =>
  sections(xml, section).flatMap((inner) => elements(inner, name).map((text) => `${name} ${text}`));

const encode = (text: string) =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );

const targetOf = (bucket: string, key: string) => `/${bucket}/${key.split("/").map(encode).join("/")}`;

const escapeXml = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const unescapeXml = (text: string) =>
  text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&");

const sections = (xml: string, name: string) =>
  [...xml.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, "gs"))].map(([, inner = ""]) => inner);

const elements = (xml: string, name: string) => sections(xml, name).map(unescapeXml);
