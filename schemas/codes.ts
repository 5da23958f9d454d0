/**
 * Every error code of the contract: what it means and what to do. Codes are stable: a client may act on them.
 * docs/errors.md says the same in prose; a test holds the two together.
 */
export const CODES = {
  "request-too-large": {
    meaning: "The request document has more than 1 MiB, the most that one queue message can carry.",
    advice: "Put large data behind an input URL or in S3 and refer to it.",
  },
  "request-not-xml": {
    meaning: "The request is not well-formed XML 1.0.",
    advice: "Correct the document at the line named.",
  },
  "request-encoding": {
    meaning: "The request is not in UTF-8, or declares another encoding.",
    advice: "Send UTF-8, and declare no other encoding.",
  },
  "request-doctype": {
    meaning: "The request has a DOCTYPE, which Drover never reads.",
    advice: "Leave the DOCTYPE out and write entities as characters.",
  },
  "request-invalid": {
    meaning: "The request does not follow request.xsd or the rules in docs/contract.md.",
    advice: "Correct the place named in the message.",
  },
  "contract-newer": {
    meaning: "The request asks for a newer revision of the contract than this Drover knows.",
    advice: "Update the fleet (an agent leaves such a request to a newer one), or send a lower `contract`.",
  },
  "response-too-large": {
    meaning: "The response document has more than 1 MiB.",
    advice: "Keep large outputs as artifacts; fewer files or shorter names help too.",
  },
  "response-not-xml": {
    meaning: "The response is not well-formed XML 1.0.",
    advice: "Check what lies between the fleet and you: Drover sends no such response.",
  },
  "response-encoding": {
    meaning: "The response is not in UTF-8, or declares another encoding.",
    advice: "Check what lies between the fleet and you: Drover sends UTF-8.",
  },
  "response-doctype": {
    meaning: "The response has a DOCTYPE, which Drover never reads.",
    advice: "Do not trust the sender: Drover sends no DOCTYPE.",
  },
  "response-invalid": {
    meaning: "The response does not follow response.xsd or the rules in docs/contract.md.",
    advice: "Update the client library; a newer fleet may say things it does not know.",
  },
  "service-invalid": {
    meaning: "A service.yaml breaks the rules of service.schema.json.",
    advice: "Correct the places named in the message.",
  },
  "service-unknown": {
    meaning: "No service of this name is deployed.",
    advice: "Check the name with `drover services`, or deploy the service.",
  },
  "parameter-unknown": {
    meaning: "The service has no parameter of this name.",
    advice: "Leave it out; the message lists the parameters the service takes.",
  },
  "parameter-invalid": {
    meaning: "The value of a parameter is not one that the service accepts.",
    advice: "Use a value of the kind the message names.",
  },
  "parameter-missing": {
    meaning: "A parameter that the service requires is absent.",
    advice: "Add the parameter.",
  },
  "input-missing": {
    meaning: "The service needs an input and the request has none.",
    advice: "Add an <input> element.",
  },
  "input-type-refused": {
    meaning: "The service does not take inputs of this type, or takes none at all.",
    advice: "Use one of the types the message names.",
  },
  "input-not-found": {
    meaning: "The server that has the input answered 404 or 410, or the S3 object does not exist.",
    advice: "Check the href.",
  },
  "input-unauthorized": {
    meaning: "The server that has the input answered 401 or 403, or S3 denied access.",
    advice: "Check the credentials, or let the fleet's role read the bucket.",
  },
  "input-refused": {
    meaning:
      "The input's address is one that the fleet never visits, or its server refused with another 4xx answer.",
    advice: "Serve the input from a public address and check the request it answers.",
  },
  "input-too-large": {
    meaning: "The input has more bytes than the service accepts.",
    advice: "Send a smaller input, or raise `input.max_bytes` in the service's manifest.",
  },
  "input-too-slow": {
    meaning: "The input did not arrive within the service's time for it.",
    advice: "Serve it faster, or raise `input.timeout_s` in the service's manifest.",
  },
  "input-unreachable": {
    meaning: "The server that has the input could not be reached, or failed (5xx), in every try.",
    advice: "Check the host name and that its server is up, then send the job again.",
  },
  "input-incomplete": {
    meaning: "The input that arrived has another length or SHA-256 than announced.",
    advice: "Check the file and its `sha256`, then send the job again.",
  },
  "input-unusable": {
    meaning: "The program says that it cannot work with this input.",
    advice:
      "Check that the input is whole and of a kind that the service takes; the message quotes the program.",
  },
  "secret-unknown": {
    meaning: "The fleet holds no secret of the name that a `ref` gives, or its value has the wrong form.",
    advice: "Check the name, or store the secret in the fleet.",
  },
  "program-failed": {
    meaning: "The program ended with an exit code other than 0 in every try.",
    advice: "Read the end of its error output in the message; check input and parameters.",
  },
  "program-killed": {
    meaning: "A signal ended the program in every try; often it ran out of memory.",
    advice: "Send a smaller input, or give the service more memory.",
  },
  "program-deadline": {
    meaning: "The program ran longer than the service, or the client's deadline, allows.",
    advice: "Send a smaller input, or raise `timeout_s` in the service's manifest.",
  },
  "program-missing": {
    meaning: "The program of the service could not be started.",
    advice: "Check `command` and `requires` in the service's manifest.",
  },
  "program-out-of-memory": {
    meaning: "The program needed more memory than its service allows.",
    advice: "Try a smaller input; an operator can raise `limits.memory_bytes` in the service's manifest.",
  },
  "disk-exceeded": {
    meaning: "The program wrote more to the disk than its service allows.",
    advice: "Try a smaller input; an operator can raise `limits.disk_bytes` in the service's manifest.",
  },
  "output-invalid": {
    meaning: "The service promises JSON and its program wrote something else.",
    advice: "Correct the program, or set `result.kind` to text.",
  },
  "output-too-large": {
    meaning: "The program's output exceeds what the service allows.",
    advice: "Write less, or raise `result.max_bytes` in the service's manifest.",
  },
  "job-deadline": {
    meaning: "The deadline that the client set passed before the job had ended.",
    advice: "Send it again with a longer deadline, or without one.",
  },
  "job-cancelled": {
    meaning: "Somebody asked for the job to be cancelled.",
    advice: "Send it again if it is still wanted.",
  },
  "output-undeliverable": {
    meaning: "The response could not be delivered: the callback or the queue kept refusing it.",
    advice: "Repair the receiver; the response stays in the fleet's bucket and can be delivered again.",
  },
  "request-expiring": {
    meaning: "The request waited so long that the queue was about to drop it.",
    advice: "Replay it when the fleet can do it in time; `drover status` shows what waits.",
  },
  quarantined: {
    meaning: "Several machines died while they worked on the job, so it is not tried again by itself.",
    advice: "Look at what the job's attempts have in common, then replay it.",
  },
  internal: {
    meaning: "Drover itself failed.",
    advice: "Report it with the job's id; the log of the agent has the details.",
  },
} as const satisfies Record<string, { meaning: string; advice: string }>;

export type ErrorCode = keyof typeof CODES;
