package dev.memlane.storage.vector;

import dev.memlane.model.TextForm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.CharArraySet;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;
import org.apache.lucene.analysis.tokenattributes.OffsetAttribute;
import org.apache.lucene.analysis.tokenattributes.PositionIncrementAttribute;
import org.jspecify.annotations.Nullable;

/**
 * The conversion of texts to words, for indexing as well as for queries: a text's {@link TextForm} is split and stemmed
 * by the language's {@link LanguageAnalyzer}, and each word gets the other spellings under which it should be found.
 *
 * <p>
 * A word with accents that people leave out ({@link Accents}) is found without them too. The spelling without accents
 * is analyzed from the beginning, because stemming depends on accents. Both results are kept, because without accents
 * some forms of a word get different stems: {@code ações} and {@code ação} in Portuguese.
 *
 * <p>
 * In German, ü and u are different letters ({@code drücken}, {@code drucken}), but an umlaut may also mark the plural
 * of a noun ({@code Buch}, {@code Bücher}). Lucene treats them as equal everywhere. Here, the plain letter is an
 * additional spelling only of words that are capitalized like nouns and end like plurals.
 *
 * <p>
 * Safe for use by several threads.
 */
final class Words {

  /** The endings of German plurals with an umlaut. A plural with an umlaut but no ending is not recognized. */
  private static final List<String> PLURALS = List.of("er", "ern", "e", "en");

  private final Analyzer analyzer;
  private final Accents accents;
  private final @Nullable Analyzer nouns;
  /** The stop words of questions that the analyzer does not leave out. */
  private final CharArraySet stopWords;

  /**
   * A word.
   *
   * @param terms the terms that it is indexed as: one, or a Chinese, Japanese or Korean character and the pair that it
   * begins, which are scored separately
   * @param spellings other spellings of the first term, which are scored as the same term
   */
  record Word(List<String> terms, List<String> spellings) {}

  private Words(Analyzer analyzer, Accents accents, @Nullable Analyzer nouns, CharArraySet stopWords) {
    this.analyzer = analyzer;
    this.stopWords = stopWords;
    this.accents = accents;
    this.nouns = nouns;
  }

  static Words of(Locale language) {
    return new Words(LanguageAnalyzer.of(language), Accents.of(language),
        "de".equals(language.getLanguage()) ? LanguageAnalyzer.ofGermanNouns() : null, QuestionStopWords.of(language));
  }

  /** The words that an analyzer makes, without other spellings. */
  static Words of(Analyzer analyzer) {
    return new Words(analyzer, Accents.kept(), null, CharArraySet.EMPTY_SET);
  }

  /** The analyzer that splits texts. */
  Analyzer analyzer() {
    return analyzer;
  }

  /** A document's words as a stream, computed when Lucene begins to read it. */
  TokenStream stream(String text) {
    return new WordStream(text);
  }

  /** The words of a text, in order and with repetitions. */
  List<Word> of(String text) {
    String form = TextForm.of(text);
    try {
      List<Token> tokens = tokens(analyzer, form);
      List<Word> words = new ArrayList<>(tokens.size());
      for (Token token : tokens) {
        words.add(new Word(token.terms, spellings(form, token)));
      }
      return words;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * The words of a question, in order and with repetitions: those of the text that are not on the language's full list of
   * stop words. If all of them are, the words of the text.
   */
  List<Word> ofQuestion(String text) {
    String form = TextForm.of(text);
    try {
      List<Word> words = new ArrayList<>();
      for (Token token : tokens(analyzer, form)) {
        if (!stopWords.contains(form.substring(token.begin, token.end).toLowerCase(Locale.ROOT))) {
          words.add(new Word(token.terms, spellings(form, token)));
        }
      }
      return words.isEmpty() ? of(text) : words;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<String> spellings(String form, Token token) throws IOException {
    String written = form.substring(token.begin, token.end);
    String bare = accents.without(written);
    boolean noun = nouns != null && isPlural(written);
    if (bare.equals(written) && !noun) {
      return List.of();
    }
    List<String> spellings = new ArrayList<>(2);
    if (!bare.equals(written)) {
      add(spellings, token, analyzer, bare);
    }
    if (noun && nouns != null) {
      add(spellings, token, nouns, bare);
    }
    return spellings;
  }

  private static void add(List<String> spellings, Token token, Analyzer analyzer, String spelling) throws IOException {
    for (Token other : tokens(analyzer, spelling)) {
      for (String term : other.terms) {
        if (!token.terms.contains(term) && !spellings.contains(term)) {
          spellings.add(term);
        }
      }
    }
  }

  private static boolean isPlural(String written) {
    if (written.isEmpty() || !Character.isUpperCase(written.charAt(0))) {
      return false;
    }
    String lower = written.toLowerCase(Locale.ROOT);
    return PLURALS.stream().anyMatch(lower::endsWith);
  }

  /** The terms at one position of a text. */
  private record Token(List<String> terms, int begin, int end) {}

  private static List<Token> tokens(Analyzer analyzer, String text) throws IOException {
    List<Token> tokens = new ArrayList<>();
    try (TokenStream stream = analyzer.tokenStream(DocumentFields.TEXT, text)) {
      CharTermAttribute term = stream.addAttribute(CharTermAttribute.class);
      OffsetAttribute offset = stream.addAttribute(OffsetAttribute.class);
      PositionIncrementAttribute position = stream.addAttribute(PositionIncrementAttribute.class);
      stream.reset();
      while (stream.incrementToken()) {
        if (position.getPositionIncrement() > 0 || tokens.isEmpty()) {
          tokens.add(new Token(List.of(term.toString()), offset.startOffset(), offset.endOffset()));
        } else {
          Token last = tokens.removeLast();
          List<String> terms = new ArrayList<>(last.terms);
          terms.add(term.toString());
          tokens.add(new Token(terms, last.begin, last.end));
        }
      }
      stream.end();
    }
    return tokens;
  }

  /** The words of a text as Lucene reads them. */
  private final class WordStream extends TokenStream {

    private final CharTermAttribute term = addAttribute(CharTermAttribute.class);
    private final PositionIncrementAttribute position = addAttribute(PositionIncrementAttribute.class);
    private final String text;
    private List<Word> words = List.of();
    private int word;
    private int at;

    WordStream(String text) {
      this.text = text;
    }

    @Override
    public void reset() {
      words = of(text);
      word = 0;
      at = 0;
    }

    @Override
    public boolean incrementToken() {
      if (word == words.size()) {
        return false;
      }
      clearAttributes();
      Word current = words.get(word);
      int terms = current.terms.size();
      term.append(at < terms ? current.terms.get(at) : current.spellings.get(at - terms));
      position.setPositionIncrement(at == 0 ? 1 : 0);
      if (++at == terms + current.spellings.size()) {
        word++;
        at = 0;
      }
      return true;
    }
  }
}
