import dev.langchain4j.service.AiServices;
import dev.memlane.embedded.Memlane;
import dev.memlane.lanes.LaneExecutor;
import dev.memlane.langchain4j.MemlaneChatMemory;
import dev.memlane.langchain4j.MemlaneContentRetriever;
import dev.memlane.langchain4j.MemlaneToolProvider;
import dev.memlane.langchain4j.MemlaneTools;
import dev.memlane.model.Scope;
import java.nio.file.Path;

/** An assistant that remembers Ada from one conversation to the next. */
public class RememberingAssistant {

  public static void main(String[] arguments) {
    ScriptedModel model = new ScriptedModel()
        .calls("memory_add", "{\"content\": \"Ada is allergic to peanuts\"}")
        .says(words -> "I'll remember that.")
        .says(words -> words.contains("allergic to peanuts") ? "Better not: it is made of peanuts." : "Enjoy it!");
    Scope ada = Scope.user("ada");

    try (Memlane memlane = Memlane.open(Path.of(arguments.length > 0 ? arguments[0] : "memlane-data/assistant"));
        LaneExecutor lanes = LaneExecutor.builder().build()) {
      Assistant assistant = AiServices.builder(Assistant.class).chatModel(model)
          .chatMemoryProvider(MemlaneChatMemory.builder(memlane.memory()).owner(ada).rememberEvicted(true)::build)
          .contentRetriever(MemlaneContentRetriever.of(memlane.memory(), ada))
          .storeRetrievedContentInChatMemory(false)
          .toolProvider(MemlaneToolProvider.of(MemlaneTools.of(memlane.memory(), lanes, ada)))
          .build();

      for (String[] said : new String[][]{{"monday", "I'm allergic to peanuts."}, {"friday", "May I try this satay?"}}) {
        System.out.println(said[0] + ", Ada: " + said[1]);
        System.out.println(said[0] + ", assistant: " + assistant.chat(said[0], said[1]));
      }
    }
  }
}
