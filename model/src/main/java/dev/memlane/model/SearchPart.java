package dev.memlane.model;

/**
 * A part of what a search does besides comparing meaning and words. All are in use unless a request leaves one out; each
 * has an effect only where a memory or the question has what it looks at.
 */
public enum SearchPart {
  /**
   * In the text that is embedded, the names of actors of the scope become the first person, in which those actors speak.
   * Memories without an actor are compared with the question as it is.
   */
  NAMES,
  /** If the question names actors of the scope, memories by others count less. */
  ACTORS,
  /** Memories that follow one another in a run lend each other of their score. */
  NEIGHBOURS,
  /** A run lends its members of its best scores. */
  RUNS,
  /** If the question names a time, memories of other times count less. */
  TIMES,
  /** The question's words are those that are not on the language's full list of stop words. */
  STOP_WORDS,
  /** How often a word occurs and how long a memory is count less than in long documents. */
  LENGTHS,
  /** Memories much shorter than others of the scope count less. */
  SHORT_TEXTS,
  /** Memories that end with a question mark count less. */
  QUESTIONS
}
