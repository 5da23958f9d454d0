import { AwsError } from "../../aws-error.ts";
import { readToken, tokenFor } from "../next-token.ts";
import { invalid, type Parameters } from "../parameters.ts";
import { domainOf, type Operation } from "../state.ts";
import { sweepDeleted } from "../sweep.ts";

function domainName(parameters: Parameters): string {
  const name = parameters.text("DomainName");
  if (/^[a-zA-Z0-9_.-]{3,255}$/.test(name)) return name;
  throw invalid(name, "DomainName", "It has 3 to 255 characters: letters, digits, '_', '-' and '.'.");
}

/** Creating a domain again changes nothing. */
export const createDomain: Operation = ({ tables, limits }, parameters) => {
  const name = domainName(parameters);
  if (tables.domain(name) !== undefined) return undefined;
  if (tables.domainCount() >= limits.domains) {
    throw new AwsError("NumberDomainsExceeded", "The domain limit was exceeded.");
  }
  tables.createDomain(name);
  return undefined;
};

/** Deleting a domain that is not there succeeds. */
export const deleteDomain: Operation = (state, parameters) => {
  state.tables.dropDomain(domainName(parameters));
  sweepDeleted(state);
  return undefined;
};

export const listDomains: Operation = ({ tables, limits }, parameters) => {
  const text = parameters.optionalText("MaxNumberOfDomains") ?? String(limits.listedDomains);
  const max = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (max < 1 || max > limits.listedDomains) {
    const reason = `MaxNumberOfDomains must be between 1 and ${limits.listedDomains}.`;
    throw invalid(text, "MaxNumberOfDomains", reason);
  }
  const token = parameters.optionalText("NextToken");
  const after = token === undefined ? "" : readToken(token, "domains").item;
  const found = tables.domainsAfter(after, max + 1).map((it) => it.name);
  const last = found.length > max ? found[max - 1] : undefined;
  return {
    DomainName: found.slice(0, max),
    NextToken: last === undefined ? undefined : tokenFor("domains", { item: last }),
  };
};

export const domainMetadata: Operation = (state, parameters) => {
  const counts = state.tables.counts(domainOf(state, parameters.text("DomainName")).id);
  return {
    ItemCount: counts.items,
    ItemNamesSizeBytes: counts.itemBytes,
    AttributeNameCount: counts.names,
    AttributeNamesSizeBytes: counts.nameBytes,
    AttributeValueCount: counts.values,
    AttributeValuesSizeBytes: counts.valueBytes,
    Timestamp: Math.floor(state.clock.now() / 1000),
  };
};
