import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { codeOf, DroverError } from "../../../base/errors.ts";
import { checked, newInstance, type Instance } from "./instance.ts";
import { RoleCredentials } from "./role-credentials.ts";
import { answer } from "./routes.ts";
import type { ImdsContext, ImdsState } from "./state.ts";
import { Tokens } from "./tokens.ts";

export interface RunningImds {
  /** `http://127.0.0.1:PORT`, for AWS_EC2_METADATA_SERVICE_ENDPOINT. */
  endpoint: string;
  /** What the instance is told now. */
  instance(): Instance;
  /** Changes it. Throws DroverError `imds-bad-instance`. */
  set(changes: Partial<Instance>): void;
  /** The next request for role credentials gets new ones. */
  rotateCredentials(): void;
  close(): Promise<void>;
}

/** Starts the metadata service of one instance. Throws `cloud-port-in-use`, `imds-bad-instance`. */
export async function startImds(
  context: ImdsContext,
  options: { port?: number; instance?: Partial<Instance> } = {},
): Promise<RunningImds> {
  const { clock, place, sessions } = context;
  const state: ImdsState = {
    ...context,
    instance: newInstance(place.region, clock.now(), options.instance),
    tokens: new Tokens(clock),
    credentials: new RoleCredentials(sessions, clock),
  };
  const server = await listen(state, options.port ?? 0);
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    instance: () => state.instance,
    set: (changes) => void (state.instance = checked({ ...state.instance, ...changes })),
    rotateCredentials: () => state.credentials.rotate(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(state: ImdsState, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    answer(state, request, response).catch((error: unknown) => {
      state.report(error);
      response.destroy();
    });
  });
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      const hint = "Choose another, or none for any free one.";
      reject(
        codeOf(error) === "EADDRINUSE"
          ? new DroverError("cloud-port-in-use", `port ${port} is taken. ${hint}`)
          : error,
      );
    });
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}
