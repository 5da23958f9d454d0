/**
 * Drover's client as a library.
 *
 *     const client = await connect();
 *     const response = await client.submitAndWait({
 *       service: "analyze",
 *       input: { type: "http", href: "https://example.org/clip.mov" },
 *       parameters: [{ name: "R", value: "-100" }],
 *       output: { type: "store" },
 *     });
 */
export type {
  JobRequest,
  JobInput,
  JobOutput,
  Parameter,
  Credentials,
  WebhookSecret,
} from "../schemas/request.ts";
export type { JobResponse, Artifact, Timings } from "../schemas/response.ts";
export { createClient, type Client } from "./client.ts";
export { connect, verifyWebhook, type FleetNames } from "./connect/main.ts";
export type { ClientPorts } from "./ports.ts";
export type { Submission } from "./reference.ts";
export { RefusedRequest, type Fault } from "./refusal.ts";
export type { WaitOptions } from "./wait.ts";
