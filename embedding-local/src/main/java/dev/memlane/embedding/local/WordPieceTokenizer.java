package dev.memlane.embedding.local;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.InputStream;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A tokenizer that cuts a text into the tokens that the model was trained on: the uncased tokenizer of BERT (Devlin et
 * al., 2018), which makes {@code playing ob ##oes} of "Playing oboes".
 *
 * <p>
 * First the text is cleaned: control characters and accents are removed, white space is unified, letters become lower
 * case. Then it is cut into words: at white space, around punctuation and around each Chinese character. Finally each
 * word is covered, from its beginning, with the longest pieces in the vocabulary. A word that can't be covered, or is
 * longer than 100 characters, becomes one unknown token. Immutable.
 */
final class WordPieceTokenizer {

  private static final int LONGEST_WORD = 100;
  private static final String CONTINUES = "##";

  private final Map<String, Integer> vocabulary;
  private final int longestPiece;
  private final long unknown;
  private final long first;
  private final long last;

  private WordPieceTokenizer(Map<String, Integer> vocabulary) throws IOException {
    this.vocabulary = vocabulary;
    this.longestPiece = vocabulary.keySet().stream().mapToInt(String::length).max().orElse(0);
    this.unknown = marker("[UNK]");
    this.first = marker("[CLS]");
    this.last = marker("[SEP]");
  }

  private long marker(String name) throws IOException {
    Integer id = vocabulary.get(name);
    if (id == null) {
      throw new IOException("the vocabulary has no " + name);
    }
    return id;
  }

  /** Reads the vocabulary of a tokenizer in the JSON format of Hugging Face: the object {@code model.vocab}. */
  static WordPieceTokenizer read(InputStream json) throws IOException {
    Map<String, Integer> vocabulary = new HashMap<>();
    try (JsonParser parser = new JsonFactory().createParser(json)) {
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        if (token == JsonToken.START_OBJECT && "vocab".equals(parser.currentName())) {
          while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String piece = parser.currentName();
            vocabulary.put(piece, parser.nextIntValue(-1));
          }
        }
      }
    }
    return new WordPieceTokenizer(vocabulary);
  }

  /**
   * Cuts a text into windows of tokens.
   *
   * @param prefix a text whose tokens each window begins with, after the marker; it ends with a blank if it isn't empty
   * @param tokens the most tokens of a window, including the marker at each end and the prefix; more than those have
   * @param most the most tokens of the text in all windows together; the rest of the text is left out
   * @return the token ids of each window; at least one window, which has only the markers and the prefix if the text has no
   * tokens
   */
  List<long[]> windows(String prefix, String text, int tokens, int most) {
    Tokens beginning = new Tokens(tokens);
    addTokens(prefix, beginning);
    Tokens ids = new Tokens(most);
    addTokens(text, ids);
    return ids.windows(beginning, tokens, first, last);
  }

  private void addTokens(String text, Tokens ids) {
    String clean = normalize(text);
    int begin = 0;
    for (int i = 0; i < clean.length() && !ids.full();) {
      int c = clean.codePointAt(i);
      int next = i + Character.charCount(c);
      boolean alone = isPunctuation(c) || isChinese(c);
      if (alone || c == ' ') {
        addWord(clean, begin, i, ids);
        if (alone) {
          addWord(clean, i, next, ids);
        }
        begin = next;
      }
      i = next;
    }
    addWord(clean, begin, clean.length(), ids);
  }

  private void addWord(String text, int begin, int end, Tokens ids) {
    if (begin == end || ids.full()) {
      return;
    }
    int mark = ids.size;
    if (end - begin > LONGEST_WORD && text.codePointCount(begin, end) > LONGEST_WORD) {
      ids.add(unknown);
      return;
    }
    int from = begin;
    while (from < end) {
      String prefix = from == begin ? "" : CONTINUES;
      int to = Math.min(end, from + longestPiece);
      Integer id = vocabulary.get(prefix + text.substring(from, to));
      while (id == null && --to > from) {
        id = vocabulary.get(prefix + text.substring(from, to));
      }
      if (id == null) {
        ids.size = mark;
        ids.add(unknown);
        return;
      }
      ids.add(id);
      from = to;
    }
  }

  private static String normalize(String text) {
    StringBuilder clean = new StringBuilder(text.length());
    boolean ascii = true;
    for (int i = 0; i < text.length();) {
      int c = text.codePointAt(i);
      i += Character.charCount(c);
      if (isSpace(c)) {
        clean.append(' ');
      } else if (c != 0xfffd && !isControl(c)) {
        clean.appendCodePoint(c);
        ascii &= c < 128;
      }
    }
    String decomposed = ascii ? clean.toString() : Normalizer.normalize(clean, Normalizer.Form.NFD);
    StringBuilder lower = new StringBuilder(decomposed.length());
    for (int i = 0; i < decomposed.length();) {
      int c = decomposed.codePointAt(i);
      i += Character.charCount(c);
      if (c < 128 || Character.getType(c) != Character.NON_SPACING_MARK) {
        lower.appendCodePoint(Character.toLowerCase(c));
      }
    }
    return lower.toString();
  }

  private static boolean isSpace(int c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c >= 128 && Character.isSpaceChar(c);
  }

  private static boolean isControl(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.PRIVATE_USE -> true;
      default -> false;
    };
  }

  private static boolean isPunctuation(int c) {
    if (c < 128) {
      return c > ' ' && c < 127 && !Character.isLetterOrDigit(c);
    }
    return switch (Character.getType(c)) {
      case Character.CONNECTOR_PUNCTUATION, Character.DASH_PUNCTUATION, Character.START_PUNCTUATION,
          Character.END_PUNCTUATION, Character.INITIAL_QUOTE_PUNCTUATION, Character.FINAL_QUOTE_PUNCTUATION,
          Character.OTHER_PUNCTUATION ->
        true;
      default -> false;
    };
  }

  /** Whether it is an ideograph that BERT's tokenizer makes a word of its own. Kana and Hangul form longer words. */
  private static boolean isChinese(int c) {
    return c >= 0x3400 && (c <= 0x4dbf || c >= 0x4e00 && c <= 0x9fff || c >= 0xf900 && c <= 0xfaff
        || c >= 0x20000 && c <= 0x2a6df || c >= 0x2a700 && c <= 0x2b81f || c >= 0x2b920 && c <= 0x2ceaf
        || c >= 0x2f800 && c <= 0x2fa1f);
  }

  /** A growing list of token ids, up to a maximum. */
  private static final class Tokens {
    private long[] ids = new long[64];
    private int size;
    private final int most;

    Tokens(int most) {
      this.most = most;
    }

    boolean full() {
      return size >= most;
    }

    void add(long id) {
      if (size == ids.length) {
        ids = Arrays.copyOf(ids, 2 * size);
      }
      ids[size++] = id;
    }

    List<long[]> windows(Tokens beginning, int tokens, long first, long last) {
      List<long[]> windows = new ArrayList<>();
      int before = 1 + beginning.size;
      int begin = 0;
      do {
        int count = Math.min(tokens - before - 1, Math.min(size, most) - begin);
        long[] window = new long[before + count + 1];
        window[0] = first;
        System.arraycopy(beginning.ids, 0, window, 1, beginning.size);
        System.arraycopy(ids, begin, window, before, count);
        window[before + count] = last;
        windows.add(window);
        begin += count;
      } while (begin < Math.min(size, most));
      return windows;
    }
  }
}
