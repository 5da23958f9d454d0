import { AwsError } from "../aws-error.ts";
import { invalid, type Parameters } from "../simpledb/parameters.ts";

/** A filter's name and the values of which one must fit. */
export interface Filter {
  name: string;
  fits: (value: string | undefined) => boolean;
}

const MAX_VALUES = 200;

/**
 * `Filter.1.Name=…&Filter.1.Value.1=…`
 * @param fields the names that there are, beside tags
 */
export function readFilters(parameters: Parameters, fields: object): Filter[] {
  const filters = parameters.list("Filter").map((filter) => {
    const values = filter.texts("Value");
    return { name: filter.text("Name"), values };
  });
  if (filters.reduce((sum, it) => sum + it.values.length, 0) > MAX_VALUES) {
    throw new AwsError("FilterLimitExceeded", `The maximum number of filter values is ${MAX_VALUES}.`);
  }
  return filters.map(({ name, values }) => {
    if (!name.startsWith("tag:") && name !== "tag-key" && !Object.hasOwn(fields, name))
      throw invalid(name, "filter", `The filter '${name}' is invalid`);
    const patterns = values.map(patternOf);
    return { name, fits: (value) => value !== undefined && patterns.some((it) => it.test(value)) };
  });
}

/** `*` stands for any text, `?` for one character, a backslash takes the next one as it is. */
function patternOf(text: string): RegExp {
  const parts = text.match(/\\[^]|[^]/g) ?? [];
  const source = parts.map((it) => {
    if (it === "*") return "[^]*";
    if (it === "?") return "[^]";
    return (it.length > 1 ? it.slice(1) : it).replace(
      /[^\w]/u,
      (one) => `\\u{${one.codePointAt(0)?.toString(16)}}`,
    );
  });
  return new RegExp(`^${source.join("")}$`, "u");
}

/** Whether all filters fit; `valueOf` knows the fields by the filters' names, and is told tags apart. */
export function passes<T>(
  filters: readonly Filter[],
  item: T,
  tags: Readonly<Record<string, string>>,
  fields: Readonly<Record<string, (item: T) => string | undefined>>,
): boolean {
  return filters.every(({ name, fits }) => {
    if (name.startsWith("tag:")) return fits(tags[name.slice("tag:".length)]);
    if (name === "tag-key") return Object.keys(tags).some(fits);
    return fits(fields[name]?.(item));
  });
}
