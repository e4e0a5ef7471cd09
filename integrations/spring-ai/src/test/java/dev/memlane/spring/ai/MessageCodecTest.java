package dev.memlane.spring.ai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.ConversationMessage;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MessageRole;
import dev.memlane.model.NewMessage;
import dev.memlane.model.StoreException;
import java.time.DayOfWeek;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.Message;
import org.springframework.ai.chat.messages.UserMessage;

class MessageCodecTest {

  static final List<Message> MESSAGES = TestMessages.ofAllKinds();

  /** A value of a class that a provider might have. */
  private static final class ProviderValue {
    @Override
    public String toString() {
      return "finish reason";
    }
  }

  private static ConversationMessage stored(NewMessage message) {
    return new ConversationMessage(1, message.id(), message.role(), message.text(), message.format(), message.payload(),
        Instant.EPOCH);
  }

  private static ConversationMessage stored(MessageRole role, String format, String payload) {
    return stored(NewMessage.of(role, null, format, payload));
  }

  @ParameterizedTest
  @FieldSource("MESSAGES")
  void message_comesBackAsItWas(Message message) {
    NewMessage encoded = MessageCodec.encode(message);

    Message decoded = MessageCodec.decode(stored(encoded));

    assertThat(TestMessages.contents(decoded)).isEqualTo(TestMessages.contents(message));
    assertThat(encoded.format()).isEqualTo("spring-ai");
    assertThat(encoded.payload()).contains("\"version\":1");
    assertThat(MessageCodec.encode(decoded).payload()).isEqualTo(encoded.payload());
  }

  @Test
  void text_isWhatPeopleRead() {
    assertThat(MESSAGES).extracting(message -> MessageCodec.encode(message).text()).containsExactly("You are a friend.",
        "You are brief.", "What is this?\u0000 A damaged \ud83d character", "And these?", "An oboe.", null, null);
    assertThat(MESSAGES).extracting(message -> MessageCodec.encode(message).role()).containsExactly(MessageRole.SYSTEM,
        MessageRole.SYSTEM, MessageRole.USER, MessageRole.USER, MessageRole.ASSISTANT, MessageRole.ASSISTANT,
        MessageRole.TOOL);
  }

  @Test
  void payload_isTheSame_forEqualMessages() {
    for (Message message : MESSAGES) {
      Message copy = MessageCodec.decode(stored(MessageCodec.encode(message)));
      assertThat(MessageCodec.encode(copy).payload()).isEqualTo(MessageCodec.encode(message).payload());
    }
    assertThat(MessageCodec.encode(new UserMessage("a")).id())
        .isNotEqualTo(MessageCodec.encode(new UserMessage("a")).id());
  }

  @Test
  void values_ofUnknownClasses_areKeptAsTheirText() {
    AssistantMessage message = AssistantMessage.builder().content("Hello")
        .properties(Map.of("day", DayOfWeek.MONDAY, "provider", new ProviderValue())).build();

    Message decoded = MessageCodec.decode(stored(MessageCodec.encode(message)));

    assertThat(decoded.getMetadata()).containsEntry("day", "MONDAY").containsEntry("provider", "finish reason");
    assertThat(MessageCodec.encode(decoded).payload()).isEqualTo(MessageCodec.encode(message).payload());
  }

  @Test
  void message_ofAClassOfItsOwn_comesBackAsTheClassThatItExtends() {
    Message decoded = MessageCodec.decode(stored(MessageCodec.encode(new UserMessage("Hello") {
    })));

    assertThat(decoded).isExactlyInstanceOf(UserMessage.class);
  }

  @Test
  void metadata_thatContainsItself_isRefused() {
    Map<String, Object> endless = new HashMap<>();
    endless.put("again", endless);

    assertThatThrownBy(() -> MessageCodec.encode(UserMessage.builder().text("Hello").metadata(endless).build()))
        .isInstanceOf(InvalidInputException.class).hasMessageContaining("contains itself");
  }

  @Test
  void message_ofAnotherDoor_isRefusedWithTheReason() {
    assertThatThrownBy(() -> MessageCodec.decode(stored(MessageRole.USER, "langchain4j", "{}")))
        .isInstanceOf(StoreException.class).hasMessageContaining("langchain4j").hasMessageContaining("spring-ai");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "7", "[]", "{}", "{\"version\":2}", "{\"version\":1}",
      "{\"version\":1,\"metadata\":{},\"text\":7,\"media\":[]}",
      "{\"version\":1,\"metadata\":{},\"text\":\"a\",\"media\":[7]}",
      "{\"version\":1,\"metadata\":{\"a\":{\"$long\":\"x\"}},\"text\":\"a\",\"media\":[]}",
      "{\"version\":1,\"metadata\":{\"a\":{\"$class\":\"java.lang.Runtime\"}},\"text\":\"a\",\"media\":[]}",
      "{\"version\":1,\"metadata\":{},\"text\":\"a\",\"media\":[]} 7"})
  void payload_thatIsDamaged_isReportedWithoutItsText(String payload) {
    assertThatThrownBy(() -> MessageCodec.decode(stored(MessageRole.USER, "spring-ai", payload)))
        .isInstanceOf(StoreException.class).hasMessageContaining("can't be read");
  }

  @Test
  void decoded_metadata_canBeChanged() {
    Message decoded = MessageCodec.decode(stored(MessageCodec.encode(new UserMessage("Hello"))));

    decoded.getMetadata().put("seen", true);

    assertThat(Objects.requireNonNull(decoded.getMetadata().get("seen"))).isEqualTo(true);
  }
}
