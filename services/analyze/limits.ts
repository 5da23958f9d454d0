/**
 * Every bound of one analysis in one place. They keep memory and the result finite whatever the video says of itself.
 */
export const limits = {
  /** Pictures are scaled down to this long side: faces down to 5 % of it are still 32 pixels wide. */
  pictureMaxSide: 640,
  /** Decoders refuse larger pictures, 8K and a bit: a forged header must not reserve gigabytes. */
  decodedMaxPixels: 8192 * 8192,
  /** Over an hour at 5 pictures a second; a frame's record with one face is about 270 bytes. */
  maxFrames: 20_000,
  /** The surest faces of a picture are kept. 20,000 frames of 12 stay below the manifest's 64 MiB. */
  maxFacesPerFrame: 12,
  /** Pictures a worker holds: one in work and one waiting, so that it never idles. */
  picturesPerWorker: 2,
  /** What is kept of ffmpeg's messages. */
  maxLogChars: 64 * 1024,
} as const;
