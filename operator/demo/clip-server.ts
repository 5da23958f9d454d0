import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** The client's web server of the article: one video behind HTTP basic authentication, on the loopback. */
export async function serveClip(
  path: string,
  user: { name: string; password: string },
): Promise<{ url: string; close: () => void }> {
  const { size } = await stat(path);
  const expected = `Basic ${Buffer.from(`${user.name}:${user.password}`).toString("base64")}`;
  const server = createServer((request, response) => {
    if (request.headers.authorization !== expected) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="clips"' }).end();
      return;
    }
    response.writeHead(200, { "content-type": "video/mp4", "content-length": size });
    createReadStream(path).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/clip.mp4`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
