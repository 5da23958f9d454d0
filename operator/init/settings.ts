/** A drover.yaml to start with: what people change first, explained; the rest has defaults. */
export function settingsText(bucket: string): string {
  return `# Settings of the fleet. Every other one, its unit and its default: base/config/drover.schema.json.

# Releases, results, the activity log and the status of instances lie here.
bucket: ${bucket}

# s3 works everywhere; simpledb in the regions and accounts that have it.
store: s3

# Programs at the same time on each instance; 0: one for each processor.
slots: 0

# Losing a machine costs its jobs at most this long.
visibility_timeout_s: 60

# After SIGTERM, and when a new release takes over, running programs have this long to end.
drain_timeout_s: 3600

# Secrets that requests may name, and the one that signs every callback:
# secrets:
#   webhook: whsec_…
`;
}
