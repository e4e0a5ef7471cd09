import dev.memlane.embedded.Memlane;
import dev.memlane.lanes.LaneExecutor;
import dev.memlane.lanes.ToolCall;
import dev.memlane.lanes.ToolExecutor;
import dev.memlane.lanes.ToolResult;
import dev.memlane.memory.tools.MemoryTools;
import dev.memlane.model.Scope;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An agent with a memory. A model receives the user's words and the definitions of the tools, asks for tool calls,
 * receives their results, and answers in the end. A script stands in for the model; everything below it is real.
 */
public class AgentLoop {

  /** The reply of a model: tool calls, or an answer to the user. */
  record Reply(List<ToolCall<String>> calls, String answer) {

    static Reply calls(String... toolsAndArguments) {
      List<ToolCall<String>> calls = new ArrayList<>();
      for (int i = 0; i < toolsAndArguments.length; i += 2) {
        calls.add(new ToolCall<>("call-" + (i / 2 + 1), toolsAndArguments[i], toolsAndArguments[i + 1]));
      }
      return new Reply(calls, "");
    }

    static Reply answer(String answer) {
      return new Reply(List.of(), answer);
    }
  }

  /** The script that stands in for a model. Each step turns the results of the previous calls into the next reply. */
  static final class ScriptedModel {
    private final Queue<Function<List<String>, Reply>> steps = new ArrayDeque<>();

    ScriptedModel then(Function<List<String>, Reply> step) {
      steps.add(step);
      return this;
    }

    Reply reply(List<String> results) {
      return steps.remove().apply(results);
    }
  }

  /** Reads a field of a tool's answer. */
  static String field(String name, String json) {
    Matcher matcher = Pattern.compile("\"" + name + "\":\"([^\"]*)\"").matcher(json);
    return matcher.find() ? matcher.group(1) : "?";
  }

  public static void main(String[] arguments) throws InterruptedException {
    ScriptedModel model = new ScriptedModel()
        .then(results -> Reply.calls(
            "memory_add", "{\"content\": \"Ada is allergic to peanuts\", \"metadata\": {\"topic\": \"health\"}}",
            "memory_add", "{\"content\": \"Ada moved to Porto\", \"occurredAt\": \"2026-03-01\"}"))
        .then(results -> Reply.answer("I'll remember both."))
        .then(results -> Reply.calls("memory_search", "{\"query\": \"where does Ada live?\", \"limit\": 1}"))
        .then(results -> Reply.answer("As far as I know: " + field("content", results.get(0)) + "."))
        .then(results -> Reply.calls("memory_search", "{\"query\": \"where does Ada live?\", \"limit\": 1}"))
        .then(results -> Reply.calls(
            "memory_update", "{\"id\": \"" + field("id", results.get(0)) + "\", \"content\": \"Ada moved to Lisbon\"}",
            "memory_search", "{\"query\": \"where does Ada live?\", \"limit\": 1}",
            "memory_history", "{\"id\": \"" + field("id", results.get(0)) + "\"}",
            "memory_get", "{\"id\": \"no idea\"}"))
        .then(results -> Reply.answer("Noted: " + field("content", results.get(1)) + ". Before: "
            + field("oldContent", results.get(2)) + "."));

    try (Memlane memlane = Memlane.open(Path.of(arguments.length > 0 ? arguments[0] : "memlane-data/agent"));
        LaneExecutor lanes = LaneExecutor.builder().build()) {
      MemoryTools memory = MemoryTools.builder(memlane.memory(), Scope.user("ada")).actor("assistant").build();
      ToolExecutor<String, String> tools = memory.executor(lanes);
      System.out.println("The model gets the tools " + memory.definitions().stream().map(tool -> tool.name()).toList());

      for (String said : List.of("I'm allergic to peanuts. And we moved to Porto on the 1st of March!",
          "Where do I live?", "Not any more: we've moved to Lisbon.")) {
        System.out.println("\nuser       " + said);
        List<String> results = List.of();
        Reply reply = model.reply(results);
        while (!reply.calls().isEmpty()) {
          results = new ArrayList<>();
          for (ToolResult<String> result : tools.run(reply.calls())) {
            ToolCall<String> call = reply.calls().get(results.size());
            System.out.println("calls      " + call.tool() + " " + call.arguments());
            System.out.println("           -> " + MemoryTools.text(result));
            results.add(MemoryTools.text(result));
          }
          reply = model.reply(results);
        }
        System.out.println("assistant  " + reply.answer());
      }
    }
  }
}
