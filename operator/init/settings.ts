import type { ScalerPlace } from "./machine-policies.ts";

/** A drover.yaml to start with: what people change first, explained; the rest has defaults. */
export function settingsText(bucket: string, region: string, scaler: ScalerPlace): string {
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
${scaler === "nowhere" ? "" : autoscalerText(region, scaler)}
# Secrets that requests may name, and the one that signs every callback:
# secrets:
#   webhook: whsec_…
`;
}

function autoscalerText(region: string, scaler: ScalerPlace): string {
  const least =
    scaler === "everywhere"
      ? "\n  # The instances run the autoscaler themselves: with none of them nobody would start one.\n  min_instances: 1"
      : "";
  return `
# How the fleet grows and shrinks; docs/scaling.md says what it does.
autoscaler:
  # A job shall start within this time.
  target_wait_s: 300
  max_instances: 10${least}
  launch_template: drover
  # Where instances may come from; with several, the autoscaler goes round those that have none to give.
  pools:
    - name: ${region}a-spot
      instance_type: m7i.large
      zone: ${region}a
      market: spot
      price_per_hour: 0.04
    - name: ${region}a
      instance_type: m7i.large
      zone: ${region}a
      market: on-demand
      price_per_hour: 0.11
`;
}
