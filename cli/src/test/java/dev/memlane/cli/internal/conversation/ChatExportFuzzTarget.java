package dev.memlane.cli.internal.conversation;

import dev.memlane.cli.internal.terminal.IoErrors;
import dev.memlane.extraction.RecordedMessage;
import dev.memlane.model.ConversationMessage;
import dev.memlane.model.NewMessage;
import dev.memlane.testing.fuzz.FuzzTarget;
import dev.memlane.testing.fuzz.Refusals;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/** Chat exports of every format, as {@code remember} reads them, also under a format that they do not have. */
public final class ChatExportFuzzTarget implements FuzzTarget {

  private final Path directory;

  public ChatExportFuzzTarget() {
    try {
      directory = Files.createTempDirectory("memlane-chat-exports");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public String name() {
    return "chats";
  }

  @Override
  public List<byte[]> seeds() {
    return Stream.of("chatgpt.json", "claude.json", "whatsapp-iphone.txt", "whatsapp-android.txt", "telegram.json",
        "telegram-account.json", "langchain4j.json", "openai.json", "openai.jsonl").map(name -> {
          try {
            return Files.readAllBytes(ChatExportTest.resource(name));
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        }).toList();
  }

  @Override
  public List<String> words() {
    return List.of("{", "}", "[", "]", ",", ":", "\"", "\\ud800", "null", "true", "1e308", "-1", "\"id\":",
        "\"mapping\":",
        "\"chat_messages\":", "\"messages\":", "\"chats\":", "\"list\":", "\"role\":", "\"type\":", "\"parent\":",
        "\"children\":", "\"current_node\":", "\"text\":", "\"parts\":", "[31.12.23, 23:59:07] Bo: ",
        "99/99/99, 99:99 - x: ", "1/2/24, 12:08\u202FPM - ", "\u200E", "\n", "\r\n", "\uFEFF", "\0", "PK\3\4",
        "2024-03-02T09:14:05.000000Z", "9999999999999");
  }

  @Override
  public void check(byte[] input) throws IOException {
    Path file = directory.resolve("export");
    Files.write(file, input);
    List<ExportedConversation> read = read(file, null, input);
    if (read != null) {
      read.forEach(ChatExportFuzzTarget::requireKept);
      if (!read.equals(read(file, null, input))) {
        throw new AssertionError("it reads differently the second time");
      }
      Path packed = directory.resolve("export");
      try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
        out.write(input);
      }
      if (input.length > 1 && input[0] != 0x1F && input[0] != 0x28 && !read.equals(read(packed, null, input))) {
        throw new AssertionError("it reads differently when it is packed");
      }
      Files.write(file, input);
    }
    for (ChatFormat format : ChatFormat.values()) {
      List<ExportedConversation> unused = read(file, format, input);
    }
  }

  private static @Nullable List<ExportedConversation> read(Path file, @Nullable ChatFormat format, byte[] input) {
    List<ExportedConversation> conversations = new ArrayList<>();
    try (ChatExport export = ChatExport.open(file, format)) {
      export.read(new Speakers("Ada"), ZoneOffset.UTC, null, conversations::add);
      return conversations;
    } catch (IOException e) {
      Refusals.requirePlain(IoErrors.describe(e), input);
      return null;
    }
  }

  /** What goes into a conversation comes back as it was. */
  private static void requireKept(ExportedConversation conversation) {
    if (conversation.messages().stream().map(RecordedMessage::id).distinct().count() != conversation.messages()
        .size()) {
      throw new AssertionError("two messages have the same id");
    }
    if (conversation.run().length() > 255 || !StandardCharsets.US_ASCII.newEncoder().canEncode(conversation.run())) {
      throw new AssertionError("a run's name is " + conversation.run());
    }
    for (RecordedMessage message : conversation.messages()) {
      NewMessage kept = message.message();
      Optional<RecordedMessage> back = RecordedMessage
          .of(new ConversationMessage(1, kept.id(), kept.role(), kept.text(),
              kept.format(), kept.payload(), Instant.EPOCH));
      if (back.isEmpty() || !back.get().text().equals(message.text()) || back.get().party() != message.party()) {
        throw new AssertionError(message + " comes back as " + back);
      }
    }
  }

  @Override
  public void close() {
    try (Stream<Path> files = Files.walk(directory)) {
      files.sorted(Comparator.reverseOrder()).forEach(file -> {
        boolean unused = file.toFile().delete();
      });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
