package dev.memlane.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A made-up conversation of any length, with messages of all kinds, in an order that models accept. */
final class Conversation {

  private Conversation() {}

  static List<ChatMessage> of(int length, Random random) {
    List<ChatMessage> messages = new ArrayList<>();
    while (messages.size() < length) {
      int number = messages.size();
      switch (random.nextInt(8)) {
        case 0 -> messages.add(SystemMessage.from("You are assistant number " + random.nextInt(3)));
        case 1 -> addToolCalls(messages, number, 1 + random.nextInt(3));
        case 2 -> messages.add(UserMessage.builder().name("ada")
            .contents(List.of(TextContent.from("What is in picture " + number + "?"),
                ImageContent.from("iVBORw0KGgo=", "image/png", ImageContent.DetailLevel.HIGH),
                ImageContent.from("https://example.org/" + number + ".png")))
            .attributes(Map.of("number", number)).build());
        case 3 -> messages.add(AiMessage.builder().text("Answer " + number).thinking("let me see: " + number)
            .attributes(Map.of("signature", "s" + number)).build());
        case 4, 5 ->
          messages.add(UserMessage.from("Question " + number + ": \"ça va?\" \u0000 {\"not\": \"json\"} 🎉"));
        default -> messages.add(AiMessage.from("Answer " + number));
      }
    }
    return List.copyOf(messages.subList(0, length));
  }

  private static void addToolCalls(List<ChatMessage> messages, int number, int calls) {
    List<ToolExecutionRequest> requests = new ArrayList<>();
    for (int i = 0; i < calls; i++) {
      requests.add(ToolExecutionRequest.builder().id("call-" + number + "-" + i).name("memory_search")
          .arguments("{\"query\": \"secret-argument-" + number + "\"}").build());
    }
    messages.add(number % 2 == 0 ? AiMessage.from(requests) : AiMessage.from("Let me look " + number, requests));
    for (ToolExecutionRequest request : requests) {
      messages.add(ToolExecutionResultMessage.builder().id(request.id()).toolName(request.name())
          .text("{\"hits\": [\"secret-result-" + number + "\"]}").isError(number % 3 == 0).build());
    }
  }
}
