const MAX_PATTERNS = 64;
const patterns = new Map<string, RegExp>();

/** `%` stands for any text; a backslash takes the next character as it is. Nothing else is special. */
export function like(value: string, pattern: string): boolean {
  let compiled = patterns.get(pattern);
  if (compiled === undefined) {
    if (patterns.size >= MAX_PATTERNS) patterns.clear();
    compiled = compile(pattern);
    patterns.set(pattern, compiled);
  }
  return compiled.test(value);
}

function compile(pattern: string): RegExp {
  const source = pattern.replaceAll(
    /\\(.)|%+|([\\^$.*+?()[\]{}|/])/gsu,
    (whole, escaped?: string, special?: string) => {
      if (escaped !== undefined) return literal(escaped);
      return special === undefined ? ".*" : `\\${whole}`;
    },
  );
  return new RegExp(`^${source}$`, "su");
}

const literal = (character: string) => character.replace(/[\\^$.*+?()[\]{}|/]/, "\\$&");
