package dev.memlane.extraction;

/** How a server is asked for an answer that follows a schema. */
public enum AnswerFormat {

  /** By {@code response_format} with the schema itself, which the server then enforces. */
  JSON_SCHEMA,

  /** By {@code response_format} for any JSON object; the schema is part of the messages. */
  JSON_OBJECT,

  /** Without {@code response_format}; the schema is part of the messages. */
  TEXT;

  /** What to try if a server refuses this one. */
  AnswerFormat simpler() {
    return this == JSON_SCHEMA ? JSON_OBJECT : TEXT;
  }
}
