/** What a fleet can do: the content of a service.yaml (service.schema.json) after validation. */
export interface ServiceManifest {
  name: string;
  version: string;
  summary: string;
  mode: "oneshot";
  /**
   * The program and its arguments; never a shell. Placeholders: {input} path of the fetched input, {outputDir}
   * an empty folder whose files become artifacts, {serviceDir} the folder of this manifest, {node} the Node
   * runtime, {cpus} the processors of one slot, {parameters} (a whole argument) the parameters' flags.
   * Without {parameters} they are appended.
   */
  command: readonly string[];
  input: {
    /** Empty: the service takes no input. */
    types: readonly ("http" | "s3")[];
    maxBytes: number;
    timeoutS: number;
  };
  parameters: readonly ParameterRule[];
  requires: {
    /** Programs that must be on the PATH. */
    programs: readonly string[];
    /** Files that must exist below the service's folder, e.g. an installed package. */
    files: readonly string[];
    /** `x64`, `arm64`; empty means any. */
    architectures: readonly string[];
  };
  /** How to install what `requires.files` names: an argv run in the service's folder. */
  install?: readonly string[];
  /** Environment of the program; nothing else is inherited but PATH, HOME, TMPDIR and LANG. */
  env: Readonly<Record<string, string>>;
  /** Whether the program reaches the network; otherwise it has none at all. */
  network: boolean;
  /** Devices of the machine that the program works on. */
  devices: readonly "gpu"[];
  /** Absolute paths it may read beside its own folder, the Node runtime and the system's programs and libraries. */
  readable: readonly string[];
  limits: {
    /** Of all its processes together; without it the machine's whole memory. */
    memoryBytes?: number;
    /** Of everything it writes into its folders. */
    diskBytes: number;
    /** Processes and threads at the same time. */
    processes: number;
  };
  timeoutS: number;
  /** Tries after the first one when the program itself fails. */
  retries: number;
  /** Exit codes by which the program says that its input is at fault, so that another try is useless. */
  inputFaultExitCodes: readonly number[];
  result: {
    /** `text`: stdout. `json`: stdout, which must parse as JSON. `files`: the files in {outputDir}; stdout too. */
    kind: "text" | "json" | "files";
    maxBytes: number;
  };
}

export interface ParameterRule {
  name: string;
  summary: string;
  type: "integer" | "number" | "string" | "boolean" | "choice";
  min?: number;
  max?: number;
  /** For `choice`. */
  values?: readonly string[];
  /** For `string`: a pattern of re2-like simplicity, anchored; default /^[A-Za-z0-9._,:+-]*$/ not starting with a dash. */
  pattern?: string;
  maxLength?: number;
  default?: string;
  required?: boolean;
  /**
   * The arguments this parameter becomes: `["-R", "{value}"]` or `["--rate={value}"]`. A boolean's arguments
   * stand when it is true and are left out when false.
   */
  flag: readonly string[];
}
