package dev.memlane.storage.vector;

import dev.memlane.storage.vector.Words.Word;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.lucene.util.SmallFloat;

/**
 * The words of texts as {@link LuceneVectorIndex} has them, for an index that is kept elsewhere: what it stores of a
 * memory, and what it looks for. Both then find the same in every language. Safe for use by several threads.
 */
public final class WordAnalysis {

  private final Words words;
  private final TextQueries queries;

  private WordAnalysis(Words words) {
    this.words = words;
    this.queries = new TextQueries(words);
  }

  /** The analysis for a language; see {@link LuceneVectorIndexBuilder#language}. */
  public static WordAnalysis of(Locale language) {
    return new WordAnalysis(Words.of(language));
  }

  /**
   * The words of a memory's text.
   *
   * @param counts how often each term is there, in the order in which they first appear
   * @param length how many words there are, other spellings not counted; rounded as scores see it, see
   * {@link SmallFloat#intToByte4}
   */
  public record TextWords(Map<String, Integer> counts, int length) {}

  /** Splits the text of a memory. */
  public TextWords text(String text) {
    Map<String, Integer> counts = new LinkedHashMap<>();
    List<Word> all = words.of(text);
    for (Word word : all) {
      word.terms().forEach(term -> counts.merge(term, 1, Integer::sum));
      word.spellings().forEach(term -> counts.merge(term, 1, Integer::sum));
    }
    return new TextWords(counts, SmallFloat.byte4ToInt(SmallFloat.intToByte4(all.size())));
  }

  /**
   * The different words of a query.
   *
   * @param words each word's clauses; a memory has the word if it has any of them
   * @param scored the clauses that are scored, each by itself
   */
  public record QueryWords(List<List<Clause>> words, List<Clause> scored) {

    /** Whether there is nothing to look for. */
    public boolean isEmpty() {
      return words.isEmpty();
    }
  }

  /**
   * What is looked for and scored as one.
   *
   * @param terms at least one; further ones are other spellings of the first
   */
  public record Clause(List<String> terms) {}

  /**
   * Splits a query.
   *
   * @param allWords whether words on the language's full list of stop words count too
   * @param least how many different words a memory must have
   */
  public QueryWords query(String text, boolean allWords, int least) {
    List<List<Clause>> all = new ArrayList<>();
    List<Clause> scored = new ArrayList<>();
    for (Word word : queries.different(text, allWords)) {
      List<Clause> clauses = clauses(word);
      all.add(clauses);
      scored.addAll(clauses);
    }
    // Like TextQueries: where words are counted, a clause counts in each word that has it.
    Set<Clause> once = new LinkedHashSet<>(scored);
    return new QueryWords(all, least > 1 ? scored : List.copyOf(once));
  }

  private static List<Clause> clauses(Word word) {
    List<Clause> clauses = new ArrayList<>();
    for (String term : word.terms()) {
      List<String> terms = new ArrayList<>(List.of(term));
      if (clauses.isEmpty()) {
        terms.addAll(word.spellings());
      }
      clauses.add(new Clause(terms));
    }
    return clauses;
  }
}
