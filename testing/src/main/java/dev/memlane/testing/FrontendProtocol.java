package dev.memlane.testing;

import java.io.DataInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The frontend protocol of one PostgreSQL connection, as far as {@link FaultyWire} needs it: it splits messages, and
 * tracks which statements are prepared and bound, to know which ones are executed. See "Message Formats" in
 * PostgreSQL's manual. Not safe for use by several threads, except for its static methods.
 */
final class FrontendProtocol {

  private static final int LENGTH_BYTES = 4;
  /** The type and the length. */
  private static final int HEADER_BYTES = 1 + LENGTH_BYTES;

  private final Map<String, String> statements = new HashMap<>();
  private final Map<String, String> portals = new HashMap<>();

  /** Tracks a message of the client, and adds the statement that it executes, if any, in lower case. */
  void track(int type, byte[] message, List<String> executed) {
    switch (type) {
      case 'Q' -> executed.add(text(message, HEADER_BYTES).toLowerCase(Locale.ROOT));
      case 'P' -> {
        String name = text(message, HEADER_BYTES);
        statements.put(name, text(message, HEADER_BYTES + bytes(name) + 1).toLowerCase(Locale.ROOT));
      }
      case 'B' -> {
        String portal = text(message, HEADER_BYTES);
        portals.put(portal, statements.getOrDefault(text(message, HEADER_BYTES + bytes(portal) + 1), ""));
      }
      case 'E' -> executed.add(portals.getOrDefault(text(message, HEADER_BYTES), ""));
      default -> {
        // Describe, Close, Flush and similar messages execute nothing.
      }
    }
  }

  private static int bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  private static String text(byte[] message, int start) {
    int end = start;
    while (message[end] != 0) {
      end++;
    }
    return new String(message, start, end - start, StandardCharsets.UTF_8);
  }

  /** Reads the first message of a connection, which has no type. */
  static byte[] firstMessage(DataInputStream in) throws IOException {
    return message(in, -1);
  }

  /** Reads the rest of a message after its type; returns the whole message. */
  static byte[] message(DataInputStream in, int type) throws IOException {
    int length = in.readInt();
    int header = type < 0 ? LENGTH_BYTES : HEADER_BYTES;
    byte[] message = new byte[header + length - LENGTH_BYTES];
    if (type >= 0) {
      message[0] = (byte) type;
    }
    for (int i = 0; i < LENGTH_BYTES; i++) {
      message[header - LENGTH_BYTES + i] = (byte) (length >>> (24 - 8 * i));
    }
    in.readFully(message, header, length - LENGTH_BYTES);
    return message;
  }
}
