package dev.memlane.cli.internal.conversation;

import com.fasterxml.jackson.databind.JsonNode;
import dev.memlane.cli.internal.ingestion.InputRecord;
import dev.memlane.cli.internal.ingestion.JsonValueReader;
import dev.memlane.cli.internal.terminal.InputException;
import dev.memlane.cli.internal.terminal.IoErrors;
import dev.memlane.extraction.Party;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A reader of the folder that Slack exports: lists of users and channels, and for each channel a folder with a file for each
 * day. Each channel is a conversation. Joins, topics and other notices are left out.
 */
final class SlackReader implements ConversationReader {

  /** The lists of conversations, one of which each export has. */
  static final List<String> LISTS = List.of("channels.json", "groups.json", "dms.json", "mpims.json");

  private static final Set<String> SAID = Set.of("", "thread_broadcast", "me_message", "file_share", "bot_message",
      "reply_broadcast");
  private static final int MOST_ENTRIES = 1_000_000;
  private static final Pattern LINK = Pattern.compile("<([@#!]?)([^<>|]*)(?:\\|([^<>]*))?>");

  private final Path root;
  private final Speakers speakers;
  private final Map<String, List<String>> names = new HashMap<>();

  /** @param root the folder, or the root of a zip archive */
  SlackReader(Path root, Speakers speakers) {
    this.root = root;
    this.speakers = speakers;
  }

  @Override
  public void read(Sink sink) throws IOException {
    for (JsonNode user : list("users.json")) {
      String id = ExportJson.text(user.get("id"));
      if (id != null) {
        JsonNode profile = user.path("profile");
        names.put(id, Stream.of(ExportJson.text(profile, "display_name"), ExportJson.text(user, "real_name"),
            ExportJson.text(profile, "real_name"), ExportJson.text(user, "name")).filter(name -> name != null)
            .toList());
      }
    }
    for (String name : LISTS) {
      for (JsonNode channel : list(name)) {
        String id = ExportJson.text(channel.get("id"));
        String folder = ExportJson.text(channel, "name", "id");
        if (id != null && folder != null) {
          ConversationCollector messages = channel(folder);
          if (!messages.isEmpty() && !sink.accept(messages.named(ConversationCollector.run(ChatFormat.SLACK, id)))) {
            return;
          }
        }
      }
    }
  }

  private ConversationCollector channel(String name) throws IOException {
    ConversationCollector messages = new ConversationCollector();
    Path folder;
    try {
      folder = root.resolve(name);
    } catch (InvalidPathException e) {
      throw new InputException("a channel's name in it is no folder's name");
    }
    // A name with slashes or dots would lead elsewhere.
    if (!root.equals(folder.getParent()) || name.equals("..") || !Files.isDirectory(folder)) {
      return messages;
    }
    for (Path day : days(folder)) {
      for (JsonNode message : values(day)) {
        collect(message, messages);
      }
    }
    return messages;
  }

  private static List<Path> days(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(".json")).sorted().limit(MOST_ENTRIES).toList();
    }
  }

  private void collect(JsonNode message, ConversationCollector messages) throws InputException {
    String type = ExportJson.text(message.get("subtype"));
    if (!message.path("type").asText().equals("message") || !SAID.contains(type == null ? "" : type)) {
      return;
    }
    String user = ExportJson.text(message.get("user"));
    List<String> known = user == null ? List.of() : names.getOrDefault(user, List.of());
    String name = known.isEmpty()
        ? ExportJson.text(message.path("user_profile"), "display_name", "real_name", "name")
        : known.getFirst();
    name = name == null ? ExportJson.text(message, "username") : name;
    List<@Nullable String> all = new ArrayList<>();
    all.add(name);
    all.addAll(known);
    all.add(user);
    Party party = speakers.party(all.toArray(String[]::new));
    String time = ExportJson.text(message.get("ts"));
    messages.add(String.valueOf(time), party, name, ExportJson.epochSeconds(time),
        plain(message.path("text").asText("")));
  }

  /** The text as people see it: names for ids, and links without brackets. */
  private String plain(String text) {
    String linked = LINK.matcher(text).replaceAll(link -> Matcher.quoteReplacement(switch (link.group(1)) {
      case "@" -> "@" + (link.group(3) != null
          ? link.group(3)
          : names.getOrDefault(link.group(2), List.of(link.group(2))).getFirst());
      case "#" -> "#" + (link.group(3) == null ? link.group(2) : link.group(3));
      case "!" -> "@" + link.group(2).replaceFirst("\\^.*", "");
      default -> link.group(3) == null || link.group(3).equals(link.group(2))
          ? link.group(2)
          : link.group(3) + " (" + link.group(2) + ")";
    }));
    return linked.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
  }

  private List<JsonNode> list(String name) throws IOException {
    Path file = root.resolve(name);
    return Files.isRegularFile(file) ? values(file) : List.of();
  }

  private List<JsonNode> values(Path file) throws IOException {
    List<JsonNode> values = new ArrayList<>();
    try (InputStream input = Files.newInputStream(file)) {
      JsonValueReader reader = new JsonValueReader(input);
      for (InputRecord record = reader.next(); record != null; record = reader.next()) {
        if (values.size() == MOST_ENTRIES) {
          throw new InputException("it has more than " + MOST_ENTRIES + " entries");
        }
        if (record.value() != null) {
          values.add(record.value());
        }
      }
    } catch (IOException e) {
      throw new InputException(root.relativize(file) + ": " + IoErrors.describe(e), e);
    }
    return values;
  }
}
