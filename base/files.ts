/** The file system, as far as Drover needs it. Paths are absolute. */
export interface FileEntry {
  /** Path below the listed folder, with `/`. */
  name: string;
  kind: "file" | "folder" | "other";
  bytes: number;
}

export interface Files {
  /** Creates the folder and its parents; an existing folder is fine. */
  makeFolder(path: string, mode?: number): Promise<void>;
  /** Removes a file or a whole folder; a missing one is fine. Never follows links. */
  remove(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Everything below `path`, folders included, links reported as `other`. An absent folder is an empty list. */
  list(path: string, options?: { deep?: boolean }): Promise<FileEntry[]>;
  /** Bytes of a regular file, or undefined when there is none. */
  size(path: string): Promise<number | undefined>;
  /** True for anything that is there; links are followed. */
  exists(path: string): Promise<boolean>;
  /** The first `maxBytes` of a file. Throws ENOENT when it is missing. */
  read(path: string, options?: { maxBytes?: number; from?: number }): Promise<Uint8Array>;
  readStream(path: string): AsyncIterable<Uint8Array>;
  /** Writes the whole file; `sync` flushes it to the disk before resolving. Resolves to the bytes written. */
  write(
    path: string,
    content: Uint8Array | AsyncIterable<Uint8Array>,
    options?: { sync?: boolean; mode?: number },
  ): Promise<number>;
  append(path: string, content: string | Uint8Array): Promise<void>;
}
