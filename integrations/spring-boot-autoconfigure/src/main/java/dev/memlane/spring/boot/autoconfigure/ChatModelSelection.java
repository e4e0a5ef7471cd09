package dev.memlane.spring.boot.autoconfigure;

import dev.memlane.endpoints.EndpointException;
import dev.memlane.endpoints.EndpointLimits;
import dev.memlane.endpoints.http.ApiKey;
import dev.memlane.extraction.ChatModel;
import dev.memlane.extraction.ChatModelPool;
import dev.memlane.extraction.OpenAiChatModel;
import dev.memlane.extraction.OpenAiChatModelBuilder;
import dev.memlane.model.InvalidInputException;
import dev.memlane.spring.boot.autoconfigure.MemlaneProperties.Chat;
import dev.memlane.spring.boot.autoconfigure.MemlaneProperties.ChatEndpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.Environment;

/**
 * The choice of the chat model that remembers conversations, where the application has none of Memlane's own: the one that the
 * properties name, or else a framework's.
 *
 * <p>
 * Each answer costs money, and conversations go to whoever gives it. So two frameworks with a model are an error, and never a
 * silent choice.
 */
final class ChatModelSelection {

  private static final String ONLY = "chat";

  private final Chat settings;
  private final Environment environment;
  private final List<ChatModelSource> sources;

  ChatModelSelection(Chat settings, Environment environment, List<ChatModelSource> sources) {
    this.settings = settings;
    this.environment = environment;
    this.sources = List.copyOf(sources);
  }

  /** Whether the properties say what model to use, even if incompletely. */
  static boolean isNamed(Chat settings) {
    return isSet(settings.model()) || isSet(settings.url()) || isSet(settings.key())
        || !settings.endpoints().isEmpty();
  }

  /**
   * Makes the model.
   *
   * @throws MemoryOpeningException if the properties are invalid, or there is no or more than one candidate
   */
  ChatModel make() {
    try {
      return isNamed(settings) ? ofProperties() : ofFrameworks();
    } catch (InvalidInputException e) {
      throw new MemoryOpeningException("memlane.chat: " + e.getMessage(), e);
    }
  }

  private ChatModel ofFrameworks() {
    List<ChatModel> found = new ArrayList<>();
    List<String> frameworks = new ArrayList<>();
    for (ChatModelSource source : sources) {
      ChatModel model = source.find();
      if (model != null) {
        found.add(model);
        frameworks.add(source.framework());
      }
    }
    if (found.size() != 1) {
      found.forEach(ChatModel::close);
      throw new MemoryOpeningException(found.isEmpty()
          ? "There is no chat model that could remember conversations. Set memlane.chat.model, or define a ChatModel bean"
          : "There are ChatModel beans of " + String.join(" and of ", frameworks)
              + ". Set memlane.chat.model, or define a ChatModel bean of Memlane's for the one that is to remember "
              + "conversations",
          null);
    }
    return pool(List.of(new Member(ONLY, found.getFirst(), limits(), 1)));
  }

  private EndpointLimits limits() {
    return ChatModelPool.limits().concurrency(settings.concurrency());
  }

  /** An endpoint of the pool. */
  private record Member(String name, ChatModel model, EndpointLimits limits, int weight) {}

  private static ChatModel pool(List<Member> members) {
    try {
      ChatModelPool.Builder pool = ChatModelPool.builder();
      members.forEach(each -> pool.endpoint(each.name, each.model, each.limits, each.weight));
      return pool.build();
    } catch (InvalidInputException e) {
      members.forEach(each -> each.model.close());
      throw e;
    }
  }

  private ChatModel ofProperties() {
    String model = require(settings.model(), "model");
    if (settings.endpoints().isEmpty()) {
      return pool(List.of(only(model)));
    }
    if (isSet(settings.url()) || isSet(settings.key())) {
      throw new InvalidInputException("url and key are of a single endpoint, and there are endpoints; set one of them");
    }
    List<Member> members = new ArrayList<>();
    try {
      for (int i = 0; i < settings.endpoints().size(); i++) {
        ChatEndpoint endpoint = settings.endpoints().get(i);
        String name = endpoint.name() == null ? "endpoint " + (i + 1) : EndpointException.quote(endpoint.name());
        members.add(new Member(name, client(name, model, endpoint), limits(endpoint),
            endpoint.weight() == null ? 1 : endpoint.weight()));
      }
    } catch (InvalidInputException e) {
      // Those before the invalid one have been made.
      members.forEach(each -> each.model.close());
      throw e;
    }
    return pool(members);
  }

  private Member only(String model) {
    String url = settings.url();
    String key = settings.key();
    if (!isSet(url) && !isSet(key)) {
      throw new InvalidInputException("OpenAI's models need an API key; set memlane.chat.key, or memlane.chat.url for "
          + "another server");
    }
    OpenAiChatModelBuilder client = url == null || url.isBlank()
        ? OpenAiChatModel.openAi(model)
        : OpenAiChatModel.at(url, model);
    if (key != null && !key.isBlank()) {
      client.apiKey(ApiKey.of(key));
    }
    return new Member(ONLY, client.build(), limits(), 1);
  }

  private ChatModel client(String name, String model, ChatEndpoint endpoint) {
    String url = endpoint.url();
    OpenAiChatModelBuilder client = endpoint.deployment() != null
        ? OpenAiChatModel.azure(require(url, "url of " + name), endpoint.deployment(),
            require(endpoint.apiVersion(), "api-version of " + name), model)
        : url == null || url.isBlank() ? OpenAiChatModel.openAi(model) : OpenAiChatModel.at(url, model);
    client.unencryptedKey(endpoint.unencryptedKey());
    if (endpoint.modelThere() != null) {
      client.sentModel(endpoint.modelThere());
    }
    if (endpoint.keyFrom() != null) {
      client.apiKey(key(name, endpoint.keyFrom()));
    }
    if (endpoint.timeout() != null) {
      client.timeout(endpoint.timeout());
    }
    return client.build();
  }

  private ApiKey key(String name, String keyFrom) {
    String key = environment.getProperty(keyFrom);
    if (key == null || key.isBlank()) {
      // The message does not repeat the value: a user who made a mistake may have put the key itself here.
      throw new InvalidInputException("key-from of " + name
          + " must be the name of an environment variable that holds a key; there is none of the name given");
    }
    return ApiKey.from(Map.of(keyFrom, key), keyFrom);
  }

  private static EndpointLimits limits(ChatEndpoint endpoint) {
    EndpointLimits limits = ChatModelPool.limits().concurrency(endpoint.concurrency())
        .requestsPerMinute(endpoint.requestsPerMinute()).unitsPerMinute(endpoint.tokensPerMinute())
        .unitsPerRequest(endpoint.tokensPerRequest());
    return endpoint.timeout() == null ? limits : limits.timeout(endpoint.timeout());
  }

  private static boolean isSet(@Nullable String value) {
    return value != null && !value.isBlank();
  }

  private static String require(@Nullable String value, String what) {
    if (value == null || value.isBlank()) {
      throw new InvalidInputException("the " + what + " is missing");
    }
    return value;
  }
}
