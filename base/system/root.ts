import { dirname } from "node:path";
import packageJson from "../../package.json" with { type: "json" };

/** The folder Drover is installed in: that of package.json, or of the bundle. */
export const root = import.meta.filename.endsWith("root.ts")
  ? dirname(dirname(import.meta.dirname))
  : dirname(import.meta.dirname);

export const version: string = packageJson.version;
