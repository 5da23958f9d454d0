import * as fc from "fast-check";

/** What one signature is made of. */
export interface Case {
  url: string;
  params: Record<string, string>;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  /** Whole seconds, ISO 8601. */
  signed_at: string;
}

const plain = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
const ascii = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join("");

const select = { Action: "Select", Version: "2009-04-15" };

/** One for each thing that implementations of Signature Version 2 get wrong. */
export const CASES: Record<string, Case> = {
  "a plain select": {
    url: "https://sdb.amazonaws.com/",
    params: { ...select, SelectExpression: "select * from mydomain" },
    credentials: plain,
    signed_at: "2026-11-22T09:00:00Z",
  },
  "another region": {
    url: "https://sdb.eu-west-1.amazonaws.com/",
    params: { ...select, SelectExpression: "select count(*) from mydomain" },
    credentials: plain,
    signed_at: "2026-11-22T09:00:00Z",
  },
  "every printable character of ASCII": {
    url: "https://sdb.amazonaws.com/",
    params: { ...select, SelectExpression: ascii },
    credentials: plain,
    signed_at: "2026-01-02T03:04:05Z",
  },
  "UTF-8 of two, three and four bytes": {
    url: "https://sdb.amazonaws.com/",
    params: { ...select, SelectExpression: "ä\u00A0\u0663\u20AC\u{1F600}e\u0301" },
    credentials: plain,
    signed_at: "2026-12-31T23:59:59Z",
  },
  "control characters and line breaks": {
    url: "https://sdb.amazonaws.com/",
    params: { ...select, SelectExpression: "\u0000\u0001\t\r\n\u007F" },
    credentials: plain,
    signed_at: "2026-11-22T09:00:00Z",
  },
  "a session token": {
    url: "https://sdb.amazonaws.com/",
    params: { ...select, SelectExpression: "select * from `d` where a = 'x'" },
    credentials: { ...plain, sessionToken: "IQoJb3JpZ2luX2VjE//////////+wEaCXVzLWVhc3QtMSJHMEUCIQ==" },
    signed_at: "2026-11-22T09:00:00Z",
  },
  "a port that is not the scheme's": {
    url: "http://127.0.0.1:45999/",
    params: { ...select, SelectExpression: "select * from mydomain" },
    credentials: plain,
    signed_at: "2026-11-22T09:00:00Z",
  },
  "lists of more than nine": {
    url: "https://sdb.amazonaws.com/",
    params: {
      Action: "PutAttributes",
      Version: "2009-04-15",
      DomainName: "mydomain",
      ItemName: "item/1",
      ...Object.fromEntries(
        Array.from({ length: 11 }, (_, i) => [
          [`Attribute.${i + 1}.Name`, `n ${i}`],
          [`Attribute.${i + 1}.Value`, `v*~${i}`],
          [`Attribute.${i + 1}.Replace`, "true"],
        ]).flat(),
      ),
    },
    credentials: plain,
    signed_at: "2026-11-22T09:00:00Z",
  },
  "empty values": {
    url: "https://sdb.amazonaws.com/",
    params: {
      Action: "PutAttributes",
      Version: "2009-04-15",
      "Attribute.1.Name": "n",
      "Attribute.1.Value": "",
    },
    credentials: plain,
    signed_at: "2026-11-22T09:00:00Z",
  },
};

const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 });

/** Requests of all kinds, for comparison with another implementation. */
export const anyCase: fc.Arbitrary<Case> = fc
  .record({
    port: fc.constantFrom("", ":8080", ":1"),
    scheme: fc.constantFrom("http", "https"),
    params: fc.dictionary(
      fc.stringMatching(/^[A-Za-z][A-Za-z0-9.]{0,20}$/),
      fc.string({ unit: "binary", maxLength: 40 }),
    ),
    secretAccessKey: text,
    sessionToken: fc.option(text, { nil: undefined }),
    seconds: fc.integer({ min: 0, max: 4_000_000_000 }),
  })
  .map(({ port, scheme, params, secretAccessKey, sessionToken, seconds }) => ({
    url: `${scheme}://sdb.example.com${port}/`,
    params: { ...params, Action: "Select" },
    credentials: {
      accessKeyId: "AKIDEXAMPLE",
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
    },
    signed_at: `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`,
  }));
