import {
  createDefaultUserAgentProvider,
  type HostHeaderInputConfig,
  resolveHostHeaderConfig,
  resolveUserAgentConfig,
  type UserAgentInputConfig,
} from "@aws-sdk/core/client";
import {
  AwsSdkSigV4Signer,
  type AwsSdkSigV4AuthInputConfig,
  resolveAwsSdkSigV4Config,
} from "@aws-sdk/core/httpAuthSchemes";
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { Sha256 } from "@smithy/core/checksum";
import { loadConfigsForDefaultMode, NoOpLogger } from "@smithy/core/client";
import {
  loadConfig,
  NODE_REGION_CONFIG_FILE_OPTIONS,
  NODE_REGION_CONFIG_OPTIONS,
  type RegionInputConfig,
  resolveDefaultsModeConfig,
  resolveRegionConfig,
} from "@smithy/core/config";
import { type EndpointInputConfig, resolveEndpointConfig } from "@smithy/core/endpoints";
import { type HttpHandlerUserInput, parseUrl } from "@smithy/core/protocols";
import {
  DEFAULT_RETRY_MODE,
  NODE_MAX_ATTEMPT_CONFIG_OPTIONS,
  NODE_RETRY_MODE_CONFIG_OPTIONS,
  type RetryInputConfig,
  resolveRetryConfig,
} from "@smithy/core/retry";
import { calculateBodyLength, fromBase64, fromUtf8, toBase64, toUtf8 } from "@smithy/core/serde";
import { NodeHttpHandler, streamCollector } from "@smithy/node-http-handler";
import type { EndpointParameters, IdentityProviderConfig, Logger } from "@smithy/types";
import { errorTypeRegistries } from "./errors.ts";
import { SimpleDBProtocol } from "./protocol.ts";
import { NAMESPACE } from "./schemas.ts";
import { SignatureV2 } from "./signature-v2.ts";

/** Everything that the clients of the SDK take, with the same meaning and the same defaults. */
export type SimpleDBClientConfig = UserAgentInputConfig &
  RetryInputConfig &
  RegionInputConfig &
  HostHeaderInputConfig &
  EndpointInputConfig &
  AwsSdkSigV4AuthInputConfig & {
    requestHandler?: HttpHandlerUserInput;
    /** Section of the shared configuration files. */
    profile?: string;
    logger?: Logger;
  };

export type SimpleDBClientResolvedConfig = ReturnType<typeof resolveConfig>;

/** Fills in what the caller left out, then takes the SDK's own steps. */
export function resolveConfig(configuration: SimpleDBClientConfig) {
  const user = resolveUserAgentConfig(runtimeConfig(configuration));
  const region = resolveRegionConfig(resolveRetryConfig(user));
  return resolveAwsSdkSigV4Config(resolveEndpointConfig(resolveHostHeaderConfig(region)));
}

/** `AWS_ENDPOINT_URL_SIMPLEDB` and `endpoint_url` of the services section `simpledb` are named after it. */
const SERVICE_ID = "SimpleDB";
const API_VERSION = "2009-04-15";
const CLIENT_VERSION = "1.0.0";

function runtimeConfig(config: SimpleDBClientConfig) {
  const defaultsMode = resolveDefaultsModeConfig({});
  const defaults = () => defaultsMode().then(loadConfigsForDefaultMode);
  const files = config.profile === undefined ? {} : { profile: config.profile };
  return {
    apiVersion: API_VERSION,
    base64Decoder: fromBase64,
    base64Encoder: toBase64,
    bodyLengthChecker: calculateBodyLength,
    credentialDefaultProvider: defaultProvider,
    defaultSigningName: "sdb",
    defaultUserAgentProvider: createDefaultUserAgentProvider({
      serviceId: SERVICE_ID,
      clientVersion: CLIENT_VERSION,
    }),
    disableHostPrefix: false,
    endpointProvider,
    httpAuthSchemeProvider: () => [
      {
        schemeId: SCHEME,
        propertiesExtractor: (resolved: object, context: object) => ({
          signingProperties: { config: resolved, context },
        }),
      },
    ],
    // The SDK's scheme, which corrects a wrong clock, around our signer.
    httpAuthSchemes: [
      {
        schemeId: SCHEME,
        identityProvider: (identities: IdentityProviderConfig) => identities.getIdentityProvider(SCHEME),
        signer: new AwsSdkSigV4Signer(),
      },
    ],
    signerConstructor: SignatureV2,
    logger: new NoOpLogger(),
    maxAttempts: loadConfig(NODE_MAX_ATTEMPT_CONFIG_OPTIONS, files),
    protocol: new SimpleDBProtocol({
      defaultNamespace: NAMESPACE,
      errorTypeRegistries,
      xmlNamespace: "http://sdb.amazonaws.com/doc/2009-04-15/",
      version: API_VERSION,
    }),
    region: loadConfig(NODE_REGION_CONFIG_OPTIONS, { ...NODE_REGION_CONFIG_FILE_OPTIONS, ...files }),
    retryMode: loadConfig(
      {
        ...NODE_RETRY_MODE_CONFIG_OPTIONS,
        default: async () => (await defaults()).retryMode ?? DEFAULT_RETRY_MODE,
      },
      files,
    ),
    runtime: "node",
    serviceId: SERVICE_ID,
    sha256: Sha256,
    streamCollector,
    urlParser: parseUrl,
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    utf8Decoder: fromUtf8,
    utf8Encoder: toUtf8,
    ...config,
    requestHandler: NodeHttpHandler.create(config.requestHandler ?? defaults),
  };
}

/** The scheme's name only says which of the SDK's machinery runs; what it signs with is `signerConstructor`. */
export const SCHEME = "aws.auth#sigv4";

/** https://docs.aws.amazon.com/general/latest/gr/simpledb.html: eight regions, of which one has no region in its name. */
function endpointProvider({ Endpoint: endpoint, Region: region }: EndpointParameters) {
  if (typeof endpoint === "string" && endpoint !== "") return { url: new URL(endpoint) };
  const host = region === "us-east-1" ? "sdb.amazonaws.com" : `sdb.${String(region)}.amazonaws.com`;
  return { url: new URL(`https://${host}`) };
}
