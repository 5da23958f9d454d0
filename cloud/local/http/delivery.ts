import type { Socket } from "node:net";
import { setImmediate } from "node:timers";

/**
 * Calls `lost`, at most once, when the answer about to be written does not reach the client.
 *
 * A client that closed its socket before our bytes came answers them with a reset, on the loopback while we still
 * write. The kernel tells us by an error, or, when the client's FIN came first and is still unread, hides it
 * behind an orderly end. Then a second write tells: it fails on a connection that was reset, and does not on one
 * whose client read its answer and left.
 *
 * Returns what to call when the answer has been written, or could not be.
 */
export function watchDelivery(socket: Socket, lost: () => void): (written: boolean) => void {
  let told = false;
  const tell = () => {
    if (!told) lost();
    told = true;
  };
  const probe = () => {
    socket.write("\r\n", (error) => {
      if (error) tell(); // an empty line after an answer means nothing to anybody who still reads
    });
  };
  // First in line: the HTTP server's own listener closes the socket.
  socket.prependOnceListener("end", probe);
  return (written) => {
    if (!written) tell();
    // What the kernel knew when we wrote reaches us with the next poll, hence one turn later; one more to be sure.
    setImmediate(() =>
      setImmediate(() => {
        socket.off("end", probe);
        if (socket.errored) tell();
      }),
    );
  };
}
