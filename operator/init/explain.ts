import type { Policy } from "./policies.ts";

/** The page beside what `drover init` wrote: what each file is for, and in which order to use them. */
export function explain(bucket: string, policies: readonly Policy[]): string {
  const roles = policies.map(({ name, why }) => `- \`policies/${name}.json\`: ${why}`).join("\n");
  return `# Fleet ${bucket}

Written by \`drover init\`. Nothing was created in the account yet.

- \`drover.yaml\`: the settings of the fleet, for your own commands and, inside the user-data, for every instance.
- \`release.key\`: signs releases. Whoever has it decides what your instances run. Keep it off the instances and out of
  repositories; put it where your deploys run, readable by them alone. A lost key means new user-data for every machine.
- \`user-data.sh\`: starts a bare Debian 12, Ubuntu 24.04 or Amazon Linux 2023. It holds the public half of the key.
  \`user-data.gz\` is the same compressed: that is what EC2 gets (\`--user-data fileb://user-data.gz\`), since it takes 16 KB.
${roles}

## In this order

1. \`aws iam create-role\` and \`put-role-policy\` for each policy you need; the instance role goes into an instance profile.
2. \`drover setup\`: queues and bucket.
3. \`drover deploy --key release.key\`: the first release.
4. Start machines with \`user-data.gz\`, the instance profile, and the metadata service set to version 2 only
   (\`HttpTokens=required\`), with a hop limit of 1.
5. \`drover releases --key release.key\`: what runs where. Renew the signature before it expires: \`drover release renew\`.
`;
}
