import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import type { Bounds } from "../../processes.ts";
import type { SystemFiles } from "./system-files.ts";

/** What bubblewrap's own --dev has besides the devices; null(4) to pts(4) are told there. */
const DEVICE_LINKS: Record<string, string> = {
  fd: "/proc/self/fd",
  stdin: "/proc/self/fd/0",
  stdout: "/proc/self/fd/1",
  stderr: "/proc/self/fd/2",
  core: "/proc/kcore",
  ptmx: "pts/ptmx",
};
const DEVICES_OPTIONS = "mode=755,size=64k,nosuid,noexec";
/** The terminals that a program makes are its own user's. */
const TERMINALS_OPTIONS = "mode=600,ptmxmode=666,nosuid,noexec,X-mount.mkdir=0755";

/** In them lie the places of other services, which no program shall list. */
const PASSABLE = 0o711;

/** Where bubblewrap or this root itself have something already. */
const TAKEN = /^\/(usr|etc|sys|proc|dev)(\/|$)/;

/**
 * The root of every program, but for what belongs to its job: a folder with the places for mounts, which this process
 * makes, and what a keeper mounts there in a namespace of its own (see starter-script.ts). Elsewhere nothing is ever mounted
 * in it, and with the keeper all of that is gone. Only for root: as any other user a keeper may not mount.
 */
export class PreparedRoot {
  /** `fstab` says what is to be mounted, `links` goes to the devices, too. */
  readonly folder: string;
  readonly root: string;
  readonly devices: string;
  readonly #system: SystemFiles;
  readonly #places = new Set<string>();
  #inodes = "";

  constructor(workDir: string, system: SystemFiles) {
    this.folder = `${workDir}/root-of-programs`;
    this.root = `${this.folder}/root`;
    this.devices = `${this.folder}/devices`;
    this.#system = system;
  }

  /** To be called before a keeper mounts. */
  make(): void {
    rmSync(this.folder, { recursive: true, force: true });
    this.#places.clear();
    const { folders, shown, links } = this.#system;
    for (const path of [this.devices, `${this.folder}/links/shm`, this.root]) makeFolder(path);
    for (const path of [...folders, "/proc", "/dev", "/tmp"]) makeFolder(this.root + path);
    for (const path of shown) this.#makePlace(path);
    for (const { path, target } of links) symlinkSync(target, this.root + path);
    for (const [name, target] of Object.entries(DEVICE_LINKS))
      symlinkSync(target, `${this.folder}/links/${name}`);
    const mounts = [
      ...shown.map((path) => [path, this.root + path, "none", "rbind,ro,nosuid,nodev"]),
      ["tmpfs", this.devices, "tmpfs", DEVICES_OPTIONS],
      ["devpts", `${this.devices}/pts`, "devpts", TERMINALS_OPTIONS],
    ];
    writeFileSync(
      `${this.folder}/fstab`,
      mounts.map((fields) => `${fields.map(escaped).join(" ")} 0 0\n`).join(""),
    );
    this.#inodes = this.#inodesNow();
  }

  /**
   * Whether a program with these bounds may have it, and makes the places for what is its own. Not one that sees more of the
   * system than others; and nobody once a file of the system was replaced: what is mounted is still the old one.
   */
  shows({ network, gpu, readable, folder }: Bounds): boolean {
    if (network || gpu || this.#inodes !== this.#inodesNow()) return false;
    const jobs = dirname(folder);
    const places = [jobs, ...readable].filter((path) => !/^\/(usr|tmp)\//.test(path));
    if (places.some((path) => TAKEN.test(path) || !existsSync(path))) return false;
    for (const path of places) if (!path.startsWith(`${jobs}/`)) this.#makePlace(path);
    return true;
  }

  #makePlace(path: string): void {
    if (this.#places.has(path)) return;
    this.#places.add(path);
    const place = this.root + path;
    makeFolder(dirname(place), PASSABLE);
    if (statSync(path).isDirectory()) makeFolder(place, PASSABLE);
    else if (!existsSync(place)) writeFileSync(place, "");
  }

  #inodesNow(): string {
    const { shown, links } = this.#system;
    return [...shown, ...links.map((it) => it.path)]
      .map((path) => lstatSync(path, { throwIfNoEntry: false })?.ino)
      .join(" ");
  }
}

/** With those above it, for everybody to pass through, whatever this process' umask. */
function makeFolder(path: string, mode = 0o755): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path), mode);
  mkdirSync(path);
  chmodSync(path, mode);
}

/** fstab(5) separates fields by blanks. */
function escaped(text: string): string {
  return text.replaceAll(/[\s\\]/g, (it) => `\\${it.charCodeAt(0).toString(8).padStart(3, "0")}`);
}
