import {
  getHostHeaderPlugin,
  getLoggerPlugin,
  getRecursionDetectionPlugin,
  getUserAgentPlugin,
} from "@aws-sdk/core/client";
import {
  DefaultIdentityProviderConfig,
  getHttpAuthSchemeEndpointRuleSetPlugin,
  getHttpSigningPlugin,
} from "@smithy/core";
import { Client } from "@smithy/core/client";
import { getContentLengthPlugin } from "@smithy/core/protocols";
import { getRetryPlugin } from "@smithy/core/retry";
import { getSchemaSerdePlugin } from "@smithy/core/schema";
import type { HttpHandlerOptions } from "@smithy/types";
import {
  resolveConfig,
  SCHEME,
  type SimpleDBClientConfig,
  type SimpleDBClientResolvedConfig,
} from "./config.ts";
import type { ServiceInputTypes, ServiceOutputTypes } from "./models.ts";

/**
 * The client of Amazon SimpleDB that the SDK does not have, in the SDK's shape:
 * `new SimpleDBClient({ region, endpoint, credentials, maxAttempts, requestHandler, … })`,
 * `client.send(new SelectCommand({ … }), { abortSignal })`. What the caller leaves out comes from the SDK's own
 * chains: credentials, region, `AWS_ENDPOINT_URL_SIMPLEDB`, `AWS_ENDPOINT_URL`, retries.
 */
export class SimpleDBClient extends Client<
  HttpHandlerOptions,
  ServiceInputTypes,
  ServiceOutputTypes,
  SimpleDBClientResolvedConfig
> {
  constructor(configuration: SimpleDBClientConfig = {}) {
    super(resolveConfig(configuration));
    const { config, middlewareStack: stack } = this;
    stack.use(getSchemaSerdePlugin(config));
    stack.use(getUserAgentPlugin(config));
    stack.use(getRetryPlugin(config));
    stack.use(getContentLengthPlugin(config));
    stack.use(getHostHeaderPlugin(config));
    stack.use(getLoggerPlugin(config));
    stack.use(getRecursionDetectionPlugin(config));
    stack.use(
      getHttpAuthSchemeEndpointRuleSetPlugin(config, {
        httpAuthSchemeParametersProvider: () => Promise.resolve({}),
        identityProviderConfigProvider: () =>
          Promise.resolve(new DefaultIdentityProviderConfig({ [SCHEME]: config.credentials })),
      }),
    );
    stack.use(getHttpSigningPlugin(config));
  }
}
