/** The "extended request id" with which AWS names the host that answered. */
export const HOST_ID = "embedded-cloud";
