package dev.memlane.storage.vector;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.Set;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.tokenattributes.TermToBytesRefAttribute;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.util.BytesRef;
import org.jspecify.annotations.Nullable;

/**
 * Makes a query of what a user wrote: any of its words, as the index's analyser finds them. The text is data from
 * beginning to end; nothing in it is read as an operator.
 */
final class TextQueries {

  /** How many different words of a text are looked for; a longer one is cut there. */
  static final int MOST_WORDS = 256;

  private final Analyzer analyzer;

  TextQueries(Analyzer analyzer) {
    this.analyzer = analyzer;
  }

  /**
   * @param filter what hits must match besides, without a part in their scores; or null
   * @return null if the text has no words
   */
  @Nullable
  Query of(String text, @Nullable Query filter) throws IOException {
    Set<BytesRef> words = words(text);
    if (words.isEmpty()) {
      return null;
    }
    BooleanQuery.Builder query = new BooleanQuery.Builder().setMinimumNumberShouldMatch(1);
    for (BytesRef word : words) {
      query.add(new TermQuery(new Term(DocumentFields.TEXT, word)), Occur.SHOULD);
    }
    if (filter != null) {
      query.add(filter, Occur.FILTER);
    }
    return query.build();
  }

  private Set<BytesRef> words(String text) throws IOException {
    Set<BytesRef> words = new LinkedHashSet<>();
    // Half a character at the end makes Lucene's tokenizer lose the whole text; as bytes it becomes a question mark.
    String whole = new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    try (TokenStream tokens = analyzer.tokenStream(DocumentFields.TEXT, whole)) {
      TermToBytesRefAttribute word = tokens.addAttribute(TermToBytesRefAttribute.class);
      tokens.reset();
      while (words.size() < MOST_WORDS && tokens.incrementToken()) {
        words.add(BytesRef.deepCopyOf(word.getBytesRef()));
      }
      if (words.size() < MOST_WORDS) {
        tokens.end();
      }
    }
    return words;
  }
}
