package dev.memlane.storage.vector;

import dev.memlane.storage.vector.Words.Word;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.SynonymQuery;
import org.apache.lucene.search.TermQuery;
import org.jspecify.annotations.Nullable;

/**
 * The queries for a user's text: documents with any of its {@link Words}, or with at least a number of them. The text
 * is data only; nothing in it is an operator.
 */
final class TextQueries {

  /** The most different terms of a text; further words are ignored. */
  static final int MOST_TERMS = 256;

  private final Words words;

  TextQueries(Words words) {
    this.words = words;
  }

  /**
   * Creates a query.
   *
   * @param allWords whether words on the language's full list of stop words count too
   * @param least how many different words a document must contain, or all of them if the text has fewer
   * @param filter a condition that does not affect the scores; or null
   * @return null if the text has no words
   */
  @Nullable
  Query of(String text, boolean allWords, int least, @Nullable Query filter) {
    Set<Word> different = different(text, allWords);
    if (different.isEmpty()) {
      return null;
    }
    BooleanQuery.Builder query = new BooleanQuery.Builder();
    if (least > 1) {
      query.setMinimumNumberShouldMatch(Math.min(least, different.size()));
      different.forEach(word -> query.add(any(clauses(word)), Occur.SHOULD));
    } else {
      query.setMinimumNumberShouldMatch(1);
      Set<Query> clauses = new LinkedHashSet<>();
      different.forEach(word -> clauses.addAll(clauses(word)));
      clauses.forEach(clause -> query.add(clause, Occur.SHOULD));
    }
    if (filter != null) {
      query.add(filter, Occur.FILTER);
    }
    return query.build();
  }

  /** The different words of a text, up to {@link #MOST_TERMS} terms. */
  Set<Word> different(String text, boolean allWords) {
    // Lucene's tokenizer loses a whole text that ends in half a character; as bytes that becomes a question mark.
    String whole = new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    Set<Word> different = new LinkedHashSet<>();
    int terms = 0;
    for (Word word : allWords ? words.of(whole) : words.ofQuestion(whole)) {
      int more = word.terms().size() + word.spellings().size();
      if (!different.contains(word)) {
        terms += more;
        if (terms > MOST_TERMS) {
          break;
        }
        different.add(word);
      }
    }
    return different;
  }

  private static Query any(List<Query> clauses) {
    if (clauses.size() == 1) {
      return clauses.getFirst();
    }
    BooleanQuery.Builder any = new BooleanQuery.Builder();
    clauses.forEach(clause -> any.add(clause, Occur.SHOULD));
    return any.build();
  }

  private static List<Query> clauses(Word word) {
    List<Query> clauses = new ArrayList<>(word.terms().size());
    for (String text : word.terms()) {
      Term term = new Term(DocumentFields.TEXT, text);
      if (clauses.isEmpty() && !word.spellings().isEmpty()) {
        SynonymQuery.Builder spellings = new SynonymQuery.Builder(DocumentFields.TEXT).addTerm(term);
        word.spellings().forEach(other -> spellings.addTerm(new Term(DocumentFields.TEXT, other)));
        clauses.add(spellings.build());
      } else {
        clauses.add(new TermQuery(term));
      }
    }
    return clauses;
  }
}
