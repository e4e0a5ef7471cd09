package dev.memlane.cli.internal.conversation;

import dev.memlane.archive.LineReader;
import dev.memlane.cli.internal.ingestion.DecodedInput;
import dev.memlane.cli.internal.ingestion.JsonValueReader;
import dev.memlane.cli.internal.terminal.InputException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.ProviderNotFoundException;
import java.time.ZoneId;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * A chat export: a file, a folder or a zip archive that another program wrote. What it is is found out from what is in it. It
 * may be read several times. Used by one thread.
 */
public final class ChatExport implements AutoCloseable {

  private static final String WANTED = "a chat export";
  private static final List<String> FILES = List.of("conversations.json", "result.json", "_chat.txt");
  private static final byte[] ZIP = {'P', 'K', 3, 4};
  private static final int LONGEST_SHOWN_NAME = 60;
  private static final int MOST_ENTRIES = 1_000;
  private static final int DEEPEST = 3;

  private final @Nullable FileSystem archive;
  private final Path content;
  private final String origin;
  private final ChatFormat format;

  private ChatExport(@Nullable FileSystem archive, Path content, String origin, ChatFormat format) {
    this.archive = archive;
    this.content = content;
    this.origin = origin;
    this.format = format;
  }

  /**
   * Opens an export.
   *
   * @param asked what it is; null to find out
   * @throws IOException if it can't be read, or is none that is known. {@link dev.memlane.cli.internal.terminal.IoErrors}
   * describes it for people
   */
  public static ChatExport open(Path path, @Nullable ChatFormat asked) throws IOException {
    FileSystem archive = isZip(path) ? unpack(path) : null;
    try {
      Path root = archive == null ? path : archive.getPath("/");
      Path content = Files.isDirectory(root) ? content(root, 0) : root;
      return new ChatExport(archive, content, origin(path, root, content),
          asked == null ? recognised(content) : asked);
    } catch (IOException | RuntimeException e) {
      close(archive, e);
      throw e;
    }
  }

  private static void close(@Nullable FileSystem archive, Exception reason) {
    try {
      if (archive != null) {
        archive.close();
      }
    } catch (IOException e) {
      reason.addSuppressed(e);
    }
  }

  private static boolean isZip(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      return false;
    }
    try (InputStream file = Files.newInputStream(path)) {
      return Arrays.equals(file.readNBytes(ZIP.length), ZIP);
    }
  }

  private static FileSystem unpack(Path path) throws IOException {
    try {
      return FileSystems.newFileSystem(path);
    } catch (ZipException | ProviderNotFoundException e) {
      throw new InputException("it is a zip archive that is damaged, or not of the usual kind; unpack it, and name the "
          + "folder", e);
    }
  }

  /** The folder of a Slack export, or the file with the conversations of any other. */
  private static Path content(Path folder, int depth) throws IOException {
    if (isSlack(folder)) {
      return folder;
    }
    for (String name : FILES) {
      if (Files.isRegularFile(folder.resolve(name))) {
        return folder.resolve(name);
      }
    }
    List<Path> entries;
    try (Stream<Path> all = Files.list(folder)) {
      entries = all.limit(MOST_ENTRIES).toList();
    }
    List<Path> texts = entries.stream().filter(each -> each.toString().endsWith(".txt")).toList();
    if (texts.size() == 1) {
      return texts.getFirst();
    }
    // Many archives have a single folder, and one of the system's own.
    List<Path> folders = entries.stream().filter(Files::isDirectory)
        .filter(each -> !String.valueOf(each.getFileName()).startsWith("__MACOSX")).toList();
    if (folders.size() == 1 && entries.size() <= 2 && depth < DEEPEST) {
      return content(folders.getFirst(), depth + 1);
    }
    throw new InputException("it has no chat export in it: neither " + String.join(", ", FILES)
        + " nor the channels.json of Slack; name the file");
  }

  private static boolean isSlack(Path folder) {
    return SlackReader.LISTS.stream().anyMatch(name -> Files.isRegularFile(folder.resolve(name)));
  }

  private static ChatFormat recognised(Path content) throws IOException {
    if (Files.isDirectory(content)) {
      return ChatFormat.SLACK;
    }
    try (InputStream file = Files.newInputStream(content)) {
      return FormatRecognition.of(DecodedInput.open(file, false, WANTED));
    }
  }

  /** The same for every name of a file: relative, or through symbolic links. */
  private static String origin(Path path, Path root, Path content) throws IOException {
    return path.toRealPath() + (root.equals(content) ? "" : "!" + root.relativize(content));
  }

  public ChatFormat format() {
    return format;
  }

  /** Takes the conversations of an export as they are read; returns whether to go on. */
  @FunctionalInterface
  public interface Sink {
    boolean accept(ExportedConversation conversation) throws IOException;
  }

  /**
   * Reads all conversations, or until the sink has had enough.
   *
   * @param zone the zone of times that are written without one
   * @param run the name of the only conversation, in place of its own; null for its own
   */
  public void read(Speakers speakers, ZoneId zone, @Nullable String run, Sink sink) throws IOException {
    ConversationReader.Sink named = conversation -> sink
        .accept(run == null ? conversation : conversation.called(run));
    if (Files.isDirectory(content) || format == ChatFormat.SLACK) {
      if (!Files.isDirectory(content) || format != ChatFormat.SLACK) {
        throw new InputException(format == ChatFormat.SLACK
            ? "Slack's export is a folder, or a zip archive; name that"
            : "it is a folder, as Slack exports it");
      }
      new SlackReader(content, speakers).read(named);
      return;
    }
    try (InputStream file = Files.newInputStream(content)) {
      InputStream text = DecodedInput.open(file, false, WANTED).stream();
      reader(text, speakers, zone).read(named);
    }
  }

  private ConversationReader reader(InputStream text, Speakers speakers, ZoneId zone) throws IOException {
    return switch (format) {
      case CHATGPT -> new ChatGptReader(new JsonValueReader(text));
      case CLAUDE -> new ClaudeReader(new JsonValueReader(text));
      case WHATSAPP -> new WhatsAppReader(new LineReader(text), speakers, zone);
      case TELEGRAM -> new TelegramReader(text, speakers);
      case OPENAI, LANGCHAIN4J -> new MessageListReader(new JsonValueReader(text), format, listRun());
      case SLACK -> throw new IllegalStateException("it is read from a folder");
    };
  }

  /** Lists of messages have no name of their own: theirs is made from the file's. */
  private String listRun() {
    String name = String.valueOf(content.getFileName()).replaceAll("[^\\x21-\\x7e]", "_");
    return format.word() + ":" + name.substring(0, Math.min(name.length(), LONGEST_SHOWN_NAME)) + "-"
        + ConversationCollector.shortHash(origin);
  }

  @Override
  public void close() throws IOException {
    if (archive != null) {
      archive.close();
    }
  }
}
