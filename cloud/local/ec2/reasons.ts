/** Why instances change their state (EC2 API reference, "StateReason"). */
export const reasons = {
  asked: {
    code: "Client.UserInitiatedShutdown",
    message: "Client.UserInitiatedShutdown: User initiated shutdown",
  },
  byItself: {
    code: "Client.InstanceInitiatedShutdown",
    message: "Client.InstanceInitiatedShutdown: Instance initiated shutdown",
  },
  reclaimed: {
    code: "Server.SpotInstanceTermination",
    message: "Server.SpotInstanceTermination: Spot instance termination",
  },
  lost: {
    code: "Server.InternalError",
    message: "Server.InternalError: the cloud was started again and did not find the instance",
  },
  closed: { code: "Server.InternalError", message: "Server.InternalError: the cloud was stopped" },
  failed: {
    code: "Server.InternalError",
    message: "Server.InternalError: Internal error on launch",
  },
} as const;
