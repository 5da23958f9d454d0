import { createHash } from "node:crypto";
import { DroverError } from "../../base/errors.ts";
import type { Files } from "../../base/files.ts";
import type { BuiltArchive } from "../../bootstrap/release/artifact.ts";
import type { BuiltRelease } from "../../bootstrap/release/assemble.ts";
import type { ReleaseRef } from "../../bootstrap/release/channel.ts";
import type { Objects } from "../../cloud/ports/objects.ts";

/**
 * Puts a release into the bucket and reads every byte back; nothing points to it yet. What lies there already with
 * the right content stays, so that repeating a deploy that was cut off finishes it.
 * Throws `upload-corrupt`.
 */
export async function publishRelease(
  { objects, files }: { objects: Objects; files: Files },
  release: BuiltRelease,
  onUpload: (archive: BuiltArchive) => void = () => undefined,
): Promise<ReleaseRef> {
  for (const archive of release.archives) {
    const { key, bytes, sha256 } = archive.entry;
    if (await holds(objects, key, sha256)) continue;
    onUpload(archive);
    await objects.putStream(key, files.readStream(archive.file), { bytes });
    if (!(await holds(objects, key, sha256))) throw corrupt(key);
  }
  const { version } = release.manifest;
  const manifestSha256 = createHash("sha256").update(release.manifestText).digest("hex");
  const key = `releases/${version}/manifest.json`;
  if (!(await holds(objects, key, manifestSha256))) {
    await objects.put(key, release.manifestText, { contentType: "application/json" });
    if (!(await holds(objects, key, manifestSha256))) throw corrupt(key);
  }
  return { version, manifestSha256 };
}

async function holds(objects: Objects, key: string, sha256: string): Promise<boolean> {
  const found = await objects.getStream(key, {});
  if (found === undefined) return false;
  const hash = createHash("sha256");
  for await (const chunk of found.body) hash.update(chunk);
  return hash.digest("hex") === sha256;
}

function corrupt(key: string): DroverError {
  return new DroverError(
    "upload-corrupt",
    `${key} does not read back as it was written, so nothing was deployed. Deploy again; the fleet goes on as before.`,
  );
}
