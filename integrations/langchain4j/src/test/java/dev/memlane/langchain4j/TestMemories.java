package dev.memlane.langchain4j;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.output.Response;
import dev.memlane.embedding.Embedder;
import dev.memlane.embedding.HashEmbedder;
import dev.memlane.orchestrator.MemoryOrchestrator;
import dev.memlane.storage.postgres.DatabaseSchema;
import dev.memlane.testing.TestServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Memories on a real PostgreSQL, and their embedders as models of LangChain4j. */
final class TestMemories {

  private static final String TABLES = new DatabaseSchema("memlane").script(0);

  private TestMemories() {}

  static MemoryOrchestrator open(Path directory) {
    return open(freshDatabase(), directory, new HashEmbedder());
  }

  /** The URL of a database with the tables. */
  static String freshDatabase() {
    return TestServer.freshDatabase(TABLES);
  }

  static MemoryOrchestrator open(String url, Path directory, Embedder embedder) {
    return MemoryOrchestrator.builder().postgres(url, null, null).indexDirectory(directory).embedder(embedder)
        .followEvery(Duration.ZERO).open();
  }

  /** The same model, as LangChain4j calls it. */
  static EmbeddingModel model(Embedder embedder) {
    return new EmbeddingModel() {
      @Override
      public Response<List<Embedding>> embedAll(List<TextSegment> segments) {
        return Response.from(embedder.embed(segments.stream().map(TextSegment::text).toList()).join().stream()
            .map(Embedding::from).toList());
      }
    };
  }

  /** A vector by the embedder of {@link #open(Path)}. */
  static Embedding vector(String text) {
    return model(new HashEmbedder()).embed(text).content();
  }
}
