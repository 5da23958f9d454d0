import { constantFrom, property, record, assert as check, string, subarray } from "fast-check";
import { describe, expect, test } from "vitest";
import { readCommandLine } from "../../../client/command.ts";
import { JOB_FLAGS, dashed } from "../../../client/flags.ts";

const read = (...argv: string[]) => readCommandLine(argv, () => undefined);

describe("the command line", () => {
  test("takes every flag in both spellings, with any value", () => {
    const single = JOB_FLAGS.map(({ name }) => name).filter((name) => name !== "param");
    const inputs = record({
      names: subarray(single),
      value: string(),
      spell: constantFrom(dashed, (name: string) => name),
    });
    check(
      property(inputs, ({ names, value, spell }) => {
        const argv = names.map((name) => `--${spell(name)}=${value}`);
        expect(read(...argv)?.flags).toEqual(Object.fromEntries(names.map((name) => [name, value])));
      }),
    );
  });

  test("keeps a value that looks like a flag", () => {
    expect(read("--auth_pass_file", "--auth_user_file")?.flags).toEqual({
      auth_pass_file: "--auth_user_file",
    });
  });

  test("takes the input as an argument and parameters in order", () => {
    expect(read("--param=R:-100", "http://x/", "--param", "b:2")?.flags).toEqual({
      input: "http://x/",
      param: ["R:-100", "b:2"],
    });
  });

  test("takes what else there is", () => {
    expect(
      read("--batch=f", "--wait", "--timeout-s=1.5", "--json", "--skip-invalid", "--no-service-check"),
    ).toMatchObject({
      batch: "f",
      wait: true,
      timeoutMs: 1500,
      json: true,
      skipInvalid: true,
      services: false,
    });
    expect(read("--auth-pass-file-from=-", "--services", "dir", "--dry-run", "--verbose")).toMatchObject({
      from: { auth_pass_file: "-" },
      services: "dir",
      dryRun: true,
      verbose: true,
    });
    expect(read("--wait-for=id")).toMatchObject({ waitFor: "id" });
  });

  test.each([
    [["--nonsense"], "flag-invalid"],
    [["--param"], "flag-invalid"],
    [["a", "b"], "flag-invalid"],
    [["--timeout-s=0"], "flag-invalid"],
    [["--timeout-s=soon"], "flag-invalid"],
    [["--input=a", "b"], "flag-conflict"],
    [["--wait-for=id", "--service=x"], "flag-conflict"],
    [["--batch=f", "http://x/"], "flag-conflict"],
  ])("refuses %j", (argv, code) => {
    expect(() => read(...argv)).toThrow(expect.objectContaining({ code }));
  });

  test("--help begins its examples with the article's one-liner, and names the exit codes", () => {
    let help = "";
    expect(readCommandLine(["--help"], (text) => void (help += text))).toBeUndefined();
    // Each flag once, in the article's spelling.
    const shown = [...help.matchAll(/^ {2}--([\w-]+)/gm)].map(([, name]) => name);
    expect(shown).toEqual(expect.arrayContaining(JOB_FLAGS.map((it) => it.name)));
    expect(
      help.indexOf("--auth_user_file=dirk --auth_method_file=http-basic --auth_pass_file=krid"),
    ).toBeGreaterThan(0);
    for (const word of [
      "Exit codes:",
      "DROVER_AUTH_PASS_FILE",
      "--auth_pass_response <PASSWORD>",
      "--batch <FILE>",
    ]) {
      expect(help).toContain(word);
    }
  });
});
