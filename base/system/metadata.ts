import { readFileSync } from "node:fs";

const EC2 = "http://169.254.169.254";

/**
 * Where this machine's metadata service is, or undefined when there is none: AWS's own variables decide, else the
 * hardware's maker, so that no other machine is asked at an address that means nothing there.
 */
export function metadataEndpoint(env: Record<string, string | undefined>): string | undefined {
  if (env["AWS_EC2_METADATA_DISABLED"]?.toLowerCase() === "true") return undefined;
  return env["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? (isEc2() ? EC2 : undefined);
}

function isEc2(): boolean {
  try {
    return readFileSync("/sys/devices/virtual/dmi/id/sys_vendor", "utf8").trim() === "Amazon EC2";
  } catch {
    return false; // containers and other machines have no such file
  }
}
