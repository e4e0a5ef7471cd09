package dev.memlane.server.internal.http;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.BufferUtil;

/**
 * The client at the other end of a request's connection, as long as the request is being handled.
 *
 * <p>
 * Jetty doesn't read from a connection while it handles a request that has arrived whole, so it doesn't notice that the client
 * has closed it. Asking here reads what there is, without waiting. A client that has only stopped sending counts as gone. One
 * whose machine was switched off does not: nothing tells the server. Used by the thread that handles the request, after the
 * body was read.
 */
public final class Peer {

  private final EndPoint endPoint;
  /** Set once it has sent more than this request, so that reading on would take the next one apart. */
  private boolean sendsMore;
  private boolean gone;

  Peer(Request request) {
    this.endPoint = request.getConnectionMetaData().getConnection().getEndPoint();
  }

  /** Whether the client has closed the connection. Asking again is cheap: one call of the system. */
  public boolean isGone() {
    if (!gone && !sendsMore) {
      gone = read() < 0;
    }
    return gone;
  }

  private int read() {
    ByteBuffer one = BufferUtil.allocate(1);
    try {
      int read = endPoint.fill(one);
      if (read > 0) {
        sendsMore = true;
        giveBack(one);
      }
      return read;
    } catch (IOException e) {
      // The connection is broken, for example reset.
      return -1;
    }
  }

  /** Leaves what belongs to the next request to the connection. */
  private void giveBack(ByteBuffer bytes) {
    if (endPoint.getConnection() instanceof Connection.UpgradeTo connection) {
      connection.onUpgradeTo(bytes);
    } else {
      throw new IllegalStateException("a connection of this kind can't be watched: " + endPoint.getConnection());
    }
  }
}
