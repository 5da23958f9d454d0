import type { Config } from "../../base/config/config.ts";

/** What a local instance needs to know, as a real one does from its user-data. */
export interface MachineFacts {
  home: string;
  bucket: string;
  releaseKeys: string;
  /** The embedded cloud, and its metadata service for this instance: name, region and role credentials come from there. */
  endpoint: string;
  metadataEndpoint: string;
}

/** Local instances look for a new release this often: a second costs nothing here. */
const CHANNEL_PERIOD_S = "1";

/** The environment that boot.sh starts with. Nothing but PATH comes from the one who starts it. */
export function machineEnvironment(
  { home, bucket, releaseKeys, endpoint, metadataEndpoint }: MachineFacts,
  path: string,
): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: metadataEndpoint,
    PATH: path,
    DROVER_HOME: home,
    DROVER_BUCKET: bucket,
    DROVER_RELEASE_KEYS: releaseKeys,
    DROVER_SYSTEMD: "0",
    DROVER_CHANNEL_PERIOD_S: CHANNEL_PERIOD_S,
    DROVER_STOP_WITH_STDIN: "1",
  };
}

/** The instance's drover.yaml (JSON is YAML): the fleet's settings, without what each place decides for itself. */
export function machineSettings(config: Config): string {
  const { services_dir: _services, work_dir: _work, instance_id: _instance, ...fleet } = config;
  return `${JSON.stringify(fleet, undefined, 2)}\n`;
}
