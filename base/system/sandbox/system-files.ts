import { existsSync, lstatSync, readdirSync, readlinkSync } from "node:fs";

/** What the loader, the runtimes and certificates need of /etc; nothing that names users, machines or secrets. */
const ETC = [
  "/etc/ld.so.cache",
  "/etc/alternatives",
  "/etc/fonts",
  "/etc/mime.types",
  "/etc/OpenCL",
  "/etc/vulkan",
];
const ETC_NETWORK = [
  "/etc/ssl",
  "/etc/pki/tls",
  "/etc/pki/ca-trust",
  "/etc/ca-certificates",
  "/etc/resolv.conf",
  "/etc/hosts",
  "/etc/nsswitch.conf",
  "/etc/services",
];
/** Where distributions have programs and libraries outside /usr, or links into it. */
const ROOTS = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

/** What every program sees of the system, read-only. All paths are absolute. */
export interface SystemFiles {
  /** Made for what follows, and otherwise empty. */
  folders: readonly string[];
  /** Files and folders of the machine. */
  shown: readonly string[];
  links: readonly { path: string; target: string }[];
}

export function systemFiles(): SystemFiles {
  const found = [...ROOTS, "/etc/localtime"].filter((path) => existsSync(path));
  const links = found.flatMap(linkIntoUsr);
  const others = found.filter((path) => !links.some((it) => it.path === path));
  // Runtimes read from it how many processors of which kind there are.
  const machine = ["/sys/devices/system/cpu", "/sys/devices/system/node"];
  return {
    folders: ["/etc", "/sys/devices/system"],
    shown: ["/usr", ...others, ...[...ETC, ...machine].filter((path) => existsSync(path))],
    links,
  };
}

/** Arguments of bubblewrap that show them. */
export function systemFileArgs({ folders, shown, links }: SystemFiles): string[] {
  return [
    ...folders.map(folder),
    ...shown.map(readOnly),
    ...links.map(({ path, target }) => ["--symlink", target, path]),
  ].flat();
}

export function networkFileArgs(): string[] {
  return there(ETC_NETWORK).flat();
}

/** NVIDIA's and AMD's compute devices, and what their libraries look up about them. */
export function gpuArgs(): string[] {
  const devices = readdirSync("/dev").filter((name) => /^(nvidia|kfd$|dri$|dxg$)/.test(name));
  return [...devices.map((name) => ["--dev-bind", `/dev/${name}`, `/dev/${name}`]), readOnly("/sys")].flat();
}

function there(paths: readonly string[]): string[][] {
  return paths.filter((path) => existsSync(path)).map(readOnly);
}

/** A link into /usr stays one: nothing has to be mounted for it. */
function linkIntoUsr(path: string): { path: string; target: string }[] {
  const target = lstatSync(path).isSymbolicLink() ? readlinkSync(path) : "";
  return /^(\/|\.\.\/)?usr\//.test(target) ? [{ path, target }] : [];
}

function readOnly(path: string): string[] {
  return ["--ro-bind", path, path];
}

/** bubblewrap would make it itself, but for nobody except root to pass through. */
export function folder(path: string): string[] {
  return ["--perms", "0755", "--dir", path];
}
