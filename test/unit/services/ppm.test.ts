import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Picture } from "../../../services/analyze/picture.ts";
import { readPictures } from "../../../services/analyze/ppm.ts";

const picture = fc
  .record({ width: fc.integer({ min: 1, max: 12 }), height: fc.integer({ min: 1, max: 12 }) })
  .chain(({ width, height }) =>
    fc
      .uint8Array({ minLength: width * height * 3, maxLength: width * height * 3 })
      .map((pixels): Picture => ({ width, height, pixels })),
  );

function encode({ width, height, pixels }: Picture): Buffer {
  return Buffer.concat([Buffer.from(`P6\n${width} ${height}\n255\n`), pixels]);
}

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

async function read(bytes: Uint8Array, size: number): Promise<Picture[]> {
  const pictures: Picture[] = [];
  for await (const whole of readPictures(pieces(bytes, size))) pictures.push(whole);
  return pictures;
}

test("pictures come out as they went in, however the stream is cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(picture, { maxLength: 5 }),
      fc.integer({ min: 1, max: 500 }),
      async (pictures, size) => {
        expect(await read(Buffer.concat(pictures.map(encode)), size)).toEqual(pictures);
      },
    ),
  );
});

test("a picture without its end is dropped", async () => {
  const whole = encode({ width: 4, height: 3, pixels: new Uint8Array(36).fill(7) });
  const stream = Buffer.concat([whole, whole.subarray(0, whole.length - 1)]);
  expect(await read(stream, 10)).toHaveLength(1);
});

test("a stream that is no PPM is refused", async () => {
  await expect(read(Buffer.from("P5\n1 1\n255\nx"), 3)).rejects.toMatchObject({ code: "decoder-failed" });
  await expect(read(Buffer.alloc(200, "P6\n"), 7)).rejects.toMatchObject({ code: "decoder-failed" });
});
