package dev.memlane.storage.opensearch;

/**
 * The fields of the cluster's documents. A document is one state of a memory. Its id is the memory's and the operation's,
 * so it has the same name however often, and however late, it is put.
 */
final class Fields {

  /** The memory's id. */
  static final String MEMORY = "memory";
  /** The operation's id. */
  static final String OP = "op";
  /** The content's hash. */
  static final String HASH = "hash";
  /** The keys of all scopes in which the memory is found; see {@link FilterJson#key}. */
  static final String SCOPES = "scopes";
  /** The identity of the memory's run, absent if it is in none. */
  static final String RUN = "run";
  /** The keys of the actor's name; only {@link dev.memlane.model.ActorName#NOBODY} if the memory has no actor. */
  static final String ACTOR = "actor";
  /** The words of the actor's name; absent if the memory has no actor. */
  static final String NAME = "name";
  /** The memory's time and its time of acceptance, in microseconds. */
  static final String TIME = "time";
  static final String ACCEPTED = "accepted";
  /** The time of the event that the memory describes, in microseconds; absent if it is not known. */
  static final String OCCURRED = "occurred";
  /** Whether the content is a question; absent if not. */
  static final String QUESTION = "question";
  /** See {@link MetadataKeywords}. */
  static final String METADATA = "metadata";
  /** The words of the text, separated by blanks. */
  static final String TEXT = "text";
  /** The same words, each once, with their number where they are there several times; see {@link WordCounts}. */
  static final String COUNTS = "counts";
  /** How many words the text has. */
  static final String LENGTH = "length";
  /** The vector, of length 1. */
  static final String VECTOR = "vector";

  private Fields() {}
}
