package dev.memlane.testing;

import dev.memlane.model.Embedding;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Metadata;
import dev.memlane.model.OperationId;
import dev.memlane.model.Scope;
import dev.memlane.model.store.IndexDocument;
import java.time.Instant;
import java.util.Random;
import java.util.UUID;

/** Memories and index documents for tests of indexes, with the same values in every run. */
public final class TestMemories {

  /** The model and dimension of all vectors here. */
  public static final String MODEL = "test-8";
  public static final int DIMENSION = 8;

  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private TestMemories() {}

  /** An id; ids are ordered as their numbers. */
  public static MemoryId id(long number) {
    return new MemoryId(new UUID(0x0198_0000_0000_7000L, 0x8000_0000_0000_0000L + number));
  }

  public static OperationId op(long number) {
    return new OperationId(new UUID(0x0199_0000_0000_7000L, 0x8000_0000_0000_0000L + number));
  }

  /** A random id. */
  public static MemoryId id(Random random) {
    return new MemoryId(new UUID(random.nextLong(), random.nextLong()));
  }

  /** The first version of memory {@code number}, made by operation {@code number}. */
  public static Memory memory(long number, Scope scope, String content) {
    return memory(id(number), op(number), scope, content, Metadata.empty());
  }

  public static Memory memory(MemoryId id, OperationId op, Scope scope, String content, Metadata metadata) {
    return new Memory(id, scope, null, null, content, metadata, null, START, START, null, 1, op);
  }

  /** The memory as another operation makes it, one version later. */
  public static Memory changed(Memory memory, OperationId op, String content) {
    return new Memory(memory.id(), memory.scope(), memory.key(), memory.actor(), content, memory.metadata(),
        memory.occurredAt(), memory.createdAt(), memory.updatedAt().plusSeconds(60), memory.expiresAt(),
        memory.version() + 1, op);
  }

  /** A document of the memory with a vector that depends only on its text. */
  public static IndexDocument document(Memory memory) {
    return new IndexDocument(memory, embedding(memory.searchableText()));
  }

  /** A document of the first version of memory {@code number}. */
  public static IndexDocument document(long number, Scope scope, String content) {
    return document(memory(number, scope, content));
  }

  /** A vector that depends only on the text: the same for the same text, and far from those of other texts. */
  public static Embedding embedding(String text) {
    return embedding(MODEL, DIMENSION, new Random(text.hashCode()));
  }

  public static Embedding embedding(String model, int dimension, Random random) {
    float[] vector = new float[dimension];
    for (int i = 0; i < dimension; i++) {
      vector[i] = (float) random.nextGaussian();
    }
    return new Embedding(model, vector);
  }

  /** The cosine of the angle between two vectors, computed by its definition. */
  public static double cosine(Embedding a, Embedding b) {
    double product = 0;
    double squaresA = 0;
    double squaresB = 0;
    for (int i = 0; i < a.dimension(); i++) {
      product += (double) a.vector()[i] * b.vector()[i];
      squaresA += (double) a.vector()[i] * a.vector()[i];
      squaresB += (double) b.vector()[i] * b.vector()[i];
    }
    return product / Math.sqrt(squaresA * squaresB);
  }
}
