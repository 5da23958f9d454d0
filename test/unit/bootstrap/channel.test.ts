import { generateKeyPairSync } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Channel, openChannel, signChannel } from "../../../bootstrap/release/channel.ts";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const other = generateKeyPairSync("ed25519");

const version = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,20}$/);
const release = fc.record({ version, manifestSha256: fc.stringMatching(/^[0-9a-f]{64}$/) });
const channels: fc.Arbitrary<Channel> = fc.record({
  serial: fc.nat(),
  fleet: version,
  expiresAtS: fc.nat(),
  release,
  previous: fc.option(release, { nil: undefined }),
  canary: fc.option(
    fc
      .tuple(release, fc.array(version, { minLength: 1, maxLength: 3 }))
      .map(([it, instances]) => ({ ...it, instances })),
    { nil: undefined },
  ),
});

describe("the channel file", () => {
  test("comes back as it was signed, from any of the keys that are trusted", () => {
    fc.assert(
      fc.property(channels, (channel) => {
        const text = signChannel(channel, privateKey);
        expect(openChannel(text, [other.publicKey, publicKey])).toEqual(channel);
        expect(() => openChannel(text, [other.publicKey])).toThrow(/not signed with the release key/);
      }),
      { numRuns: 50 },
    );
  });

  test("is worth nothing after any change of one character", () => {
    fc.assert(
      fc.property(channels, fc.nat(), (channel, at) => {
        const text = signChannel(channel, privateKey);
        const place = at % text.length;
        const changed = `${text.slice(0, place)}${text[place] === "x" ? "y" : "x"}${text.slice(place + 1)}`;
        let opened: unknown;
        try {
          opened = openChannel(changed, [publicKey]);
        } catch (error) {
          opened = (error as { code?: string }).code;
        }
        // The unused bits at the end of the base64 change nothing.
        if (typeof opened === "string") expect(opened).toMatch(/^channel-(signature|malformed)$/);
        else expect(opened).toEqual(channel);
      }),
      { numRuns: 300 },
    );
  });

  test("has one value on each line, for a reader that has only bash", () => {
    const ref = { version: "1.0.0", manifestSha256: "0".repeat(64) };
    const text = signChannel(
      { serial: 3, fleet: "f", expiresAtS: 9, release: ref, previous: undefined, canary: undefined },
      privateKey,
    );
    expect(text).toMatch(
      /^drover-channel 1 [A-Za-z0-9+/]{86}==\n\{\n"serial": 3,\n"fleet": "f",\n"expires_at_s": 9,\n/,
    );
  });
});
