import dev.langchain4j.service.MemoryId;
import dev.langchain4j.service.UserMessage;

/** What the application calls. LangChain4j implements it. */
interface Assistant {

  String chat(@MemoryId String conversation, @UserMessage String words);
}
