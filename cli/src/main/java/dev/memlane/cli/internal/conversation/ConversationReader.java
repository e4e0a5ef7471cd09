package dev.memlane.cli.internal.conversation;

import java.io.IOException;

/** A reader of the conversations of one export. Used once, by one thread. */
interface ConversationReader {

  /** Takes conversations as they are read. */
  @FunctionalInterface
  interface Sink {

    /** Returns whether to go on reading. */
    boolean accept(ExportedConversation conversation) throws IOException;
  }

  /**
   * Reads until the end, or until the sink has had enough.
   *
   * @throws IOException if the export is damaged; what was read before stays with the sink
   */
  void read(Sink sink) throws IOException;
}
