package dev.memlane.cli.internal.conversation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.ZstdOutputStream;
import dev.memlane.cli.internal.terminal.IoErrors;
import dev.memlane.extraction.Party;
import dev.memlane.extraction.RecordedMessage;
import dev.memlane.testing.PlainMessages;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChatExportTest {

  private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");

  @TempDir
  Path directory;

  static Path resource(String name) {
    try {
      return Path.of(Objects.requireNonNull(ChatExportTest.class.getResource(name), name).toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  static List<ExportedConversation> read(Path file, @Nullable String me) throws IOException {
    List<ExportedConversation> conversations = new ArrayList<>();
    try (ChatExport export = ChatExport.open(file, null)) {
      export.read(new Speakers(me), BERLIN, null, conversations::add);
    }
    return conversations;
  }

  private static List<String> described(ExportedConversation conversation) {
    return conversation.messages().stream().map(ChatExportTest::described).toList();
  }

  private static String described(RecordedMessage message) {
    return (message.party() == Party.OTHER ? "other" : message.party() == Party.USER ? "user" : "assistant")
        + (message.name() == null ? "" : " " + message.name())
        + (message.saidAt() == null ? "" : " " + message.saidAt())
        + ": " + message.text();
  }

  private static List<String> runs(List<ExportedConversation> conversations) {
    return conversations.stream().map(ExportedConversation::run).toList();
  }

  @Test
  void chatGpt_isTheBranchThatWasShownLast() throws IOException {
    List<ExportedConversation> read = read(resource("chatgpt.json"), null);

    assertThat(runs(read)).containsExactly("chatgpt:66666666-0000-4000-8000-000000000001",
        "chatgpt:66666666-0000-4000-8000-000000000002");
    assertThat(described(read.getFirst())).containsExactly("user 2024-03-02T09:14:10Z: note: home is Lisbon",
        "assistant 2024-03-02T09:14:13Z: How nice!");
    assertThat(described(read.getLast())).containsExactly("user 2025-03-02T09:14:00Z: note: home is Porto");
  }

  @Test
  void chatGpt_withoutACurrentNode_followsTheLastAnswers() throws IOException {
    Path file = directory.resolve("c.json");
    Files.writeString(file, Files.readString(resource("chatgpt.json")).replace("\"current_node\": \"answer-2\",", ""));

    assertThat(read(file, null)).isEqualTo(read(resource("chatgpt.json"), null));
  }

  @Test
  void claude_isReadWithTheTextsOfItsParts() throws IOException {
    List<ExportedConversation> read = read(resource("claude.json"), null);

    assertThat(runs(read)).containsExactly("claude:77777777-0000-4000-8000-000000000001");
    assertThat(described(read.getFirst())).containsExactly("user 2024-03-02T09:14:01Z: note: job is baker",
        "assistant 2024-03-02T09:14:05Z: Which bread?", "user 2024-03-02T09:14:09Z: Rye.");
  }

  @Test
  void whatsApp_fromAnIPhone_isReadWithLongMessages_andWithoutItsOwnLines() throws IOException {
    List<ExportedConversation> read = read(resource("whatsapp-iphone.txt"), "ada byron");

    assertThat(read).hasSize(1);
    assertThat(read.getFirst().run()).matches("whatsapp:[0-9a-f]{16}");
    assertThat(described(read.getFirst())).containsExactly(
        "user Ada Byron 2023-12-31T22:59:07Z: Guten Rutsch!\nBis morgen: um 10?\n\nIn Porto.",
        "other Bo 2023-12-31T23:00:11Z: Ich wohne jetzt in Faro", "other Bo 2023-12-31T23:00:11Z: Ja",
        "other Bo 2023-12-31T23:00:11Z: Ja");
    assertThat(read.getFirst().messages()).extracting(RecordedMessage::id).doesNotHaveDuplicates();
  }

  @Test
  void whatsApp_fromAndroid_isReadWithTheMonthFirst_becauseTheTimesAscendThen() throws IOException {
    assertThat(described(read(resource("whatsapp-android.txt"), "Ada Byron").getFirst())).containsExactly(
        "other Bo 2024-01-02T08:07:00Z: When do you move?", "user Ada Byron 2024-01-02T11:08:00Z: note: home is Porto",
        "other Bo 2024-02-01T19:00:00Z: See https://example.org/a?b=c: nice");
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {"31/12/2023, 23:59 - Bo: hi|2023-12-31T22:59:00Z",
      "31/12/2023 23:59 - Bo: hi|2023-12-31T22:59:00Z", "31-12-2023 23:59 - Bo: hi|2023-12-31T22:59:00Z",
      "12/31/23, 11:59 PM - Bo: hi|2023-12-31T22:59:00Z", "31/12/23, 11:59 p. m. - Bo: hi|2023-12-31T22:59:00Z",
      "2023-12-31, 23:59 - Bo: hi|2023-12-31T22:59:00Z", "2023/12/31 23:59 - Bo: hi|2023-12-31T22:59:00Z",
      "[2023/12/31, 23:59:07] Bo: hi|2023-12-31T22:59:07Z", "31.12.23, 23:59 - Bo: hi|2023-12-31T22:59:00Z",
      "[31/12/2023, 12:59:07 AM] Bo: hi|2023-12-30T23:59:07Z", "3/4/24, 08:00 - Bo: hi|2024-04-03T06:00:00Z",
      "3/4/24, 8:00 AM - Bo: hi|2024-03-04T07:00:00Z", "31. 12. 2023 23.59 - Bo: hi|2023-12-31T22:59:00Z"})
  void whatsApp_readsTheDatesOfOtherLanguages(String line, Instant time) throws IOException {
    Path file = directory.resolve("chat.txt");
    Files.writeString(file, line + "\n");

    assertThat(read(file, null).getFirst().messages()).extracting(RecordedMessage::saidAt).containsExactly(time);
  }

  @Test
  void whatsApp_namesTheChatTheSame_afterMoreWasSaid() throws IOException {
    Path file = directory.resolve("chat.txt");
    String begin = "31/12/2023, 23:59 - Bo: hi\n31/12/2023, 23:59 - Ada: hi\n";
    Files.writeString(file, begin);
    ExportedConversation before = read(file, "Ada").getFirst();
    Files.writeString(file, begin + "1/1/2024, 00:05 - Bo: happy new year\n");
    ExportedConversation after = read(file, "Ada").getFirst();

    assertThat(after.run()).isEqualTo(before.run());
    assertThat(after.messages().subList(0, 2)).isEqualTo(before.messages());
  }

  @Test
  void telegram_joinsTheEntitiesOfATextand_leavesServiceMessagesOut() throws IOException {
    List<ExportedConversation> read = read(resource("telegram.json"), "user2");

    assertThat(runs(read)).containsExactly("telegram:4815162342");
    assertThat(described(read.getFirst())).containsExactly("other Bo 2024-03-02T09:14:00Z: Look at example.org now",
        "user Ada 2024-03-02T09:15:00Z: note: home is Porto");
  }

  @Test
  void telegram_ofAnAccount_hasAllChats_andKnowsTheUser() throws IOException {
    List<ExportedConversation> read = read(resource("telegram-account.json"), null);

    assertThat(runs(read)).containsExactly("telegram:11", "telegram:12", "telegram:14");
    assertThat(read.stream().flatMap(each -> described(each).stream())).containsExactly(
        "user Ada 2024-03-02T09:14:00Z: Hi", "user Ada 2024-03-02T09:14:01Z: milk",
        "other Cy 2017-10-30T13:40:41Z: Bye");
  }

  @Test
  void langChain4j_hasWhatUserAndModelSay() throws IOException {
    List<ExportedConversation> read = read(resource("langchain4j.json"), null);

    assertThat(runs(read)).singleElement().asString().matches("langchain4j:langchain4j\\.json-[0-9a-f]{16}");
    assertThat(described(read.getFirst())).containsExactly("user: note: home is Porto", "assistant: Sunny there.");
  }

  @Test
  void openAi_asAList_isOneConversation_inWhichEqualMessagesAreTwo() throws IOException {
    List<ExportedConversation> read = read(resource("openai.json"), null);

    assertThat(described(read.getFirst())).containsExactly("user ada: note: home is Porto", "assistant: Sunny there.",
        "user: Thanks", "user: Thanks");
    assertThat(read.getFirst().messages()).extracting(RecordedMessage::id).doesNotHaveDuplicates();
  }

  @Test
  void openAi_asLines_isOneConversation_orOneForEachListOfMessages() throws IOException {
    Path file = directory.resolve("lines.jsonl");
    Files.writeString(file, "{\"role\":\"user\",\"content\":\"a\"}\n{\"role\":\"assistant\",\"content\":\"b\"}\n");

    assertThat(read(file, null)).singleElement().satisfies(
        one -> assertThat(described(one)).containsExactly("user: a", "assistant: b"));
    assertThat(runs(read(resource("openai.jsonl"), null)))
        .satisfiesExactly(run -> assertThat(run).endsWith(":1"), run -> assertThat(run).endsWith(":2"));
  }

  @Test
  void slack_hasAConversationForEachChannel_andStaysInItsFolder() throws IOException {
    List<ExportedConversation> read = read(resource("slack"), "ada");

    assertThat(runs(read)).containsExactly("slack:C1", "slack:DM1");
    assertThat(described(read.getFirst())).containsExactly(
        "other Bo Li 2024-03-02T09:14:00Z: Hi @Ada, see this page (https://example.org) & #general @here",
        "user Ada 2024-03-02T09:14:10Z: note: home is Porto", "other deploy 2024-03-03T10:00:00Z: done");
    assertThat(described(read.getLast())).containsExactly("user Ada 2024-03-02T09:15:00Z: Lunch?");
  }

  @Test
  void slack_readsNoFolderOutsideOfTheExport() throws IOException {
    Path export = Files.createDirectory(directory.resolve("export"));
    String day = Files.readString(resource("slack").resolve("DM1/2024-03-02.json"));
    Files.writeString(Files.createDirectory(directory.resolve("outside")).resolve("2024-03-02.json"), day);
    Files.writeString(Files.createDirectory(export.resolve("inside")).resolve("2024-03-02.json"), day);
    Files.writeString(export.resolve("channels.json"),
        """
            [{"id": "C1", "name": "../outside"}, {"id": "C2", "name": "OUTSIDE"}, {"id": "C3", "name": "inside/../../outside"},
             {"id": "C4", "name": ".."}, {"id": "C5", "name": "inside"}]"""
            .replace("OUTSIDE",
                directory.resolve("outside").toString().replace("\\", "/")));

    assertThat(runs(read(export, "Ada"))).containsExactly("slack:C5");
  }

  @ParameterizedTest
  @ValueSource(strings = {"slack", "chatgpt.json", "whatsapp-iphone.txt", "telegram.json"})
  void zipArchives_areReadAsWhatIsInThem(String name) throws IOException {
    Path file = directory.resolve("export.zip");
    Path whole = resource(name);
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file)); Stream<Path> all = Files.walk(whole)) {
      for (Path each : all.filter(Files::isRegularFile).toList()) {
        String called = switch (name) {
          case "slack" -> "my-export/" + whole.relativize(each).toString().replace('\\', '/');
          case "chatgpt.json" -> "conversations.json";
          case "telegram.json" -> "ChatExport_2024-03-02/result.json";
          default -> "_chat.txt";
        };
        zip.putNextEntry(new ZipEntry(called));
        zip.write(Files.readAllBytes(each));
      }
    }

    assertThat(read(file, "Ada")).isNotEmpty().isEqualTo(read(whole, "Ada"));
  }

  @Test
  void packedFiles_andOtherCharsets_areTheSame() throws IOException {
    List<ExportedConversation> plain = read(resource("telegram.json"), "Ada");
    byte[] bytes = Files.readAllBytes(resource("telegram.json"));
    Path file = directory.resolve("packed");
    try (OutputStream packed = new GZIPOutputStream(Files.newOutputStream(file))) {
      packed.write(bytes);
    }
    assertThat(read(file, "Ada")).isEqualTo(plain);
    try (OutputStream packed = new ZstdOutputStream(Files.newOutputStream(file))) {
      packed.write(bytes);
    }
    assertThat(read(file, "Ada")).isEqualTo(plain);
    Files.write(file, ("\uFEFF" + new String(bytes, StandardCharsets.UTF_8)).getBytes(StandardCharsets.UTF_16LE));
    assertThat(read(file, "Ada")).isEqualTo(plain);
  }

  static Stream<Arguments> refused() {
    return Stream.of(Arguments.of("", "it is empty"), Arguments.of("Dear diary,\n", "no chat export that is known"),
        Arguments.of("{\"a\": 1}", "no chat export that is known"), Arguments.of("[]", "it is an empty list"),
        Arguments.of("{\"memlane\":\"export\",\"format\":1}\n", "'memlane import' restores it"),
        Arguments.of("[{\"type\":\"message\",\"user\":\"U1\",\"text\":\"x\",\"ts\":\"1\"}]",
            "one day of a Slack export"),
        Arguments.of("[{\"role\": \"user\", \"content\": \"x\"}, 7]", "something that is no message"),
        Arguments.of("[{\"role\": \"user\", \"content\": \"x\"}", "it ends in the middle"),
        Arguments.of("[{\"role\": \"user\", \"content\": \"x\"}, {\"content\": \"x\"}]", "without a \"role\""),
        Arguments.of("{\"id\": 1, \"messages\": [{\"id\": 1, \"type\": \"message\", \"text\": \"x\"}",
            "it ends in the middle"),
        Arguments.of("{\"chats\": {\"list\": [1]}}", "something in it that is no chat"),
        Arguments.of("[{\"mapping\": {}}, {}]", "no \"mapping\""),
        Arguments.of("[{\"chat_messages\": []}, {}]", "no list \"chat_messages\""),
        Arguments.of(
            "[{\"mapping\": {\"a\": {\"parent\": \"b\"}, \"b\": {\"parent\": \"a\"}}, \"current_node\": \"a\"}]",
            "in a circle"),
        Arguments.of("13/1/24, 10:00 - Bo: a\n1/13/24, 10:00 - Bo: a\n", "neither the day first"),
        Arguments.of("%PDF-1.7", "it is a PDF"), Arguments.of("PK\3\4 no archive", "a zip archive that is damaged"));
  }

  @ParameterizedTest
  @MethodSource
  void refused(String text, String says) throws IOException {
    Path file = directory.resolve("file");
    Files.writeString(file, text);

    assertThatThrownBy(() -> read(file, null)).isInstanceOfSatisfying(IOException.class, e -> {
      String message = IoErrors.describe(e);
      assertThat(message).contains(says);
      PlainMessages.assertPlain(message);
    });
  }

  @Test
  void folder_withoutAnExport_isRefused() {
    assertThatThrownBy(() -> read(directory, null)).hasMessageContaining("it has no chat export in it");
  }
}
