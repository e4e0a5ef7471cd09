package dev.memlane.spring.ai;

import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.ai.embedding.EmbeddingResponse;

/**
 * The embedding model that the base class of vector stores asks for. It is never called: the memory embeds texts with
 * its own embedder.
 */
final class NoEmbeddingModel implements EmbeddingModel {

  @Override
  public EmbeddingResponse call(EmbeddingRequest request) {
    throw new UnsupportedOperationException("the memory embeds texts itself; its embedder is set where it is opened");
  }

  @Override
  public float[] embed(Document document) {
    throw new UnsupportedOperationException("the memory embeds texts itself; its embedder is set where it is opened");
  }

  @Override
  public String toString() {
    return "NoEmbeddingModel";
  }
}
