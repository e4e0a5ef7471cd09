package dev.memlane.perf.tests.kill;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A fixed address in front of a server that comes back on another port each time. While the server is away, connections
 * are closed at once. Safe for use by several threads.
 */
final class Relay implements AutoCloseable {

  private final ServerSocket door;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final Set<Integer> ports = ConcurrentHashMap.newKeySet();
  private volatile int target;

  private Relay(ServerSocket door) {
    this.door = door;
  }

  static Relay open() throws IOException {
    Relay relay = new Relay(new ServerSocket(0, 100, InetAddress.getLoopbackAddress()));
    Thread.ofPlatform().daemon().name("relay").start(relay::accept);
    return relay;
  }

  int port() {
    return door.getLocalPort();
  }

  /** Sets the port to which new connections lead; 0 for none. */
  void leadTo(int port) {
    target = port;
  }

  /**
   * Returns the ports from which the server was connected to since the last call. The server's own list says which are
   * left.
   */
  Set<Integer> takePorts() {
    Set<Integer> taken = Set.copyOf(ports);
    ports.removeAll(taken);
    return taken;
  }

  private void accept() {
    while (!door.isClosed()) {
      try {
        Socket client = door.accept();
        Thread.ofVirtual().name("relay-client").start(() -> serve(client));
      } catch (IOException e) {
        if (!door.isClosed()) {
          System.err.println("the relay could not take a connection: " + e);
        }
      }
    }
  }

  private void serve(Socket client) {
    open.add(client);
    try (client; Socket server = new Socket(InetAddress.getLoopbackAddress(), target)) {
      open.add(server);
      ports.add(server.getLocalPort());
      client.setTcpNoDelay(true);
      server.setTcpNoDelay(true);
      Thread back = Thread.ofVirtual().name("relay-server").start(() -> copy(server, client));
      copy(client, server);
      back.join();
      open.remove(server);
    } catch (IOException e) {
      // The server is away. Closing the client's connection shows that.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      open.remove(client);
    }
  }

  /** Copies until one end closes, then closes the other end. */
  private static void copy(Socket from, Socket to) {
    try (from; to) {
      from.getInputStream().transferTo(to.getOutputStream());
    } catch (IOException e) {
      // One end was killed, which is the purpose of this test.
    }
  }

  @Override
  public void close() throws IOException {
    door.close();
    for (Socket socket : open) {
      socket.close();
    }
  }
}
