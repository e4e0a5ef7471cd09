import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.function.Function;

/** A script in the place of a model: each step turns what a model would see into what it would say. */
final class ScriptedModel implements ChatModel {

  private final Queue<Function<ChatRequest, AiMessage>> steps = new ArrayDeque<>();

  ScriptedModel says(Function<String, String> answer) {
    steps.add(request -> AiMessage.from(answer.apply(lastWords(request))));
    return this;
  }

  ScriptedModel calls(String tool, String arguments) {
    steps.add(request -> AiMessage.from(
        List.of(ToolExecutionRequest.builder().id("call-1").name(tool).arguments(arguments).build())));
    return this;
  }

  @Override
  public ChatResponse doChat(ChatRequest request) {
    return ChatResponse.builder().aiMessage(steps.remove().apply(request)).build();
  }

  /** What the user said last, with what was retrieved for it. */
  private static String lastWords(ChatRequest request) {
    return request.messages().reversed().stream().filter(UserMessage.class::isInstance).map(UserMessage.class::cast)
        .findFirst().orElseThrow().singleText();
  }
}
