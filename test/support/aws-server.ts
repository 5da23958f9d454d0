import type { ServerResponse } from "node:http";
import { onTestFinished, vi } from "vitest";
import { type Seen, type WebServer, webServer } from "./web-server.ts";

/** A server that answers in the place of AWS, for what no well-behaved cloud would do. */
export async function awsServer(answer: (seen: Seen, response: ServerResponse) => void): Promise<WebServer> {
  const server = await webServer(answer);
  vi.stubEnv("AWS_ENDPOINT_URL", server.origin);
  vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
  vi.stubEnv("AWS_REGION", "us-east-1");
  vi.stubEnv("AWS_MAX_ATTEMPTS", "2");
  onTestFinished(() => void vi.unstubAllEnvs());
  return server;
}
