/** https://docs.aws.amazon.com/AmazonSimpleDB/latest/DeveloperGuide/SDBLimits.html */
export const limits = {
  domains: 250,
  domainPairs: 1_000_000_000,
  domainBytes: 10 * 1024 ** 3,
  itemPairs: 256,
  callPairs: 256,
  callItems: 25,
  textBytes: 1024,
  requestedAttributes: 256,
  pageItems: 2500,
  usualPageItems: 100,
  pageBytes: 1024 * 1024,
  comparisons: 20,
  comparedAttributes: 20,
  listedDomains: 100,
};

/** A test may lower those that nobody can reach in a second. */
export type Limits = Readonly<typeof limits>;
